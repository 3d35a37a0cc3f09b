import htmx from "htmx.org";

/** The desk on this page, if this is the desk. */
export function deskForm(): HTMLFormElement | null {
  return document.querySelector<HTMLFormElement>("form#desk-form");
}

/** Whether somebody has typed here what the server has not rendered, in a demand that is not filed yet. */
export function beingTyped(form: HTMLFormElement): boolean {
  if (form.querySelector("#desk-outcome .desk-filed")) return false;
  return [...form.elements].some(
    (field) =>
      (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && ["text", "tel", "search", "datetime-local"].includes(field.type))) &&
      field.value.trim() !== "" && field.value !== field.defaultValue,
  );
}

/** Has the draft saved now; false when the server did not say so in time. */
export function saveDraft(form: HTMLFormElement, patience = 4_000): Promise<boolean> {
  return new Promise((done) => {
    const end = (saved: boolean): void => {
      window.clearTimeout(timer);
      form.removeEventListener("draft:saved", yes);
      done(saved);
    };
    const yes = (): void => end(true);
    const timer = window.setTimeout(() => end(false), patience);
    form.addEventListener("draft:saved", yes);
    form.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

/** Another demand on the desk without leaving the page, so that the sound of the call does not stop. */
export async function openOnDesk(url: string): Promise<void> {
  await htmx.ajax("get", url, { target: "#desk-form", select: "#desk-form", swap: "outerHTML" });
  history.pushState(null, "", url);
  document.getElementById("desk-append")?.replaceChildren();
}
