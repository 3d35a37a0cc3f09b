import type { Connect } from "../ui/controllers.ts";

/** Milliseconds after the last key before the base is asked. */
export const PAUSE = 300;
/** Fewer characters say nothing yet. */
export const SHORTEST = 4;

/** The answer with a paragraph and where it stands added at the end; nothing is added twice. */
export function inserted(answer: string, text: string, cite: string): string {
  const piece = `${text}${cite}`;
  if (answer.includes(piece)) return answer;
  const before = answer.trimEnd();
  return before ? `${before}\n${piece}` : piece;
}

/** The citations of an answer as one value, `12@3,40@1`, each once. */
export function cited(value: string, entry: string, version: string): string {
  const all = value.split(",").filter(Boolean);
  const one = `${entry}@${version}`;
  return (all.includes(one) ? all : [...all, one]).join(",");
}

/**
 * Knowledge beside an answer. The element shows what `data-url` (the panel) answers to the words of the fields in
 * `data-from` (selectors, the first filled one that changed counts); "Insert", or its key, puts the paragraph with its
 * source into the field `data-answer`. `data-region` may name a field with a division. `data-cites` names a hidden field
 * that collects what was cited. Fires `knowledge:inserted` with entry and version.
 */
const connect: Connect = (element, signal) => {
  const url = element.dataset["url"];
  const from = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(element.dataset["from"] ?? "#none")];
  if (!url) return;
  let timer = 0;
  let last = "";
  let running: AbortController | null = null;

  const field = (selector: string | undefined): HTMLInputElement | HTMLTextAreaElement | null =>
    selector ? document.querySelector(selector) : null;

  const token = (): string => document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";

  const ask = async (words: string): Promise<void> => {
    if (words === last) return;
    last = words;
    running?.abort();
    running = new AbortController();
    if (words.length < SHORTEST) {
      element.replaceChildren();
      return;
    }
    try {
      // By POST: the words are a caller's and must not stand in addresses, which logs keep.
      const response = await fetch(url, {
        method: "POST",
        signal: running.signal,
        headers: { "HX-Request": "true", "X-Background": "1", "X-CSRFToken": token() },
        body: new URLSearchParams({ q: words, region: field(element.dataset["region"])?.value ?? "" }),
      });
      if (!response.ok) throw new Error(String(response.status));
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      element.replaceChildren(...[...answer.body.childNodes].map((node) => document.importNode(node, true)));
    } catch {
      // Writing goes on without knowledge; the next pause asks again.
      if (last === words) last = "";
    }
  };

  for (const input of from) {
    input.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void ask(input.value.trim().slice(-200)), PAUSE);
    }, { signal });
  }
  element.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("[data-insert]");
    const hit = button?.closest<HTMLElement>("[data-entry]");
    const answer = field(element.dataset["answer"]);
    if (!hit || !answer) return;
    event.preventDefault();
    const { text = "", cite = "", entry = "", version = "", used } = hit.dataset;
    answer.value = inserted(answer.value, text, cite);
    answer.dispatchEvent(new Event("input", { bubbles: true }));
    answer.focus();
    const cites = field(element.dataset["cites"]);
    if (cites) cites.value = cited(cites.value, entry, version);
    element.dispatchEvent(new CustomEvent("knowledge:inserted", { bubbles: true, detail: { entry, version } }));
    if (used) void fetch(used, { method: "POST", headers: { "X-CSRFToken": token() }, keepalive: true }).catch(() => undefined);
  }, { signal });
  signal.addEventListener("abort", () => {
    window.clearTimeout(timer);
    running?.abort();
  });
  const filled = from.find((input) => input.value.trim());
  if (filled) void ask(filled.value.trim().slice(-200));
};

export default connect;
