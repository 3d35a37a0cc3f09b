import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";

/**
 * Lets a reader hide columns of a table: `<div class="table-frame" data-controller="columns" data-columns-key="orders">`
 * with `<th data-column="place">`. The choice is kept in this browser. The first column always stays.
 */
const connect: Connect = (element, signal) => {
  const key = `columns:${element.dataset["columnsKey"] ?? location.pathname}`;
  const read = (): string[] => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "[]") as string[];
    } catch {
      return [];
    }
  };
  let hidden = new Set(read());
  const heads = (): HTMLTableCellElement[] => [...element.querySelectorAll<HTMLTableCellElement>("thead th")];

  const apply = (): void => {
    heads().forEach((head, index) => {
      const name = head.dataset["column"];
      if (!name) return;
      const off = hidden.has(name);
      head.hidden = off;
      for (const row of element.querySelectorAll<HTMLTableRowElement>("tbody tr")) {
        const cell = row.cells[index];
        if (cell && cell.colSpan === 1) cell.hidden = off;
      }
    });
  };

  const menu = document.createElement("details");
  menu.className = "menu column-menu";
  menu.dataset["controller"] = "menu";
  const summary = document.createElement("summary");
  summary.className = "btn btn-sm";
  summary.textContent = say({ zh: "显示列", en: "Columns" });
  const list = document.createElement("div");
  list.className = "menu-list";
  list.dataset["side"] = "end";
  for (const head of heads()) {
    const name = head.dataset["column"];
    if (!name) continue;
    const label = document.createElement("label");
    label.className = "menu-item";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "form-check-input";
    box.checked = !hidden.has(name);
    box.addEventListener("change", () => {
      hidden = new Set(hidden);
      if (box.checked) hidden.delete(name);
      else hidden.add(name);
      try {
        localStorage.setItem(key, JSON.stringify([...hidden]));
      } catch {
        // Without storage the choice lasts as long as the page.
      }
      apply();
    });
    label.append(box, head.textContent?.trim() ?? name);
    // A choice here is not the end of choosing.
    label.addEventListener("click", (event) => event.stopPropagation());
    list.append(label);
  }
  menu.append(summary, list);
  const place = document.querySelector(`[data-columns-for="${CSS.escape(element.dataset["columnsKey"] ?? "")}"]`);
  if (place) place.append(menu);
  else element.before(menu);
  signal.addEventListener("abort", () => menu.remove());
  element.addEventListener("htmx:afterSettle", apply, { signal });
  apply();
};

export default connect;
