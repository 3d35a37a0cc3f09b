import { inserted } from "../knowledge/knowledge.controller.ts";
import type { Connect } from "../ui/controllers.ts";

/**
 * Former replies beside the form of a reply. "Insert", or its key, puts one into the field `text` of the same dialog and
 * the order it came from into the internal remark; nothing is sent. The server is told which one was taken.
 */
const connect: Connect = (element, signal) => {
  const form = element.closest("form");

  const add = (name: string, words: string): void => {
    const field = form?.querySelector<HTMLTextAreaElement>(`textarea[name=${name}]`);
    if (!field) return;
    field.value = inserted(field.value, words, "");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  element.addEventListener("click", (event) => {
    const hit = (event.target as Element).closest("[data-insert]")?.closest<HTMLElement>("[data-number]");
    if (!hit) return;
    event.preventDefault();
    const { text = "", cite = "", number = "", percent = "", used } = hit.dataset;
    add("internal_text", cite);
    add("text", text);
    form?.querySelector<HTMLTextAreaElement>("textarea[name=text]")?.focus();
    const token = form?.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
    if (used) {
      const body = new URLSearchParams({ number, percent });
      void fetch(used, { method: "POST", headers: { "X-CSRFToken": token }, body, keepalive: true }).catch(() => undefined);
    }
  }, { signal });
};

export default connect;
