import { expect, test, vi } from "vitest";
import { startLate } from "./late.ts";

function answered(asker: Element, target: HTMLElement, more: object = {}): { shouldSwap: boolean } {
  const detail = { target, requestConfig: { elt: asker }, serverResponse: "<p>neu</p>", shouldSwap: true, ...more };
  target.dispatchEvent(new CustomEvent("htmx:beforeSwap", { bubbles: true, detail }));
  return detail;
}

test("an answer whose button is gone is morphed all the same", () => {
  document.body.innerHTML = '<section id="bar"><form id="ready" hx-swap="morph:outerHTML"></form></section>';
  const [bar, form] = [document.getElementById("bar")!, document.getElementById("ready")!];
  const swap = vi.fn();
  startLate(swap);
  expect(answered(form, bar).shouldSwap).toBe(true);
  expect(swap).not.toHaveBeenCalled();
  form.remove();
  expect(answered(form, bar).shouldSwap).toBe(false);
  expect(swap).toHaveBeenCalledWith(bar, "<p>neu</p>", expect.objectContaining({ swapStyle: "morph:outerHTML" }), { contextElement: bar });
});

test("what is no morphing, is refused, or has no place any more is left to htmx", () => {
  document.body.innerHTML = '<section id="bar"></section>';
  const bar = document.getElementById("bar")!;
  const swap = vi.fn();
  startLate(swap);
  const plain = document.createElement("form");
  expect(answered(plain, bar).shouldSwap).toBe(true);
  plain.setAttribute("hx-swap", "morph:outerHTML");
  expect(answered(plain, bar, { shouldSwap: false }).shouldSwap).toBe(false);
  expect(answered(plain, document.createElement("p")).shouldSwap).toBe(true);
  expect(swap).not.toHaveBeenCalled();
});
