import type { Connect } from "./controllers.ts";

/** How long an unmasked number stays on the screen, in milliseconds. */
export const SHOWN = 60_000;

/** Covers a revealed identity again after a minute, or as soon as the page is left: `data-mask` is what stands there then. */
const connect: Connect = (element, signal) => {
  const cover = (): void => {
    const mask = element.dataset["mask"];
    if (mask !== undefined && element.textContent !== mask) element.textContent = mask;
  };
  const timer = window.setTimeout(cover, SHOWN);
  document.addEventListener("visibilitychange", () => document.hidden && cover(), { signal });
  signal.addEventListener("abort", () => window.clearTimeout(timer));
};

export default connect;
