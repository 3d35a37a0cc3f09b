import { ask, type Question } from "./dialogs.ts";

/** The question an element carries: `data-confirm` (the consequence), `data-confirm-verb`, `data-confirm-title`, `data-danger`. */
export function questionOf(element: HTMLElement): Question | null {
  const { confirm, confirmVerb, confirmTitle, danger } = element.dataset;
  if (!confirm) return null;
  return {
    text: confirm,
    danger: danger !== undefined,
    ...(confirmVerb ? { verb: confirmVerb } : {}),
    ...(confirmTitle ? { title: confirmTitle } : {}),
  };
}

const agreed = new WeakSet<HTMLElement>();

/** Asks before plain forms, links and htmx requests that say so. Asked once per act, never for the answer itself. */
export function startConfirming(root: HTMLElement = document.body): void {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const submitter = (event as SubmitEvent).submitter;
    const carrier = submitter?.dataset["confirm"] ? submitter : form;
    const question = questionOf(carrier);
    if (!question) return;
    if (agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void ask(question).then((yes) => {
      if (!yes) return;
      agreed.add(form);
      form.requestSubmit(submitter);
    });
  }, true);
  root.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLElement>("a[data-confirm], button[type=button][data-confirm]");
    if (!link || link.hasAttribute("hx-post") || link.hasAttribute("hx-get") || link.hasAttribute("hx-delete")) return;
    const question = questionOf(link);
    if (!question || agreed.delete(link)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void ask(question).then((yes) => {
      if (!yes) return;
      agreed.add(link);
      link.click();
    });
  }, true);
  root.addEventListener("htmx:confirm", (event) => {
    const { elt, issueRequest } = (event as CustomEvent<{ elt: HTMLElement; issueRequest: (skip: boolean) => void }>).detail;
    // Forms were asked about at their submit already.
    if (elt instanceof HTMLFormElement) return;
    const question = questionOf(elt);
    if (!question) return;
    event.preventDefault();
    void ask(question).then((yes) => yes && issueRequest(true));
  });
}
