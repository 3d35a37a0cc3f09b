import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { questionOf, startConfirming } from "./confirm.ts";
import guard from "./guard.controller.ts";
import { startDialogs } from "./openers.ts";
import sent from "./sent.controller.ts";
import { startForms } from "./sending.ts";
import { attach, page } from "./testing.ts";

const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 5));

beforeEach(() => {
  // A body of its own for each test, so that listeners of one do not hear the other's.
  document.documentElement.replaceChild(document.createElement("body"), document.body);
});
afterEach(() => vi.useRealTimers());

function submit(form: HTMLFormElement): Event {
  const event = new Event("submit", { bubbles: true, cancelable: true });
  form.dispatchEvent(event);
  return event;
}

describe("confirm", () => {
  it("names the consequence and the verb", () => {
    const button = page('<button data-confirm="退回派单池" data-confirm-verb="退单" data-danger>退单</button>');
    expect(questionOf(button)).toEqual({ text: "退回派单池", verb: "退单", danger: true });
    expect(questionOf(page("<button>签收</button>"))).toBeNull();
  });

  it("holds a form until the answer is yes, and asks only once", async () => {
    const form = page('<form data-confirm="退回派单池" data-confirm-verb="退单"><button>退单</button></form>') as HTMLFormElement;
    startConfirming();
    const again = vi.spyOn(form, "requestSubmit").mockImplementation(() => undefined);
    expect(submit(form).defaultPrevented).toBe(true);
    const dialog = document.querySelector("dialog") as HTMLDialogElement;
    expect(dialog.textContent).toContain("退回派单池");
    dialog.returnValue = "yes";
    dialog.close("yes");
    await settle();
    expect(again).toHaveBeenCalledOnce();
    expect(submit(form).defaultPrevented).toBe(false);
    expect(submit(form).defaultPrevented).toBe(true);
  });

  it("lets nothing happen on no", async () => {
    const form = page('<form data-confirm="退回派单池"></form>') as HTMLFormElement;
    startConfirming();
    const again = vi.spyOn(form, "requestSubmit").mockImplementation(() => undefined);
    submit(form);
    document.querySelector("dialog")?.close("no");
    await settle();
    expect(again).not.toHaveBeenCalled();
    expect(document.querySelector("dialog")).toBeNull();
  });
});

describe("sending", () => {
  it("stops the second send and lets go afterwards", () => {
    vi.useFakeTimers();
    const form = page('<form><button type="submit">发</button></form>') as HTMLFormElement;
    startForms();
    expect(submit(form).defaultPrevented).toBe(false);
    expect(form.querySelector("button")?.getAttribute("aria-busy")).toBe("true");
    expect(submit(form).defaultPrevented).toBe(true);
    vi.advanceTimersByTime(8_001);
    expect(submit(form).defaultPrevented).toBe(false);
  });

  it("lets go as soon as htmx has its answer", () => {
    const form = page('<form hx-post="/x"><button type="submit">发</button></form>') as HTMLFormElement;
    startForms();
    submit(form);
    form.dispatchEvent(new CustomEvent("htmx:afterRequest", { bubbles: true }));
    expect(form.querySelector("button")?.hasAttribute("aria-busy")).toBe(false);
  });
});

describe("guard", () => {
  const leave = (): boolean => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));

  it("warns only while something typed would be lost", () => {
    const form = page("<form><input></form>");
    const end = attach(guard, form);
    expect(leave()).toBe(false);
    form.dispatchEvent(new Event("input"));
    expect(leave()).toBe(true);
    form.dispatchEvent(new CustomEvent("draft:saved"));
    expect(leave()).toBe(false);
    form.dispatchEvent(new Event("input"));
    end();
    expect(leave()).toBe(false);
  });
});

it("drops the browser's copy on the page after sending", () => {
  localStorage.setItem("draft:desk", "x");
  localStorage.setItem("draft:other", "y");
  attach(sent, page('<div data-draft-done="desk"></div>'));
  expect([localStorage.getItem("draft:desk"), localStorage.getItem("draft:other")]).toEqual([null, "y"]);
});

it("opens a dialog, and a click beside it closes it only while nothing is typed", () => {
  page('<div><button data-opens="d">开</button><dialog id="d"><input id="i"></dialog></div>');
  startDialogs();
  const dialog = document.getElementById("d") as HTMLDialogElement;
  document.querySelector("button")?.click();
  expect(dialog.open).toBe(true);
  expect(document.activeElement?.id).toBe("i");
  (document.getElementById("i") as HTMLInputElement).value = "字";
  dialog.click();
  expect(dialog.open).toBe(true);
  (document.getElementById("i") as HTMLInputElement).value = "";
  dialog.click();
  expect(dialog.open).toBe(false);
});
