import type { Connect } from "../ui/controllers.ts";
import { focusFirst } from "../ui/openers.ts";

/** What the presence controller wants to know: which form is open, empty for none. */
export const ACT_OPEN = "act:open";

/** The one dialog of a page into which every act's form is fetched: opens when a form arrives, closes when it is done. */
const connect: Connect = (element, signal) => {
  const dialog = element as HTMLDialogElement;
  let opener: HTMLElement | null = null;

  const tell = (verb: string): void => {
    document.body.dispatchEvent(new CustomEvent(ACT_OPEN, { detail: verb }));
  };
  document.body.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[hx-target='#act-body']");
    if (button && !dialog.contains(button)) opener = button;
  }, { signal });
  const arrived = (): void => {
    const body = dialog.querySelector<HTMLElement>("[data-act-verb]");
    dialog.classList.toggle("dialog-wide", body?.dataset["actWide"] !== undefined);
    if (!dialog.open) dialog.showModal();
    const faulty = dialog.querySelector<HTMLElement>(".is-invalid, [role=alert]");
    if (faulty?.matches("input, textarea, select")) faulty.focus();
    else if (faulty) faulty.scrollIntoView({ block: "nearest" });
    else focusFirst(dialog);
    tell(body?.dataset["actVerb"] ?? "");
  };
  dialog.addEventListener("htmx:afterSwap", (event) => {
    // What is fetched beside the form comes while somebody may be writing already.
    if (!(event.target as Element).closest(".act-beside")) arrived();
  }, { signal });
  // Whoever clicked while this file was still on its way has the form already.
  if (dialog.querySelector("#act-body")?.hasChildNodes()) arrived();
  dialog.addEventListener("close", () => {
    tell("");
    dialog.querySelector("#act-body")?.replaceChildren();
    // Back to where the person was, if that still stands.
    if (opener?.isConnected) opener.focus();
  }, { signal });
  document.body.addEventListener("act-done", () => dialog.close(), { signal });
};

export default connect;
