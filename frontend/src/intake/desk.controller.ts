import type { Connect } from "../ui/controllers.ts";
import { focusFirst } from "../ui/openers.ts";

/** A field's error belongs to the control of that name, or to the part that shows it. */
export function controlOf(form: HTMLElement, field: string): HTMLElement | null {
  const name = CSS.escape(field);
  return (
    form.querySelector<HTMLElement>(`#${name}-text`) ??
    form.querySelector<HTMLElement>(`[name="${name}"]:not([type=hidden])`) ??
    form.querySelector<HTMLElement>(`[data-field="${name}"] input`)
  );
}

/**
 * The agent's desk. Enter in a line goes on to the next field instead of sending (only F9 and its sisters send); what is
 * wrong is marked on its field; a filed appeal opens its number, large, with the next call in focus.
 */
const connect: Connect = (element, signal) => {
  const form = element as HTMLFormElement;
  let report = false;

  form.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.key !== "Enter" || event.isComposing || event.defaultPrevented || event.ctrlKey) return;
    if (!(at instanceof HTMLInputElement || at instanceof HTMLSelectElement) || at.type === "submit") return;
    event.preventDefault();
    if (at.closest("dialog")) return;
    const fields = [...form.querySelectorAll<HTMLElement>("input:not([type=hidden]), select, textarea")].filter(
      (field) => field.offsetParent !== null && !field.closest("dialog") && !field.hasAttribute("disabled"),
    );
    fields[fields.indexOf(at) + 1]?.focus();
  }, { signal });

  // 举报 is confidential by rule: the mark shows it, and taking the type back takes only our own mark back.
  const type = form.querySelector<HTMLSelectElement>("#demand_type");
  const secret = form.querySelector<HTMLInputElement>("#secret");
  type?.addEventListener("change", () => {
    if (!secret) return;
    if (type.value === "report" && !secret.checked) {
      secret.checked = true;
      report = true;
    } else if (type.value !== "report" && report) {
      secret.checked = false;
      report = false;
    }
  }, { signal });

  const unmark = (): void => {
    for (const field of form.querySelectorAll<HTMLElement>(".is-invalid")) {
      field.classList.remove("is-invalid");
      field.removeAttribute("aria-invalid");
    }
  };
  // What has been mended goes from the list; an empty list goes as a whole.
  const settle = (name: string): void => {
    const box = document.querySelector<HTMLElement>("#desk-outcome [data-problems]");
    box?.querySelector(`[data-field="${CSS.escape(name.replace(/_text$/, ""))}"]`)?.remove();
    if (box && !box.querySelector("[data-field]")) box.remove();
  };
  const open = (within: ParentNode): void => {
    const dialog = within.querySelector<HTMLDialogElement>("dialog[data-open-now]");
    if (!dialog || dialog.open) return;
    form.querySelectorAll<HTMLDialogElement>("dialog[open]").forEach((other) => other !== dialog && other.close());
    dialog.showModal();
    const text = dialog.querySelector<HTMLTextAreaElement>("[data-takes-content]");
    const content = form.querySelector<HTMLTextAreaElement>("#content");
    // What was typed before the open order was seen goes along.
    if (text && content && !text.value) text.value = content.value;
    const focus = dialog.querySelector<HTMLElement>("[autofocus]");
    if (focus) focus.focus();
    else focusFirst(dialog);
  };

  document.body.addEventListener("htmx:afterSwap", (event) => {
    const target = event.target as HTMLElement;
    if (target.id === "desk-append") {
      open(target);
      return;
    }
    if (target.id !== "desk-outcome") return;
    unmark();
    const problems = target.querySelector("[data-problems]");
    if (problems) {
      let first: HTMLElement | null = null;
      for (const line of problems.querySelectorAll<HTMLElement>("[data-field]")) {
        const control = controlOf(form, line.dataset["field"] ?? "");
        if (!control) continue;
        control.classList.add("is-invalid");
        control.setAttribute("aria-invalid", "true");
        first ??= control;
      }
      if (first && !first.closest("dialog:not([open])")) first.focus();
      return;
    }
    document.querySelectorAll<HTMLDialogElement>("#desk-append dialog[open]").forEach((dialog) => dialog.close());
    open(target);
  }, { signal });

  form.addEventListener("input", (event) => {
    const field = event.target as HTMLElement;
    if (field.classList.contains("is-invalid")) {
      field.classList.remove("is-invalid");
      field.removeAttribute("aria-invalid");
    }
    settle(field.getAttribute("name") ?? "");
  }, { signal });

  // Knowledge that was inserted belongs to a direct answer: show it there, with its source.
  form.addEventListener("knowledge:inserted", (event) => {
    const { entry } = (event as CustomEvent<{ entry: string }>).detail;
    const named = form.querySelector<HTMLElement>(`[data-entry="${CSS.escape(entry)}"]`)?.dataset["source"] ?? "";
    const source = form.querySelector<HTMLInputElement>("#knowledge");
    if (source && named && !source.value.includes(named)) source.value = [source.value.trim(), named].filter(Boolean).join("；").slice(0, 300);
    const dialog = form.querySelector<HTMLDialogElement>("#desk-answer");
    if (dialog && !dialog.open) dialog.showModal();
    form.querySelector<HTMLTextAreaElement>("#answer")?.focus();
  }, { signal });

  // The draft's id comes with its first saving; the decision turns that very draft into the appeal.
  form.addEventListener("draft:saved", () => {
    const found = /draft\/(\d+)$/.exec(form.dataset["draftUrl"] ?? "");
    const id = form.querySelector<HTMLInputElement>("input[name=draft_id]");
    if (found?.[1] && id && id.value !== found[1]) {
      id.value = found[1];
      history.replaceState(null, "", `?draft=${found[1]}`);
    }
  }, { signal });
};

export default connect;
