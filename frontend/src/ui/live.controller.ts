import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";
import { hourAndMinute, now } from "./moments.ts";

/** One row of the numbered stream, as the live process sends it. */
export interface Message {
  id: number;
  topic: string;
  kind: string;
  payload: Record<string, unknown>;
}

/** What `/live/token` answers. */
interface Token {
  url: string;
  token: string;
}

/** Milliseconds between two refreshes about one topic; the page sees the last state, not each step. */
export const GATHER = 300;
const LONGEST_WAIT = 20_000;
/** Delivery is at least once: this many ids are remembered to drop doubles. */
const REMEMBERED = 2_000;

/** The topics that the page shows now. */
export function topicsOf(root: ParentNode): string[] {
  const found = new Set<string>();
  for (const element of root.querySelectorAll<HTMLElement>("[data-live-topic]")) {
    for (const topic of (element.dataset["liveTopic"] ?? "").split(/\s+/)) if (topic) found.add(topic);
  }
  return [...found].sort();
}

/** Remembers ids and tells doubles apart; oldest forgotten first. */
export class Doubles {
  private readonly seen = new Set<number>();

  /** True the first time an id is met. */
  isNew(id: number): boolean {
    if (this.seen.has(id)) return false;
    this.seen.add(id);
    if (this.seen.size > REMEMBERED) this.seen.delete(this.seen.values().next().value as number);
    return true;
  }
}

/**
 * Reads the stream for all `[data-live-topic]` of the page. Each message becomes two events on the body:
 * `live:<topic>` (for `hx-trigger="live:order:12 from:body"`) and `live-kind:<kind>`, with the message in `detail`.
 * When the page's topics change it subscribes anew from where it was, so nothing between is missed.
 */
const connect: Connect = (element, signal) => {
  const tokenUrl = element.dataset["tokenUrl"];
  if (!tokenUrl) return;
  let source: EventSource | null = null;
  let subscribed = "";
  let last = "";
  let lastAt = now();
  let wait = 1_000;
  let retry = 0;
  let attempt = 0;
  const doubles = new Doubles();
  const gathered = new Map<string, number>();
  const waiting = new Map<string, Message | null>();

  const show = (state: "on" | "lost" | "off"): void => {
    for (const mark of document.querySelectorAll<HTMLElement>("[data-live-state]")) {
      if (mark.dataset["state"] === state && state !== "lost") continue;
      mark.dataset["state"] = state;
      const words = mark.querySelector(".live-words");
      if (words) {
        words.textContent = state === "on"
          ? say({ zh: "实时", en: "Live" })
          : state === "lost"
            ? say({ zh: "连接中断，数据截至 {time}", en: "Connection lost, figures from {time}" }, { time: hourAndMinute(lastAt) })
            : "";
      }
    }
  };

  // At once after silence, then at most once per GATHER: a burst costs little, and a steady flow never starves.
  const tell = (topic: string, message: Message | null): void => {
    if (gathered.has(topic)) {
      waiting.set(topic, message);
      return;
    }
    document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: message }));
    gathered.set(topic, window.setTimeout(() => {
      gathered.delete(topic);
      const next = waiting.get(topic);
      if (waiting.delete(topic)) tell(topic, next ?? null);
    }, GATHER));
  };

  const everything = (): void => {
    for (const topic of topicsOf(document)) tell(topic, null);
    document.body.dispatchEvent(new CustomEvent("live:reset"));
  };

  const close = (): void => {
    window.clearTimeout(retry);
    source?.close();
    source = null;
  };

  const again = (): void => {
    close();
    show("lost");
    // Spread out, so that 800 screens do not come back in the same instant.
    retry = window.setTimeout(() => void open(), wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };

  const open = async (): Promise<void> => {
    close();
    const mine = ++attempt;
    const topics = topicsOf(document);
    subscribed = topics.join(" ");
    if (topics.length === 0) {
      show("off");
      return;
    }
    let token: Token;
    try {
      const response = await fetch(`${tokenUrl}?topics=${encodeURIComponent(topics.join(","))}`, {
        signal, headers: { Accept: "application/json", "HX-Request": "true" },
      });
      if (response.status === 401) {
        // The session has ended; typing goes on, and the next request offers to sign in.
        show("lost");
        retry = window.setTimeout(() => void open(), LONGEST_WAIT);
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      token = (await response.json()) as Token;
    } catch {
      if (!signal.aborted && mine === attempt) again();
      return;
    }
    if (signal.aborted || mine !== attempt) return;
    const address = `${token.url}?token=${encodeURIComponent(token.token)}${last ? `&last=${encodeURIComponent(last)}` : ""}`;
    const stream = new EventSource(address);
    source = stream;
    const on = (name: string, act: (event: MessageEvent<string>) => void): void => {
      stream.addEventListener(name, (event) => {
        if (source !== stream) return;
        const message = event as MessageEvent<string>;
        if (message.lastEventId) last = message.lastEventId;
        lastAt = now();
        act(message);
      });
    };
    on("hello", (event) => {
      wait = 1_000;
      const { fresh } = JSON.parse(event.data) as { fresh?: boolean };
      show(fresh === false ? "lost" : "on");
    });
    on("message", (event) => {
      const message = JSON.parse(event.data) as Message;
      if (!doubles.isNew(message.id)) return;
      tell(message.topic, message);
      document.body.dispatchEvent(new CustomEvent(`live-kind:${message.kind}`, { detail: message }));
    });
    on("renew", () => void open());
    on("stale", () => show("lost"));
    on("fresh", () => show("on"));
    on("reset", () => {
      last = "";
      everything();
      again();
    });
    stream.addEventListener("error", () => {
      // Our own reconnect: the browser's would come back with a token that may have ended.
      if (source === stream) again();
    });
  };

  let check = 0;
  const observer = new MutationObserver(() => {
    window.clearTimeout(check);
    check = window.setTimeout(() => {
      if (topicsOf(document).join(" ") !== subscribed) void open();
    }, 200);
  });
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-live-topic"] });
  window.addEventListener("online", () => void open(), { signal });
  document.body.addEventListener("session:resumed", () => void open(), { signal });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    window.clearTimeout(check);
    for (const timer of gathered.values()) window.clearTimeout(timer);
    close();
  });
  void open();
};

export default connect;
