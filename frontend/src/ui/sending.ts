import { say } from "./language.ts";

/** How long a plain form stays locked should the browser stay on the page (a download, a stopped load). */
const RELEASE_AFTER = 8_000;

function buttons(form: HTMLFormElement): HTMLButtonElement[] {
  return [...form.elements].filter((e): e is HTMLButtonElement => e instanceof HTMLButtonElement && e.type === "submit");
}

function lock(form: HTMLFormElement): void {
  form.dataset["sending"] = "";
  for (const button of buttons(form)) button.setAttribute("aria-busy", "true");
}

function release(form: HTMLFormElement): void {
  delete form.dataset["sending"];
  for (const button of buttons(form)) button.removeAttribute("aria-busy");
}

/**
 * Nothing is sent twice by a double click or a held Enter. Buttons are marked busy rather than disabled: a disabled
 * button would lose its own name and value from the form.
 */
export function startForms(root: HTMLElement = document.body): void {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method === "dialog" || event.defaultPrevented) return;
    if (form.dataset["sending"] !== undefined) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    lock(form);
    window.setTimeout(() => {
      // Somebody else took the submit over (htmx does, and says when it ends) or held it back.
      if (event.defaultPrevented && !form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]")) release(form);
    });
    window.setTimeout(() => release(form), RELEASE_AFTER);
  }, true);
  for (const end of ["htmx:afterRequest", "htmx:sendError", "htmx:timeout"]) {
    root.addEventListener(end, (event) => {
      const form = (event.target as Element).closest?.("form");
      if (form) release(form);
    });
  }
  // A page that returns from the browser's back cache must not stay locked.
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach(release));
  root.addEventListener("invalid", (event) => {
    const field = event.target as HTMLInputElement;
    if (field.validity.valueMissing) {
      field.setCustomValidity(say({ zh: "请填写这一项。", en: "Please fill this in." }));
      field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
    }
  }, true);
}
