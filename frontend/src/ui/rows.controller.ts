import type { Connect } from "./controllers.ts";
import { isTyping } from "./shortcuts.controller.ts";

/** Of several lists on a page the keys belong to the one that holds the focus, else to the first. */
function isMeant(list: HTMLElement): boolean {
  const focused = document.activeElement?.closest("[data-controller~=rows]");
  return focused ? focused === list : document.querySelector("[data-controller~=rows]") === list;
}

/**
 * A list walked by J and K, opened by Enter. Rows are `[data-row]`; a row opens by its `data-open` button or first link.
 * With `data-follow`, moving also opens (two panes). The chosen row survives a live refresh by its id.
 */
const connect: Connect = (element, signal) => {
  let chosen = "";
  const rows = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>("[data-row]")].filter((r) => !r.closest("[hidden]"));
  const opener = (row: HTMLElement): HTMLElement | null =>
    row.matches("a, [hx-get]") ? row : row.querySelector<HTMLElement>("[data-open], a[href], [hx-get]");
  const keyOf = (row: HTMLElement): string => row.id || row.dataset["row"] || "";

  const mark = (row: HTMLElement): void => {
    for (const other of rows()) {
      other.classList.toggle("is-current", other === row);
      if (other.getAttribute("role") === "option") other.setAttribute("aria-selected", String(other === row));
    }
    chosen = keyOf(row);
  };
  const choose = (row: HTMLElement, open: boolean): void => {
    mark(row);
    row.scrollIntoView({ block: "nearest" });
    const target = opener(row);
    (target ?? row).focus({ preventScroll: true });
    if (open) target?.click();
    row.dispatchEvent(new CustomEvent("rows:chosen", { bubbles: true, detail: { id: chosen } }));
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") || !isMeant(element)) return;
    const step = { j: 1, J: 1, k: -1, K: -1 }[event.key];
    const all = rows();
    const at = all.findIndex((row) => keyOf(row) === chosen && chosen !== "");
    if (step !== undefined && all.length > 0) {
      event.preventDefault();
      const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
      const row = all[next];
      if (row && next !== at) choose(row, element.dataset["follow"] !== undefined);
    } else if (event.key === "Enter" && at >= 0) {
      const focus = document.activeElement;
      // Enter on a focused link or button already means that link or button.
      if (focus instanceof HTMLElement && focus.matches("a, button, summary, input") && focus !== document.body) return;
      const row = all[at];
      if (row) {
        event.preventDefault();
        opener(row)?.click();
      }
    }
  }, { signal });
  element.addEventListener("click", (event) => {
    const row = (event.target as Element).closest<HTMLElement>("[data-row]");
    if (row && element.contains(row)) mark(row);
  }, { signal });
  const restore = (): void => {
    const all = rows();
    const before = all.find((row) => chosen !== "" && keyOf(row) === chosen);
    if (before && !before.classList.contains("is-current")) mark(before);
  };
  // At the body: what a refresh replaces may also lie around the list. At once, so that no key finds the list unmarked.
  document.body.addEventListener("htmx:afterSwap", restore, { signal });
  document.body.addEventListener("htmx:afterSettle", restore, { signal });
  const preset = rows().find((row) => row.classList.contains("is-current") || row.getAttribute("aria-selected") === "true");
  if (preset) mark(preset);
};

export default connect;
