/** `data-opens="id"` opens a dialog, `data-closes` closes the one it stands in, `data-back` goes back. */
export function startDialogs(root: HTMLElement = document.body): void {
  // A form that came back with something to mend, in the dialog where it was filled in.
  const wrong = root.querySelector<HTMLElement>("dialog:not([open]) :is(.is-invalid, [aria-invalid=true])");
  wrong?.closest("dialog")?.showModal();
  wrong?.focus();
  root.addEventListener("click", (event) => {
    const from = event.target as Element;
    const opener = from.closest<HTMLElement>("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset["opens"] ?? "");
      if (dialog instanceof HTMLDialogElement && !dialog.open) {
        dialog.showModal();
        focusFirst(dialog);
      }
      return;
    }
    const copier = from.closest<HTMLElement>("[data-copies]");
    if (copier) void copy(copier.dataset["copies"] ?? "", copier);
    if (from.closest("[data-closes]")) from.closest("dialog")?.close();
    if (from.closest("[data-back]")) history.back();
    if (from instanceof HTMLDialogElement && from.open && from.dataset["keep"] === undefined && !holdsText(from)) from.close();
  });
  root.addEventListener("click", (event) => {
    const close = (event.target as Element).closest("[data-refusal] .btn-close");
    close?.closest("[data-refusal]")?.remove();
  });
}

/** Copies and says so on the button itself; a page without https has no clipboard, only the older way. */
async function copy(text: string, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    button.after(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  button.dataset["copied"] = "";
}

/** The thing to do next: what asks for focus, else the first field, else nothing but the dialog. */
export function focusFirst(within: HTMLElement): void {
  const wanted = within.querySelector<HTMLElement>(
    "[autofocus], input:not([type=hidden]):not([disabled]), textarea:not([disabled]), select:not([disabled])",
  );
  wanted?.focus();
}

/** A click beside a dialog closes it only while nothing has been typed in it. */
function holdsText(dialog: HTMLElement): boolean {
  return [...dialog.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input:not([type=hidden]), textarea")].some(
    (field) => field.value !== field.defaultValue,
  );
}

/**
 * A fresh page begins at the thing to do next: `data-first`, or the first row of such a list. Whatever the address or the
 * page itself already focused stays, and no keyboard springs up on a phone.
 */
export function startFirst(root: Document = document): void {
  if (root.activeElement && root.activeElement !== root.body) return;
  if (root.location?.hash || root.querySelector("[autofocus]")) return;
  const asked = root.querySelector<HTMLElement>("[data-first]");
  const within = asked?.matches("[data-controller~=rows]") ? "[data-row] a[href]" : "input:not([type=hidden]), textarea, select";
  const first = asked?.matches("div, fieldset") ? asked.querySelector<HTMLElement>(within) : asked;
  if (!first || first.matches(":disabled, [aria-disabled=true]")) return;
  if (first.matches("input, textarea, select") && window.matchMedia?.("(hover: none)").matches) return;
  first.focus({ preventScroll: true });
  first.closest("[data-row]")?.classList.add("is-current");
}
