import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

export const WAIT = 120;
let made = 0;

/**
 * A search box over hidden values. The server answers `data-pick-url?q=` with `<li role=option data-value data-label>`.
 * Arrows choose, Enter takes, Backspace in the empty box takes the last one away. Enter means the first answer to what
 * is typed, however fast the typing: before it is there, it waits for it.
 */
const connect: Connect = (element, signal) => {
  const input = element.querySelector<HTMLInputElement>("[role=combobox]");
  const list = element.querySelector<HTMLUListElement>("[role=listbox]");
  const chosen = element.querySelector<HTMLElement>("[data-pick-chosen]");
  const url = element.dataset["pickUrl"] ?? "";
  const name = element.dataset["pickName"] ?? "";
  const many = element.dataset["pickMultiple"] !== undefined;
  if (!input || !list || !chosen) return;
  list.id ||= `pick-${++made}`;
  input.setAttribute("aria-controls", list.id);
  list.setAttribute("aria-label", say({ zh: "候选", en: "Choices" }));
  let at = -1;
  let timer = 0;
  let asked = new AbortController();
  /** The list answers what stands in the box. */
  let fresh = true;
  /** Enter asked for the first answer before it was there. */
  let wanted = false;

  const options = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>("[role=option]")];
  const shut = (): void => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const point = (index: number): void => {
    const all = options();
    at = all.length ? (index + all.length) % all.length : -1;
    all.forEach((row, i) => {
      row.id ||= `${list.id}-${i}`;
      row.setAttribute("aria-selected", String(i === at));
    });
    const row = all[at];
    if (row) {
      input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    }
  };
  const changed = (): void => {
    element.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const take = (row: HTMLElement): void => {
    const value = row.dataset["value"] ?? "";
    const label = row.dataset["label"] ?? "";
    if (!many) chosen.replaceChildren();
    if (![...chosen.querySelectorAll("input")].some((field) => field.value === value)) {
      const item = document.createElement("span");
      item.className = "pick-item";
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      const words = document.createElement("span");
      words.textContent = label;
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "btn-close";
      drop.dataset["pickDrop"] = "";
      drop.setAttribute("aria-label", say({ zh: "移除 {label}", en: "Take away {label}" }, { label }));
      item.append(field, words, drop);
      chosen.append(item);
    }
    input.value = "";
    shut();
    changed();
  };
  const ask = async (): Promise<void> => {
    asked.abort();
    asked = new AbortController();
    const text = input.value.trim();
    if (!text) {
      shut();
      return;
    }
    const failed = (): void => {
      // Said where the answers would stand; what is typed stays, and Enter asks again.
      const row = document.createElement("li");
      row.className = "pick-none";
      row.textContent = say({ zh: "没有查到结果，按回车重试", en: "No answer came. Press Enter to try again." });
      list.replaceChildren(row);
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      at = -1;
    };
    const mine = asked.signal;
    try {
      const response = await fetch(`${url}${url.includes("?") ? "&" : "?"}q=${encodeURIComponent(text)}`, {
        signal: mine, headers: { "HX-Request": "true" },
      });
      if (!response.ok) {
        failed();
        return;
      }
      list.innerHTML = await response.text();
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      point(0);
      fresh = true;
      const first = options()[0];
      if (wanted && first) take(first);
      wanted = false;
    } catch {
      if (!mine.aborted) failed();
    }
  };
  input.addEventListener("input", () => {
    fresh = wanted = false;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), WAIT);
  }, { signal });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      point(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      const row = options()[at];
      if (fresh && !list.hidden && row) {
        event.preventDefault();
        take(row);
      } else if (input.value.trim()) {
        // A half typed name must not send the form as if nothing were chosen.
        event.preventDefault();
        window.clearTimeout(timer);
        wanted = !fresh;
        void ask();
      }
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      shut();
    } else if (event.key === "Backspace" && !input.value && chosen.lastElementChild) {
      chosen.lastElementChild.remove();
      changed();
    }
  }, { signal });
  // The mouse takes a row before the box loses the focus.
  list.addEventListener("mousedown", (event) => {
    const row = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (row) {
      event.preventDefault();
      take(row);
    }
  }, { signal });
  input.addEventListener("blur", shut, { signal });
  chosen.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-pick-drop]")) {
      (event.target as Element).closest(".pick-item")?.remove();
      changed();
      input.focus();
    }
  }, { signal });
  signal.addEventListener("abort", () => {
    window.clearTimeout(timer);
    asked.abort();
  });
  // Somebody may have typed before this script was there.
  if (input.value.trim()) {
    fresh = false;
    void ask();
  }
};

export default connect;
