import type { Connect } from "../ui/controllers.ts";
import { isTyping, written } from "../ui/shortcuts.controller.ts";

/** After this long on one order it is claimed, so that a colleague sees that somebody reads it. */
export const DWELL = 4_000;

/** The row to go to when `gone` leaves: the one after it, else the one before, else none. */
export function neighbour<T>(rows: T[], gone: number): T | undefined {
  return rows[gone + 1] ?? rows[gone - 1];
}

interface Exchange {
  xhr: XMLHttpRequest;
  elt: HTMLElement;
  target: HTMLElement;
  successful?: boolean;
  shouldSwap?: boolean;
}

/**
 * The dispatch pool: Enter does the first thing to do with the order shown (`[data-enter]`), and what is done makes
 * room for the next row. No key and no click ever acts on another order than the one chosen: while its page is on the
 * way the old one is inert, and the last key pressed waits for it. What was begun on an order (an open dialog, words
 * in a field) is not drawn away by the same order arriving once more.
 */
const connect: Connect = (element, signal) => {
  let waiting = "";
  let running: { xhr: XMLHttpRequest; order: string } | null = null;
  let dwell = 0;
  const rows = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>("[data-row]")];
  const current = (): HTMLElement | undefined => rows().find((row) => row.classList.contains("is-current"));
  const pane = (): HTMLElement | null => document.getElementById("pool-pane");
  const shown = (): string => pane()?.querySelector<HTMLElement>("[data-order]")?.dataset["order"] ?? "";
  const keyed = (keys: string): HTMLElement | null =>
    pane()?.querySelector<HTMLElement>(keys === "enter" ? "[data-enter]" : `[data-key="${CSS.escape(keys)}"]`) ?? null;

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const keys = written(event);
    const row = current();
    if (!row || (keys !== "enter" && !keyed(keys))) return;
    const focus = document.activeElement;
    if (keys === "enter") {
      // Enter on a focused link or button already means that link or button.
      if (focus instanceof HTMLElement && focus.matches("a, button, summary, input, [data-opens]")) return;
    } else if (!running) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!running && shown() === row.dataset["order"]) {
      keyed(keys)?.click();
      return;
    }
    if (!running) row.click();
    waiting = keys;
  }, { signal, capture: true });

  const mine = (event: Event): Exchange | null => {
    const detail = (event as CustomEvent<Exchange>).detail;
    return detail.target?.id === "pool-pane" && detail.elt.matches("[data-row]") ? detail : null;
  };
  const arrived = (): void => {
    running = null;
    const at = pane();
    at?.removeAttribute("inert");
    at?.removeAttribute("aria-busy");
  };
  element.addEventListener("htmx:beforeRequest", (event) => {
    const asked = mine(event);
    if (asked) {
      running = { xhr: asked.xhr, order: asked.elt.dataset["order"] ?? "" };
      waiting = "";
      const at = pane();
      at?.setAttribute("aria-busy", "true");
      at?.toggleAttribute("inert", shown() !== "" && shown() !== running.order);
    } else if (running && pane()?.contains((event as CustomEvent<Exchange>).detail.elt)) {
      const { elt } = (event as CustomEvent<Exchange>).detail;
      // Something is being done with the order shown: its page as it was before must not come after.
      if (elt.matches("form, button") && shown() === running.order) running.xhr.abort();
    }
  }, { signal });
  element.addEventListener("htmx:beforeSwap", (event) => {
    const detail = (event as CustomEvent<Exchange>).detail;
    const at = pane();
    if (detail.xhr !== running?.xhr || !at || shown() !== running.order) return;
    if (!at.querySelector("dialog[open]") && !(at.contains(document.activeElement) && isTyping(document.activeElement))) return;
    detail.shouldSwap = false;
    arrived();
  }, { signal });
  element.addEventListener("htmx:afterRequest", (event) => {
    const detail = (event as CustomEvent<Exchange>).detail;
    if (detail.xhr !== running?.xhr || detail.successful) return;
    arrived();
    waiting = "";
  }, { signal });

  element.addEventListener("htmx:afterSwap", (event) => {
    if ((event.target as Element).id !== "pool-pane") return;
    if (running?.order === shown()) arrived();
    window.clearTimeout(dwell);
    dwell = window.setTimeout(() => {
      if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
      pane()?.querySelector("[data-dwell]")?.dispatchEvent(new CustomEvent("dwell", { bubbles: false }));
    }, DWELL);
  }, { signal });

  // Only now has htmx seen the forms that arrived.
  element.addEventListener("htmx:afterSettle", (event) => {
    if ((event.target as Element).id !== "pool-pane" || running || !waiting) return;
    const keys = waiting;
    waiting = "";
    keyed(keys)?.click();
  }, { signal });

  const choose = (row: HTMLElement | undefined): void => {
    if (row) {
      row.click();
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    } else {
      // Where nothing was chosen the pane says so; those words stay.
      if (shown()) pane()?.replaceChildren();
    }
  };

  document.body.addEventListener("pool:done", (event) => {
    const { id } = (event as CustomEvent<{ id: number }>).detail;
    document.querySelectorAll<HTMLDialogElement>("#pool-pane dialog[open]").forEach((dialog) => dialog.close());
    const all = rows();
    const at = all.findIndex((row) => row.dataset["order"] === String(id));
    const gone = all[at];
    if (!gone) return;
    const next = neighbour(all, at);
    gone.remove();
    choose(next);
  }, { signal });

  // The list is drawn anew by the live stream; when the chosen order was taken by a colleague, go on with the first.
  element.addEventListener("htmx:afterSettle", (event) => {
    if ((event.target as Element).id !== "pool-list") return;
    if (!shown()) choose(rows()[0]);
  }, { signal });
  element.addEventListener("htmx:afterRequest", (event) => {
    const { successful, elt } = (event as CustomEvent<{ successful: boolean; elt: HTMLElement }>).detail;
    if (successful && elt.closest("[data-closes-after]")) elt.closest("dialog")?.close();
  }, { signal });

  signal.addEventListener("abort", () => window.clearTimeout(dwell));
  // Wait for htmx to have seen the rows.
  window.setTimeout(() => {
    if (!shown()) choose(rows()[0]);
  }, 0);
};

export default connect;
