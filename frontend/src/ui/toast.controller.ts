import type { Connect } from "./controllers.ts";
import { toast, expire } from "./toasts.ts";

/** A toast that the server rendered. `undo:/url/` among its tags becomes a button that POSTs there. */
const connect: Connect = (element) => {
  const tone = element.dataset["tone"] ?? "info";
  const undo = /\bundo:(\/\S*)/.exec(tone)?.[1];
  if (undo) {
    const text = element.querySelector("span")?.textContent ?? "";
    element.remove();
    toast({ text, undo, tone: "success" });
    return;
  }
  element.querySelector(".btn-close")?.addEventListener("click", () => element.remove());
  if (tone !== "danger") expire(element, 6_000);
};

export default connect;
