import { vi } from "vitest";
import type { Connect } from "./controllers.ts";

/** Puts a fragment on the page and gives its first element. */
export function page(html: string, lang = "zh-hans"): HTMLElement {
  document.documentElement.lang = lang;
  document.body.innerHTML = html;
  return document.body.firstElementChild as HTMLElement;
}

/** Attaches a controller; the returned function ends it as leaving the page would. */
export function attach(connect: Connect, element: HTMLElement): () => void {
  const controller = new AbortController();
  connect(element, controller.signal);
  return () => controller.abort();
}

export function press(key: string, options: KeyboardEventInit = {}, target: EventTarget = document.body): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options });
  target.dispatchEvent(event);
  return event;
}

/** A `fetch` that answers from a list, and what it was asked. */
export function answers(...list: (Response | Error)[]): ReturnType<typeof vi.fn<typeof fetch>> {
  const made = vi.fn<typeof fetch>(() => {
    const next = list.shift();
    if (!next) return Promise.reject(new Error("nothing more to answer"));
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  });
  vi.stubGlobal("fetch", made);
  return made;
}
