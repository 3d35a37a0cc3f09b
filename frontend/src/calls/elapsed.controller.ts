import type { Connect } from "../ui/controllers.ts";
import { now } from "../ui/moments.ts";

/** m:ss, with hours before it when there are any; as the server writes it (`views/wall.py`). */
export function elapsed(since: number, moment: number): string {
  const whole = Math.max(0, Math.floor((moment - since) / 1000));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** Brings every `[data-since]` below to this moment; `data-over` from its `data-due` on. */
export function tick(root: ParentNode, moment: number): void {
  for (const one of root.querySelectorAll<HTMLElement>("[data-since]")) {
    const since = Date.parse(one.dataset["since"] ?? "");
    if (Number.isNaN(since)) continue;
    const words = one.querySelector(".elapsed-words");
    const text = elapsed(since, moment);
    if (words && words.textContent !== text) words.textContent = text;
    const due = Date.parse(one.dataset["due"] ?? "");
    if (!Number.isNaN(due)) one.toggleAttribute("data-over", moment >= due);
  }
}

/** One timer for a whole wall of times: hundreds of seats cost one pass a second. */
const connect: Connect = (element, signal) => {
  tick(element, now());
  const timer = window.setInterval(() => {
    if (!document.hidden) tick(element, now());
  }, 1_000);
  // A redraw brings the server's second; ours goes on at once.
  element.addEventListener("htmx:afterSettle", () => tick(element, now()), { signal });
  signal.addEventListener("abort", () => window.clearInterval(timer));
};

export default connect;
