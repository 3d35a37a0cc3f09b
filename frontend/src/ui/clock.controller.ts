import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";
import { duration, now } from "./moments.ts";

export type Level = "ontime" | "soon" | "overdue";

/** Which of the three a deadline is in; `soonFrom` is the moment from which it is due soon. */
export function levelAt(moment: number, due: number, soonFrom: number): Level {
  if (moment >= due) return "overdue";
  return moment >= soonFrom ? "soon" : "ontime";
}

/** The words of a running clock: the level is said, not only coloured. */
export function wording(moment: number, due: number): string {
  const left = due - moment;
  return left > 0
    ? say({ zh: "还剩 {time}", en: "{time} left" }, { time: duration(left) })
    : say({ zh: "已超 {time}", en: "{time} overdue" }, { time: duration(left) });
}

/**
 * A deadline's chip: `<time data-controller="clock" datetime="…" data-soon="ISO">` with a `.clock-words` inside.
 * Only running clocks carry the controller; paused and finished ones are plain text from the server.
 */
const connect: Connect = (element, signal) => {
  let timer = 0;
  const tick = (): void => {
    const due = Date.parse(element.getAttribute("datetime") ?? "");
    if (Number.isNaN(due)) return;
    const soon = Date.parse(element.dataset["soon"] ?? "");
    const moment = now();
    const level = levelAt(moment, due, Number.isNaN(soon) ? due : soon);
    const words = element.querySelector(".clock-words") ?? element;
    const text = wording(moment, due);
    if (words.textContent !== text) words.textContent = text;
    if (element.dataset["level"] !== level) {
      element.dataset["level"] = level;
      element.dispatchEvent(new CustomEvent("clock:level", { bubbles: true, detail: { level } }));
    }
    // Near the end a minute matters; days away it does not.
    timer = window.setTimeout(tick, Math.abs(due - moment) < 3_600_000 ? 10_000 : 30_000);
  };
  signal.addEventListener("abort", () => window.clearTimeout(timer));
  tick();
};

export default connect;
