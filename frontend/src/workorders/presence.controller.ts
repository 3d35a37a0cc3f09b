import type { Connect } from "../ui/controllers.ts";
import { ACT_OPEN } from "./act.controller.ts";

/** Shorter than the minute after which the server forgets. */
export const EVERY = 30_000;

function token(): string {
  const headers = document.body.getAttribute("hx-headers");
  try {
    return headers ? ((JSON.parse(headers) as Record<string, string>)["X-CSRFToken"] ?? "") : "";
  } catch {
    return "";
  }
}

/** Says that this page is open, and which form is being filled in; shows who else is here. Nothing while it is hidden. */
const connect: Connect = (element, signal) => {
  const url = element.dataset["presenceUrl"];
  if (!url) return;
  let editing = "";
  let timer = 0;

  const beat = async (): Promise<void> => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void beat(), EVERY);
    if (document.hidden) return;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "X-CSRFToken": token(), "HX-Request": "true" },
        body: new URLSearchParams({ editing }),
        signal,
      });
      if (response.ok) element.innerHTML = await response.text();
    } catch {
      // Presence is a courtesy; the page works without it.
    }
  };
  document.body.addEventListener(ACT_OPEN, (event) => {
    const verb = (event as CustomEvent<string>).detail;
    if (verb !== editing) {
      editing = verb;
      void beat();
    }
  }, { signal });
  window.addEventListener("pagehide", () => {
    void fetch(url, { method: "POST", keepalive: true, headers: { "X-CSRFToken": token() }, body: new URLSearchParams({ leaving: "1" }) });
  }, { signal });
  document.addEventListener("visibilitychange", () => void beat(), { signal });
  signal.addEventListener("abort", () => window.clearTimeout(timer));
  void beat();
};

export default connect;
