import type { Connect } from "../ui/controllers.ts";
import { toast } from "../ui/toasts.ts";

/** A button that cannot act now still answers: pressing it, or touching it on a phone, says why. */
const connect: Connect = (element, signal) => {
  element.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-why]");
    if (!button) return;
    event.preventDefault();
    toast({ text: `${button.textContent?.trim() ?? ""}: ${button.dataset["why"] ?? ""}`, tone: "warning", seconds: 8 });
  }, { signal });
};

export default connect;
