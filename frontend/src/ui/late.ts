/**
 * An answer whose asker is gone: a live refresh has taken the pressed button from the page before its own answer came. htmx looks for
 * the morphing among the asker's ancestors, finds none, and would put the answer *into* its target, which then stands there twice.
 */

interface Swapping {
  target: HTMLElement;
  requestConfig: { elt: Element };
  serverResponse: string;
  shouldSwap: boolean;
  swapOverride?: string;
  selectOverride?: string;
}

type Swap = (target: HTMLElement, content: string, spec: { swapStyle: string; swapDelay: number; settleDelay: number }, options: { contextElement: HTMLElement; select?: string }) => void;

function own(element: Element, name: string): string {
  return element.closest(`[${name}]`)?.getAttribute(name) ?? "";
}

/** Have such an answer morphed as it would have been. */
export function startLate(swap: Swap, root: HTMLElement = document.body): void {
  root.addEventListener("htmx:beforeSwap", (event) => {
    const detail = (event as CustomEvent<Swapping>).detail;
    const asker = detail.requestConfig.elt;
    if (!detail.shouldSwap || asker.isConnected || !detail.target.isConnected) return;
    const swapStyle = (detail.swapOverride || own(asker, "hx-swap")).split(" ")[0] ?? "";
    if (!swapStyle.startsWith("morph")) return;
    detail.shouldSwap = false;
    const select = detail.selectOverride || own(asker, "hx-select");
    swap(detail.target, detail.serverResponse, { swapStyle, swapDelay: 0, settleDelay: 20 }, { contextElement: detail.target, ...(select ? { select } : {}) });
  });
}
