import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

/** Milliseconds after the last key before the server is asked. */
export const PAUSE = 120;

/** The option after `at` in a list of `count`, going round; -1 is none chosen yet. */
export function step(at: number, by: number, count: number): number {
  if (count === 0) return -1;
  if (at < 0) return by > 0 ? 0 : count - 1;
  return (at + by + count) % count;
}

/**
 * A field that is filled by typing Chinese, pinyin or initials: `data-url` answers `<li role="option" data-value
 * data-label>`. The chosen value goes into the hidden field, or with `data-multiple` into one hidden field and a
 * removable chip each. `data-submit` sends the form with the choice. Fires `suggest:chosen` with value and label.
 * Enter and Tab mean the first answer to what is typed, however fast the typing: before it is there, they wait for it.
 */
const connect: Connect = (element, signal) => {
  const input = element.querySelector<HTMLInputElement>("[role=combobox]");
  const list = element.querySelector<HTMLUListElement>("[role=listbox]");
  const url = element.dataset["url"];
  const name = element.dataset["name"] ?? "";
  if (!input || !list || !url) return;
  const many = element.dataset["multiple"] !== undefined;
  const hidden = element.querySelector<HTMLInputElement>(`input[type=hidden][name="${name}"]`);
  let timer = 0;
  let round = 0;
  let at = -1;
  let chosenText = input.value;
  /** The list answers what stands in the field. */
  let fresh = true;
  /** A key asked for the first answer before it was there. */
  let wanted = false;

  const options = (): HTMLLIElement[] => [...list.querySelectorAll<HTMLLIElement>("[role=option]")];
  const show = (open: boolean): void => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) input.removeAttribute("aria-activedescendant");
  };
  const mark = (place: number): void => {
    at = place;
    options().forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === place));
      if (index === place) {
        input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      }
    });
  };
  const set = (value: string, label: string): void => {
    chosenText = label;
    if (hidden && hidden.value !== value) {
      hidden.value = value;
      hidden.dispatchEvent(new Event("change", { bubbles: true }));
    }
    element.dispatchEvent(new CustomEvent("suggest:chosen", { bubbles: true, detail: { name, value, label } }));
  };
  const choose = (option: HTMLLIElement): void => {
    const value = option.dataset["value"] ?? "";
    const label = option.dataset["label"] ?? "";
    show(false);
    if (many) {
      chip(value, label);
      input.value = "";
      return;
    }
    input.value = label;
    set(value, label);
    if (element.dataset["submit"] !== undefined) element.closest("form")?.requestSubmit();
  };
  const chip = (value: string, label: string): void => {
    if (element.querySelector(`.suggest-chip input[value="${CSS.escape(value)}"]`)) return;
    const made = document.createElement("span");
    made.className = "suggest-chip";
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "btn-close";
    drop.setAttribute("aria-label", say({ zh: "移除{label}", en: "Remove {label}" }, { label }));
    drop.addEventListener("click", () => {
      made.remove();
      input.focus();
    });
    made.append(label, field, drop);
    input.before(made);
  };

  const ask = async (): Promise<void> => {
    const text = input.value.trim();
    const mine = ++round;
    if (!text) {
      show(false);
      return;
    }
    try {
      const response = await fetch(`${url}?q=${encodeURIComponent(text)}`, { signal, headers: { "HX-Request": "true" } });
      if (response.status === 401) document.body.dispatchEvent(new CustomEvent("session-expired"));
      if (!response.ok || mine !== round) return;
      fresh = true;
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      list.replaceChildren(...[...answer.body.querySelectorAll("li")].map((row, index) => {
        const own = document.importNode(row, true);
        own.id = `${list.id}-${index}`;
        return own;
      }));
      show(list.childElementCount > 0 && document.activeElement === input);
      mark(options().length > 0 ? 0 : -1);
      const first = options()[0];
      if (wanted && first) choose(first);
      wanted = false;
    } catch {
      // Typing goes on without suggestions; the next key asks again.
    }
  };

  input.addEventListener("input", () => {
    // What is typed over is no longer what was chosen.
    if (!many && input.value !== chosenText && hidden?.value) set("", input.value);
    fresh = wanted = false;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), PAUSE);
  }, { signal });
  const wait = (): void => {
    window.clearTimeout(timer);
    wanted = true;
    void ask();
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const early = !fresh && input.value.trim() !== "";
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) void ask();
      else mark(step(at, event.key === "ArrowDown" ? 1 : -1, options().length));
    } else if (event.key === "Enter") {
      const option = options()[at];
      if (early || (!list.hidden && option)) {
        event.preventDefault();
        event.stopPropagation();
      }
      if (early) wait();
      else if (!list.hidden && option) choose(option);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      show(false);
    } else if (event.key === "Tab" && early && !many) {
      wait();
    } else if (event.key === "Tab" && !list.hidden && !many) {
      const option = options()[at];
      if (option) choose(option);
    } else if (event.key === "Backspace" && many && !input.value) {
      element.querySelector(".suggest-chip:last-of-type")?.remove();
    }
  }, { signal });
  // Somebody took a proposal for this field (desk): as if it were chosen here.
  element.addEventListener("suggest:set", (event) => {
    const { value, label } = (event as CustomEvent<{ value: string; label: string }>).detail;
    show(false);
    fresh = true;
    wanted = false;
    input.value = label;
    set(value, label);
  }, { signal });
  input.addEventListener("focus", () => input.select(), { signal });
  input.addEventListener("blur", () => window.setTimeout(() => show(false), 120), { signal });
  // Down, not click: a click would come after the field lost the focus and the list closed.
  list.addEventListener("pointerdown", (event) => {
    const option = (event.target as Element).closest<HTMLLIElement>("[role=option]");
    if (option) {
      event.preventDefault();
      choose(option);
    }
  }, { signal });
  signal.addEventListener("abort", () => window.clearTimeout(timer));
  // Somebody may have typed before this script was there.
  if (input.value.trim() && input.value !== input.defaultValue && document.activeElement === input) {
    fresh = false;
    void ask();
  }
};

export default connect;
