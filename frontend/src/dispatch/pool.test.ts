import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { attach, page, press } from "../ui/testing.ts";
import pool, { neighbour } from "./pool.controller.ts";
import { step } from "./suggest.controller.ts";

test("the row after the one that went comes next, at the end the one before, then none", () => {
  expect(neighbour(["a", "b", "c"], 0)).toBe("b");
  expect(neighbour(["a", "b", "c"], 2)).toBe("b");
  expect(neighbour(["a"], 0)).toBeUndefined();
});

test("suggestions go round", () => {
  expect(step(-1, 1, 3)).toBe(0);
  expect(step(-1, -1, 3)).toBe(2);
  expect(step(2, 1, 3)).toBe(0);
  expect(step(0, -1, 3)).toBe(2);
  expect(step(0, 1, 0)).toBe(-1);
});

const PANE = (order: string): string =>
  `<article data-order="${order}"><form><button data-enter data-sends="${order}"></button></form><button data-key="u" data-chooses="${order}"></button><dialog></dialog><textarea></textarea></article>`;
let end: () => void = () => undefined;
let root: HTMLElement;
let done: string[] = [];
let asked: { order: string; xhr: { abort: () => void } }[] = [];

function tell(name: string, at: Element, detail: object): CustomEvent {
  const event = new CustomEvent(name, { bubbles: true, cancelable: true, detail });
  at.dispatchEvent(event);
  return event;
}
const one = (selector: string): HTMLElement => {
  const found = root.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(selector);
  return found;
};

/** As htmx does it: the page of an asked order arrives, unless somebody holds it back. */
function arrive(at: number): void {
  const { order, xhr } = asked[at] ?? { order: "", xhr: {} };
  const target = one("#pool-pane");
  const detail = { xhr, elt: one(`[data-row][data-order="${order}"]`), target, shouldSwap: true, successful: true };
  tell("htmx:beforeSwap", target, detail);
  if (detail.shouldSwap) {
    target.innerHTML = PANE(order);
    tell("htmx:afterSwap", target, detail);
    tell("htmx:afterSettle", target, detail);
  }
  tell("htmx:afterRequest", detail.elt, detail);
}

beforeEach(() => {
  vi.useFakeTimers();
  done = [];
  asked = [];
  root = page(
    `<div><div id="pool-list"><div data-row data-order="1" class="is-current"></div><div data-row data-order="2"></div></div><section id="pool-pane">${PANE("1")}</section></div>`,
  );
  root.addEventListener("click", (event) => {
    const at = event.target as HTMLElement;
    const { sends, chooses } = at.dataset;
    if (sends) done.push(`sent ${sends}`);
    if (chooses) done.push(`chose ${chooses}`);
    if (sends || !at.matches("[data-row]")) event.preventDefault();
    if (!at.matches("[data-row]")) return;
    root.querySelectorAll("[data-row]").forEach((row) => row.classList.toggle("is-current", row === at));
    const request = { order: at.dataset["order"] ?? "", xhr: { abort: vi.fn() } };
    asked.push(request);
    tell("htmx:beforeRequest", at, { xhr: request.xhr, elt: at, target: one("#pool-pane") });
  });
  end = attach(pool, root);
});
afterEach(() => {
  end();
  vi.useRealTimers();
});

test("keys act on the order shown at once, on one that is on its way when it has come", () => {
  press("Enter");
  expect(done).toEqual(["sent 1"]);
  one("[data-row][data-order='2']").click();
  expect(one("#pool-pane").hasAttribute("inert")).toBe(true);
  press("u");
  expect(done).toEqual(["sent 1"]);
  arrive(0);
  expect(done).toEqual(["sent 1", "chose 2"]);
  expect(one("#pool-pane").hasAttribute("inert")).toBe(false);
});

test("the order shown is asked for again by a click; Enter waits for it, and moving on forgets the key", () => {
  one("[data-row][data-order='1']").click();
  expect(one("#pool-pane").hasAttribute("inert")).toBe(false);
  press("Enter");
  expect(done).toEqual([]);
  arrive(0);
  expect(done).toEqual(["sent 1"]);
  one("[data-row][data-order='2']").click();
  press("Enter");
  one("[data-row][data-order='1']").click();
  arrive(2);
  expect(done).toEqual(["sent 1"]);
});

test("what was begun is not drawn away, and what is being done stops a page that would come after", () => {
  one("[data-row][data-order='1']").click();
  one("dialog").setAttribute("open", "");
  const before = one("article");
  arrive(0);
  expect(one("article")).toBe(before);
  one("dialog").removeAttribute("open");
  one("[data-row][data-order='1']").click();
  tell("htmx:beforeRequest", one("form"), { xhr: {}, elt: one("form"), target: one("form") });
  expect(asked[1]?.xhr.abort).toHaveBeenCalled();
});

test("after a failure the next Enter asks again", () => {
  one("[data-row][data-order='2']").click();
  press("Enter");
  tell("htmx:afterRequest", one("[data-row][data-order='2']"), { xhr: asked[0]?.xhr, elt: one("[data-row][data-order='2']"), target: one("#pool-pane"), successful: false });
  expect(one("#pool-pane").hasAttribute("inert")).toBe(false);
  press("Enter");
  expect(asked.map(({ order }) => order)).toEqual(["2", "2"]);
  arrive(1);
  expect(done).toEqual(["sent 2"]);
});
