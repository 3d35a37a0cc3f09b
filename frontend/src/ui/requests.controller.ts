import htmx from "htmx.org";
import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";
import { offerSignIn } from "./session.ts";
import { toast } from "./toasts.ts";

interface After {
  xhr: XMLHttpRequest;
  successful: boolean;
}

/** The server's own words for a refusal, if its answer holds them. */
export function refusalIn(html: string): HTMLElement | null {
  if (!html.includes("data-refusal")) return null;
  return new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>("[data-refusal]");
}

/** What happened to requests is said in one place: refusals, broken connections, an ended session. */
const connect: Connect = (element, signal) => {
  element.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, successful } = (event as CustomEvent<After>).detail;
    if (successful || !xhr || xhr.status === 0) return;
    if (xhr.status === 401 || xhr.getResponseHeader("HX-Trigger")?.includes("session-expired")) return;
    if (xhr.status === 422 && xhr.getResponseHeader("HX-Reswap") !== "none") return;
    const words = refusalIn(xhr.responseText);
    if (words) {
      document.getElementById("toasts")?.append(document.importNode(words, true));
      return;
    }
    toast({
      tone: "danger",
      text: say({
        zh: "没有办成（错误码 {status}）。您输入的内容还在，请稍候再试一次。",
        en: "That did not work (error code {status}). What you typed is still here; try again in a moment.",
      }, { status: xhr.status }),
    });
  }, { signal });
  const offline = (): void => {
    toast({
      tone: "danger",
      text: say({ zh: "网络连接不上，刚才的操作没有送达。您输入的内容还在，恢复后请再试一次。", en: "No connection: the last step did not arrive. What you typed is still here; try again once you are online." }),
    });
  };
  element.addEventListener("htmx:sendError", offline, { signal });
  element.addEventListener("htmx:timeout", offline, { signal });
  element.addEventListener("session-expired", offerSignIn, { signal });
  element.addEventListener("toast:undo", (event) => {
    const { url } = (event as CustomEvent<{ url: string }>).detail;
    void htmx.ajax("post", url, { source: element, swap: "none" });
  }, { signal });
  // The server may also say something in passing: HX-Trigger: {"toast": {"text": "…", "tone": "success", "undo": "/…"}}
  element.addEventListener("toast", (event) => {
    const detail = (event as CustomEvent<Parameters<typeof toast>[0]>).detail;
    if (detail && typeof detail.text === "string") toast(detail);
  }, { signal });
};

export default connect;
