import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

/** A prepared answer as the page carries it. */
export interface Canned {
  id: number;
  key: string;
  title: string;
  text: string;
}

const MOST_OFFERED = 8;

/** The short key that is being typed: what follows the last `/` at the text's beginning or after a space; null when none. */
export function typedKey(text: string): string | null {
  const found = /(?:^|\s)\/([A-Za-z0-9_-]{0,24})$/.exec(text);
  return found ? (found[1] ?? "") : null;
}

/** Answers whose key begins with what was typed, then those whose title holds it. */
export function offered(rows: readonly Canned[], typed: string): Canned[] {
  const wanted = typed.toLowerCase();
  const first = rows.filter((one) => one.key.toLowerCase().startsWith(wanted));
  const then = wanted ? rows.filter((one) => !first.includes(one) && one.title.toLowerCase().includes(wanted)) : [];
  return [...first, ...then].slice(0, MOST_OFFERED);
}

/** The text with the typed key replaced by the prepared words. */
export function expanded(text: string, chosen: Canned): string {
  return text.replace(/(^|\s)\/[A-Za-z0-9_-]{0,24}$/, (_all, before: string) => `${before}${chosen.text}`);
}

function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

/**
 * The seat: each chat is asked for anew when its topic speaks, what is typed stays; Enter sends; `/key` puts prepared words
 * in; a chat in which the agent types or that they click is read. A chat that comes or goes loads the page's chats anew.
 */
const connect: Connect = (element, signal) => {
  const rows = JSON.parse(document.querySelector("#chat-canned")?.textContent ?? "[]") as Canned[];
  const title = document.title;

  const panes = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>("[data-chat]")];
  const seen = (pane: HTMLElement): boolean => pane.contains(document.activeElement) && document.hasFocus();
  const mark = (): void => {
    let unread = 0;
    for (const pane of panes()) {
      const read = Number(pane.dataset["read"] ?? 0);
      const fresh = [...pane.querySelectorAll<HTMLElement>('[data-from="citizen"]')]
        .filter((one) => Number(one.dataset["number"] ?? 0) > read).length;
      const badge = pane.querySelector<HTMLElement>("[data-unread]");
      if (badge) {
        badge.hidden = fresh === 0;
        badge.textContent = say({ zh: "未读 {n}", en: "{n} unread" }, { n: String(fresh) });
      }
      unread += fresh;
    }
    document.title = unread ? `(${unread}) ${title}` : title;
  };
  const unreadIn = (pane: HTMLElement): boolean =>
    pane.dataset["state"] === "talking" && Number(pane.dataset["last"] ?? 0) > Number(pane.dataset["read"] ?? 0);
  const toEnd = (pane: HTMLElement): void => {
    const log = pane.querySelector<HTMLElement>(".chat-log");
    if (log) log.scrollTop = log.scrollHeight;
  };

  /** Takes what was said, and the head, from a fresh pane; the field with what is being typed stays. */
  const put = (pane: HTMLElement, html: string): void => {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>("[data-chat]");
    if (!fresh) return;
    if (fresh.dataset["state"] !== pane.dataset["state"] && !pane.querySelector("textarea")?.value) {
      const node = document.importNode(fresh, true);
      pane.replaceWith(node);
      toEnd(node);
      mark();
      return;
    }
    for (const part of [".chat-said", ".chat-head"]) {
      const [old, now] = [pane.querySelector(part), fresh.querySelector(part)];
      if (old && now) old.innerHTML = now.innerHTML;
    }
    for (const name of ["last", "read", "state"]) pane.dataset[name] = fresh.dataset[name] ?? "";
    toEnd(pane);
    mark();
  };
  const refresh = async (pane: HTMLElement): Promise<void> => {
    const url = pane.dataset["paneUrl"];
    if (!url) return;
    const read = seen(pane) ? `?read=${pane.dataset["last"] ?? "0"}` : "";
    try {
      const response = await fetch(`${url}${read}`, { signal, headers: { "HX-Request": "true", "X-Background": "1" } });
      if (response.status === 204 || response.status === 404) pane.remove();
      else if (response.ok) {
        put(pane, await response.text());
        // What has just come stands before the eyes of who types here: once more, to say so.
        if (pane.isConnected && seen(pane) && unreadIn(pane)) await refresh(pane);
      }
    } catch {
      // The live stream tells again when it is back.
    }
  };
  const read = (pane: HTMLElement): void => {
    if (unreadIn(pane)) void refresh(pane);
  };

  const listening = new Set<string>();
  const listen = (): void => {
    for (const pane of panes()) {
      const topic = `live:chat:${pane.dataset["chat"] ?? ""}`;
      if (listening.has(topic)) continue;
      listening.add(topic);
      document.body.addEventListener(topic, () => {
        const now = element.querySelector<HTMLElement>(`#chat-${topic.slice("live:chat:".length)}`);
        if (now) void refresh(now);
      }, { signal });
    }
  };

  /** The bar names one's chats: a new one, or one that left, brings the page's list anew, unless something is typed. */
  const follow = (): void => {
    const bar = element.querySelector<HTMLElement>("#chat-bar");
    const named = (bar?.dataset["chats"] ?? "").split(/\s+/).filter(Boolean);
    const shown = panes().filter((one) => one.dataset["state"] === "talking").map((one) => one.dataset["chat"] ?? "");
    const fresh = named.filter((one) => !shown.includes(one));
    for (const pane of panes()) if (!named.includes(pane.dataset["chat"] ?? "")) void refresh(pane);
    if (!fresh.length) return;
    void (async () => {
      const list = element.querySelector("#chat-panes");
      for (const one of fresh) {
        const response = await fetch(`${location.pathname}${one}/`, { signal, headers: { "HX-Request": "true" } }).catch(() => null);
        if (!response?.ok || response.status === 204 || element.querySelector(`#chat-${one}`)) continue;
        const node = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-chat]");
        if (!node || !list) continue;
        list.querySelector(".chat-none")?.remove();
        list.append(document.importNode(node, true));
      }
      listen();
      mark();
    })();
  };

  const send = async (form: HTMLFormElement): Promise<void> => {
    const pane = form.closest<HTMLElement>("[data-chat]");
    const field = form.querySelector<HTMLTextAreaElement>("textarea");
    const client = form.querySelector<HTMLInputElement>("input[name=client]");
    const fault = form.querySelector<HTMLElement>("[data-fault]");
    if (!pane || !field || !client || !fault || !field.value.trim() || form.dataset["busy"] !== undefined) return;
    form.dataset["busy"] = "";
    try {
      const response = await fetch(form.action, { method: "POST", signal, body: new FormData(form), headers: { "HX-Request": "true" } });
      const text = await response.text();
      if (!response.ok) {
        const words = new DOMParser().parseFromString(text, "text/html").body.textContent?.trim();
        throw new Error(words || String(response.status));
      }
      // Only now a new id: what was lost on the way is sent again under the old one and counts once.
      client.value = newId();
      field.value = "";
      for (const name of ["canned", "entry"]) {
        const hidden = form.querySelector<HTMLInputElement>(`input[name=${name}]`);
        if (hidden) hidden.value = "";
      }
      fault.hidden = true;
      put(pane, text);
    } catch (error) {
      if (signal.aborted) return;
      fault.hidden = false;
      fault.textContent = error instanceof TypeError
        ? say({ zh: "网络中断，没有发出去；内容还在，请再按一次发送。", en: "The network is away; it was not sent. It is still here: press send again." })
        : (error as Error).message;
    } finally {
      delete form.dataset["busy"];
    }
  };

  const offers = (field: HTMLTextAreaElement): void => {
    const list = field.closest("form")?.querySelector<HTMLElement>("[data-offers]");
    if (!list) return;
    const typed = typedKey(field.value);
    const found = typed === null ? [] : offered(rows, typed);
    list.hidden = found.length === 0;
    list.replaceChildren(...found.map((one, index) => {
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(index === 0));
      item.dataset["canned"] = String(one.id);
      const key = document.createElement("code");
      key.textContent = `/${one.key}`;
      item.append(key, ` ${one.title} · ${one.text.slice(0, 40)}`);
      return item;
    }));
  };
  const take = (field: HTMLTextAreaElement, id: number): void => {
    const chosen = rows.find((one) => one.id === id);
    if (!chosen) return;
    field.value = expanded(field.value, chosen);
    const hidden = field.closest("form")?.querySelector<HTMLInputElement>("input[name=canned]");
    if (hidden) hidden.value = String(chosen.id);
    offers(field);
    field.focus();
  };

  element.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset["reply"] === undefined) return;
    event.preventDefault();
    void send(form);
  }, { signal });
  element.addEventListener("input", (event) => {
    if (event.target instanceof HTMLTextAreaElement) offers(event.target);
  }, { signal });
  element.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLTextAreaElement)) return;
    const first = field.closest("form")?.querySelector<HTMLElement>("[data-offers]:not([hidden]) [data-canned]");
    if (first && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      take(field, Number(first.dataset["canned"]));
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      field.form?.requestSubmit();
    }
  }, { signal });
  element.addEventListener("click", (event) => {
    const item = (event.target as Element).closest<HTMLElement>("[data-canned]");
    const field = item?.closest("form")?.querySelector("textarea");
    if (item && field) take(field, Number(item.dataset["canned"]));
  }, { signal });
  element.addEventListener("focusin", (event) => {
    const pane = (event.target as Element).closest<HTMLElement>("[data-chat]");
    if (pane) read(pane);
  }, { signal });
  window.addEventListener("focus", () => {
    for (const pane of panes()) if (seen(pane)) read(pane);
  }, { signal });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if ((event.target as Element).closest("#chat-bar")) follow();
  }, { signal });
  listen();
  for (const pane of panes()) toEnd(pane);
  mark();
  panes()[0]?.querySelector("textarea")?.focus();
};

export default connect;
