import type { Connect } from "../ui/controllers.ts";
import { isTyping } from "../ui/shortcuts.controller.ts";

/** After this long on one order it is claimed, so that a colleague sees that somebody reads it. */
export const DWELL = 4_000;

/** The row to go to when `gone` leaves: the one after it, else the one before, else none. */
export function neighbour<T>(rows: T[], gone: number): T | undefined {
  return rows[gone + 1] ?? rows[gone - 1];
}

/**
 * The dispatch pool: Enter does the first thing to do with the order shown (`[data-enter]`), and what is done makes
 * room for the next row. Enter never acts on an order that is not yet on the right: it waits for it to arrive.
 */
const connect: Connect = (element, signal) => {
  let waiting = "";
  let dwell = 0;
  const rows = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>("[data-row]")];
  const current = (): HTMLElement | undefined => rows().find((row) => row.classList.contains("is-current"));
  const pane = (): HTMLElement | null => document.getElementById("pool-pane");
  const shown = (): string => pane()?.querySelector<HTMLElement>("[data-order]")?.dataset["order"] ?? "";
  const act = (): void => {
    waiting = "";
    pane()?.querySelector<HTMLElement>("[data-enter]")?.click();
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const focus = document.activeElement;
    if (focus instanceof HTMLElement && focus.matches("a, button, summary, input, [data-opens]")) return;
    const row = current();
    if (!row) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (shown() === row.dataset["order"]) act();
    else waiting = row.dataset["order"] ?? "";
  }, { signal, capture: true });

  element.addEventListener("htmx:afterSwap", (event) => {
    if ((event.target as Element).id !== "pool-pane") return;
    if (waiting && shown() === waiting) act();
    window.clearTimeout(dwell);
    dwell = window.setTimeout(() => {
      if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
      pane()?.querySelector("[data-dwell]")?.dispatchEvent(new CustomEvent("dwell", { bubbles: false }));
    }, DWELL);
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
