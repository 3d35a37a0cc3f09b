import { afterEach, expect, it, vi } from "vitest";
import { attach, page } from "../ui/testing.ts";
import act from "./act.controller.ts";

let end: () => void = () => undefined;
afterEach(() => {
  end();
  vi.restoreAllMocks();
});

it("leaves the focus where somebody writes when help arrives beside the form", () => {
  page(
    '<dialog><div id="act-body"><div data-act-verb="reply"><section class="act-beside"><div></div></section><input name="first"><textarea name="text"></textarea></div></div></dialog>',
  );
  const dialog = document.querySelector("dialog");
  const text = document.querySelector<HTMLTextAreaElement>("[name=text]");
  if (!dialog || !text) throw new Error("no dialog");
  dialog.showModal = () => dialog.setAttribute("open", "");
  end = attach(act, dialog);
  text.focus();
  dialog.querySelector(".act-beside div")?.dispatchEvent(new Event("htmx:afterSwap", { bubbles: true }));
  expect(document.activeElement).toBe(text);
  dialog.querySelector("#act-body")?.dispatchEvent(new Event("htmx:afterSwap", { bubbles: true }));
  expect(document.activeElement).not.toBe(text);
});
