import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

/** Rows chosen by check boxes: all at once, a range with Shift, X for the current row; says how many. */
const connect: Connect = (element, signal) => {
  const boxes = (): HTMLInputElement[] => [...element.querySelectorAll<HTMLInputElement>("tbody input[type=checkbox]")];
  let last: HTMLInputElement | null = null;

  const show = (): void => {
    const all = boxes();
    const n = all.filter((box) => box.checked).length;
    const bar = element.querySelector<HTMLElement>("[data-selection-bar]");
    if (bar) bar.hidden = n === 0;
    for (const words of element.querySelectorAll<HTMLElement>("[data-selection-count]")) {
      words.textContent = n ? say({ zh: "已选 {n} 件", en: "{n} chosen" }, { n }) : "";
    }
    const whole = element.querySelector<HTMLInputElement>("[data-select-all]");
    if (whole) {
      whole.checked = n > 0 && n === all.length;
      whole.indeterminate = n > 0 && n < all.length;
    }
    for (const button of element.querySelectorAll<HTMLButtonElement>("[data-select-submit]")) button.disabled = n === 0;
  };
  element.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    if (target.matches("[data-select-none]")) {
      boxes().forEach((box) => { box.checked = false; });
      show();
    }
    if (!(target instanceof HTMLInputElement) || target.type !== "checkbox") return;
    if (target.matches("[data-select-all]")) {
      boxes().forEach((box) => { box.checked = target.checked; });
    } else {
      const all = boxes();
      if (event.shiftKey && last) {
        const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((a, b) => a - b);
        all.slice(from, (to ?? 0) + 1).forEach((box) => { box.checked = target.checked; });
      }
      last = target;
    }
    show();
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target instanceof HTMLElement && event.target.matches("textarea, select, [contenteditable], input:not([type=checkbox])")) return;
    const box = element.querySelector<HTMLInputElement>("tr.is-current input[type=checkbox]");
    if (box) {
      box.checked = !box.checked;
      last = box;
      show();
    }
  }, { signal });
  // A live refresh brings and takes rows; what was checked stays checked (ui/keeping.ts).
  document.body.addEventListener("htmx:afterSwap", show, { signal });
  show();
};

export default connect;
