import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

/** Milliseconds after the last key before the text is read. */
export const PAUSE = 350;
/** Fewer characters say nothing yet. */
export const SHORTEST = 4;
/** Characters that are read; a form takes no more. */
export const LONGEST = 20_000;

/** Words added to a field of words with blanks between them, each once. */
export function joined(had: string, more: string): string {
  return [...new Set(`${had} ${more}`.split(/[\s,，、]+/).filter(Boolean))].join(" ");
}

interface Step {
  what: string;
  /** Puts back what stood there. */
  undo: () => void;
}

/**
 * Proposals beside a form (`data-url` answers the panel to title, content, category and division). They are asked for in
 * the pauses of typing, one request at a time, an older one is aborted. Nothing here takes the focus, and no field is
 * changed unless a person takes a proposal (`data-take`, `data-take-all`); Alt+Z takes the last step back.
 */
const connect: Connect = (element, signal) => {
  const url = element.dataset["url"];
  const form = element.closest("form");
  if (!url || !form) return;
  const steps: Step[] = [];
  let timer = 0;
  let last = "";
  let running: AbortController | null = null;
  let words = "";

  const field = <T extends HTMLElement = HTMLInputElement>(name: string): T | null =>
    form.querySelector<T>(`[name="${name}"]`);
  const value = (name: string): string => field(name)?.value ?? "";
  /** What is typed; while nothing is, what the citizen says on the telephone. */
  const read = (name: string): string =>
    value(name) || (name === "content" ? (form.querySelector<HTMLElement>("[data-heard]")?.dataset["heard"] ?? "") : "");

  const told = (): void => {
    const place = element.querySelector("[data-taken]");
    if (!place || place.textContent === words) return;
    place.textContent = words;
  };
  /** What stands in the form already is shown as taken. */
  const mark = (): void => {
    for (const one of element.querySelectorAll<HTMLElement>("[data-take]")) {
      const { take = "", value: wanted = "", title = "" } = one.dataset;
      const now: Record<string, boolean> = {
        category: value("category") === wanted,
        place: wanted !== "" ? value("division") === wanted : value("address") === one.dataset["address"],
        urgency: value("urgency") === wanted,
        labels: joined(value("labels"), wanted) === joined(value("labels"), ""),
        draft: title !== "" && value("title") === title,
        wording: title !== "" && value("title") === title,
      };
      one.setAttribute("aria-pressed", String(now[take] ?? false));
    }
    told();
  };

  const put = (name: string, text: string): (() => void) | null => {
    const control = field<HTMLInputElement | HTMLSelectElement>(name);
    if (!control || control.value === text) return null;
    const before = control.value;
    const set = (next: string): void => {
      control.value = next;
      control.dispatchEvent(new Event("input", { bubbles: true }));
      control.dispatchEvent(new Event("change", { bubbles: true }));
    };
    set(text);
    return () => set(before);
  };
  const choose = (name: string, code: string, label: string): (() => void) | null => {
    const box = form.querySelector<HTMLElement>(`[data-controller~=suggest][data-name="${name}"]`);
    const shown = box?.querySelector<HTMLInputElement>("[role=combobox]");
    if (!box || !shown || value(name) === code) return null;
    const before = { value: value(name), label: shown.value };
    const set = (detail: { value: string; label: string }): void => {
      box.dispatchEvent(new CustomEvent("suggest:set", { detail }));
    };
    set({ value: code, label });
    return () => set(before);
  };
  const empty = (name: string, text: string | undefined): (() => void) | null =>
    text && !value(name).trim() ? put(name, text) : null;

  const apply = (one: HTMLElement): (() => void)[] => {
    const { take = "", value: wanted = "", label = "", address, title, demand, wish, happened } = one.dataset;
    const lastOf = (path: string): string => path.split(/ › | /).at(-1) ?? path;
    const done: Record<string, () => ((() => void) | null)[]> = {
      category: () => [choose("category", wanted, lastOf(label))],
      place: () => [wanted ? choose("division", wanted, lastOf(label)) : null, empty("address", address)],
      urgency: () => [put("urgency", wanted)],
      labels: () => [put("labels", joined(value("labels"), wanted))],
      draft: () => [
        empty("title", title), empty("demand_type", demand), empty("expectation", wish), empty("occurred_at", happened),
      ],
      // Asked for by a person who has seen what stands there: it replaces.
      wording: () => [title ? put("title", title) : null, wish ? put("expectation", wish) : null],
    };
    return (done[take]?.() ?? []).filter((undo): undo is () => void => undo !== null);
  };
  const take = (list: HTMLElement[], what: string): void => {
    const undos = list.flatMap(apply);
    if (undos.length > 0) {
      steps.push({ what, undo: () => undos.reverse().forEach((undo) => undo()) });
      words = say({ zh: "已采用：{what}（Alt+Z 撤销）", en: "Taken: {what} (Alt+Z takes it back)" }, { what });
    }
    mark();
  };
  const back = (): void => {
    const step = steps.pop();
    if (!step) return;
    step.undo();
    words = say({ zh: "已撤销：{what}", en: "Taken back: {what}" }, { what: step.what });
    mark();
  };

  /** Another wording is asked for only when somebody wants it, and takes seconds; it comes in the button's place. */
  const word = async (button: HTMLButtonElement): Promise<void> => {
    const place = button.parentElement;
    const { word: door } = button.dataset;
    if (!door || !place) return;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    const asked = new FormData();
    for (const name of ["title", "content", "csrfmiddlewaretoken"]) asked.set(name, value(name).slice(0, LONGEST));
    try {
      const response = await fetch(door, { method: "POST", body: asked, signal, headers: { "HX-Request": "true" } });
      if (!response.ok) throw new Error(String(response.status));
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      // Typing has gone on, and the panel was drawn anew, when the place is gone.
      if (place.isConnected) place.replaceChildren(...[...answer.body.childNodes].map((node) => document.importNode(node, true)));
      mark();
    } catch {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  };

  // A click would move the focus out of the field in which somebody types.
  element.addEventListener("mousedown", (event) => {
    if ((event.target as Element).closest("[data-take], [data-take-all]")) event.preventDefault();
  }, { signal });
  element.addEventListener("click", (event) => {
    const at = event.target as Element;
    const one = at.closest<HTMLElement>("[data-take]");
    if (one) take([one], one.querySelector(".proposal-words")?.textContent?.trim() ?? "");
    else if (at.closest("[data-take-all]")) {
      const sure = [...element.querySelectorAll<HTMLElement>("[data-take][data-sure]")];
      take(sure, say({ zh: "全部建议", en: "all proposals" }));
    } else if (at.closest("[data-take-back]")) back();
    const button = at.closest<HTMLButtonElement>("[data-word]");
    if (button) void word(button);
  }, { signal });

  const show = (html: string): void => {
    const body = element.querySelector("[data-proposals]");
    if (!body) return;
    const answer = new DOMParser().parseFromString(html, "text/html");
    const focused = element.contains(document.activeElement) ? document.activeElement?.id : "";
    body.replaceChildren(...[...answer.body.childNodes].map((node) => document.importNode(node, true)));
    if (focused) document.getElementById(focused)?.focus();
    mark();
  };
  const ask = async (): Promise<void> => {
    const asked = new FormData();
    for (const name of ["title", "content", "category", "division", "csrfmiddlewaretoken"]) {
      asked.set(name, read(name).slice(0, LONGEST));
    }
    const text = `${value("title")}${read("content")}`.trim();
    const key = JSON.stringify([...asked.entries()]);
    if (key === last || (text.length < SHORTEST && !last)) return;
    last = key;
    running?.abort();
    running = new AbortController();
    try {
      const response = await fetch(url, {
        method: "POST", body: asked, signal: running.signal,
        headers: { "HX-Request": "true", "X-Background": "1" },
      });
      if (response.ok) show(await response.text());
      else last = "";
    } catch {
      // Typing goes on without proposals; the next pause asks again.
      last = "";
    }
  };
  const later = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), PAUSE);
  };
  form.addEventListener("input", (event) => {
    const name = (event.target as HTMLElement).getAttribute("name") ?? "";
    if (name === "content" || name === "title") later();
    mark();
  }, { signal });
  form.addEventListener("call:heard", later, { signal });
  form.addEventListener("change", (event) => {
    const name = (event.target as HTMLElement).getAttribute("name") ?? "";
    if (name === "category" || name === "division") later();
    mark();
  }, { signal });
  signal.addEventListener("abort", () => {
    window.clearTimeout(timer);
    running?.abort();
  });
  mark();
  if (value("content").trim()) void ask();
};

export default connect;
