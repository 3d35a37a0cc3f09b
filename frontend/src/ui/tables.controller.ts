import type { Connect } from "./controllers.ts";

function spans(cell: Element): number {
  return Number(cell.getAttribute("colspan") ?? 1);
}

/**
 * Tables of a page learn the names of their columns cell by cell (`data-label`), so that on a phone a row can stand as a
 * small card. A table that has an arrangement of its own (`stacked`) or is read across (`data-across`, or in a frame with
 * `data-tall`) stays as it is.
 */
export function labelTables(root: ParentNode): void {
  for (const table of root.querySelectorAll<HTMLTableElement>("table.rows:not(.stacked, [data-across])")) {
    const heads = table.querySelector("thead > tr");
    if (!heads || table.closest("[data-tall]")) continue;
    const names = [...heads.children].flatMap((head) => {
      const name = head.querySelector(".visually-hidden") ? "" : (head.textContent?.trim() ?? "");
      return Array.from({ length: spans(head) }, () => name);
    });
    for (const row of table.querySelectorAll("tbody > tr")) {
      let column = 0;
      for (const cell of row.querySelectorAll<HTMLElement>(":scope > td, :scope > th")) {
        cell.toggleAttribute("data-nothing", cell.textContent?.trim() === "—");
        cell.dataset["label"] = spans(cell) > 1 ? "" : (names[column] ?? "");
        column += spans(cell);
      }
    }
    table.dataset["labelled"] = "";
  }
}

const connect: Connect = (element, signal) => {
  labelTables(element);
  element.addEventListener("htmx:afterSettle", () => labelTables(element), { signal });
};

export default connect;
