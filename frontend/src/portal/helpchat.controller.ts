import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

/** A word that the server has not confirmed yet. `client` is its id: sent again it counts once. */
export interface Unsent {
  client: string;
  text: string;
}

const STORE = "help-unsent";
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15_000;
const GIVE_UP = 10_000;

/** What a former load of the page left unsent; nothing when it cannot be read. */
export function kept(storage: Storage): Unsent[] {
  try {
    const rows = JSON.parse(storage.getItem(STORE) ?? "[]") as unknown;
    if (!Array.isArray(rows)) return [];
    return rows.filter((one): one is Unsent => typeof one === "object" && one !== null
      && typeof (one as Unsent).client === "string" && typeof (one as Unsent).text === "string");
  } catch {
    return [];
  }
}

export function keep(storage: Storage, rows: readonly Unsent[]): void {
  try {
    if (rows.length) storage.setItem(STORE, JSON.stringify(rows));
    else storage.removeItem(STORE);
  } catch {
    // Without storage a reload loses what is not sent; the field still has it.
  }
}

function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

/**
 * Sends without loading the page anew, one word after another, and again until the server has it: through a lost network
 * and a reload. What is refused (too fast, too long, ended) goes back into the field with the reason. Enter sends.
 */
const connect: Connect = (element, signal) => {
  const form = element.querySelector<HTMLFormElement>("#help-form");
  const field = element.querySelector<HTMLTextAreaElement>("#help-text");
  const unsentList = element.querySelector<HTMLElement>("#help-unsent");
  const trouble = element.querySelector<HTMLElement>("#help-trouble");
  const url = element.dataset["sayUrl"];
  if (!unsentList || !trouble || !url) return;
  const waiting: Unsent[] = kept(sessionStorage);
  let sending = false;
  let wait = FIRST_WAIT;
  let timer = 0;

  const tell = (text: string): void => {
    trouble.hidden = !text;
    trouble.textContent = text;
  };
  const show = (): void => {
    keep(sessionStorage, waiting);
    unsentList.replaceChildren(...waiting.map((one) => {
      const row = document.createElement("div");
      row.className = "help-said";
      row.dataset["from"] = "citizen";
      row.dataset["unsent"] = "";
      const words = document.createElement("p");
      words.className = "help-words";
      words.textContent = one.text;
      const note = document.createElement("p");
      note.className = "help-who";
      note.textContent = say({ zh: "发送中…", en: "Sending…" });
      row.append(words, note);
      return row;
    }));
  };
  const toEnd = (): void => {
    element.querySelector("#now")?.scrollIntoView({ block: "nearest" });
  };
  const pane = (): HTMLElement | null => element.querySelector("#help-pane");
  const put = (html: string): void => {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("#help-pane");
    const old = pane();
    if (!fresh || !old) return;
    const node = document.importNode(fresh, true) as HTMLElement;
    old.replaceWith(node);
    (window as unknown as { htmx?: { process(node: Element): void } }).htmx?.process(node);
    toEnd();
  };
  const back = (one: Unsent, why: string): void => {
    if (field && !field.value.trim()) field.value = one.text;
    tell(why);
  };

  const send = async (): Promise<void> => {
    const one = waiting[0];
    if (sending || !one || signal.aborted) return;
    sending = true;
    try {
      const token = element.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
      const response = await fetch(url, {
        method: "POST",
        headers: { "X-Requested-With": "help", "X-CSRFToken": token },
        body: new URLSearchParams({ text: one.text, client: one.client }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(GIVE_UP)]),
      });
      if (response.status >= 500) throw new Error(String(response.status));
      const text = await response.text();
      waiting.shift();
      wait = FIRST_WAIT;
      if (response.ok) {
        tell("");
        show();
        put(text);
      } else {
        show();
        back(one, response.headers.get("Content-Type")?.startsWith("text/plain") ? text
          : say({ zh: "没有发出去。请刷新页面再试。", en: "It was not sent. Load the page again, then try." }));
      }
    } catch {
      if (signal.aborted) return;
      tell(say({ zh: "网络中断。您写的内容已保存，恢复后自动发送。", en: "The network is away. What you wrote is kept and sent by itself when it is back." }));
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void send(), wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
      return;
    } finally {
      sending = false;
    }
    void send();
  };

  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field?.value.trim() ?? "";
    if (!field || !text) return;
    waiting.push({ client: newId(), text });
    field.value = "";
    field.focus();
    show();
    void send();
  }, { signal });
  field?.addEventListener("keydown", (event) => {
    // Enter that ends the writing of a Chinese word is not a wish to send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form?.requestSubmit();
  }, { signal });
  window.addEventListener("online", () => {
    wait = FIRST_WAIT;
    window.clearTimeout(timer);
    void send();
    pane()?.dispatchEvent(new Event("help:refresh"));
  }, { signal });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if ((event.target as Element).closest("#help-pane")) {
      // Once it has ended there is nothing to send to; the page shows the way to a new one.
      if (form) form.hidden = pane()?.dataset["state"] === "ended";
    }
  }, { signal });
  signal.addEventListener("abort", () => window.clearTimeout(timer));
  show();
  toEnd();
  void send();
};

export default connect;
