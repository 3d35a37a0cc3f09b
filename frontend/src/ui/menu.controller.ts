import type { Connect } from "./controllers.ts";

/** A `<details class="menu">`: closes on a click beside it, on Esc and after a choice; arrows move. */
const connect: Connect = (element, signal) => {
  const menu = element as HTMLDetailsElement;
  const items = (): HTMLElement[] => [...menu.querySelectorAll<HTMLElement>(".menu-item")];
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target as Node)) menu.open = false;
  }, { signal });
  menu.addEventListener("click", (event) => {
    if ((event.target as Element).closest(".menu-item")) menu.open = false;
  }, { signal });
  menu.addEventListener("keydown", (event) => {
    if (!menu.open) return;
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const all = items();
      const at = all.indexOf(document.activeElement as HTMLElement);
      all[(at + (event.key === "ArrowDown" ? 1 : all.length - (at < 0 ? 0 : 1))) % all.length]?.focus();
    }
  }, { signal });
};

export default connect;
