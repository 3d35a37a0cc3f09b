import { afterEach, beforeEach, expect, test, vi } from "vitest";
import connect, { mark } from "./callwords.controller.ts";
import { clock, lastBefore, sides } from "./replay.controller.ts";

const said = (id: number, speaker: string, text: string): string =>
  `<li id="said-${id}" data-speaker="${speaker}"><span data-text>${text}</span></li>`;
const pane = (lines: string, last: number): string =>
  `<span data-status>实时</span><button type="button" data-draft></button><ol data-log data-last="${last}">${lines}</ol>
   <button type="button" data-unread hidden></button><p data-nothing></p><div data-drafted></div>`;
const DRAFT = `<div><p data-drafted-words></p><div data-fill="title" data-value="路灯坏了" data-shown="路灯坏了">
  <button type="button" data-source="1" data-start="2" data-end="4"></button></div>
  <div data-fill="content" data-value="小区路灯坏了" data-shown="小区路灯坏了"></div>
  <button type="button" data-unfill></button></div>`;

let ended: AbortController;
let answers: Record<string, string>;
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
};
const field = (name: string): HTMLInputElement => document.querySelector<HTMLInputElement>(`[name="${name}"]`)!;
const section = (): HTMLElement => document.querySelector<HTMLElement>("section")!;

beforeEach(() => {
  ended = new AbortController();
  answers = {};
  document.body.innerHTML = `<form><input name="csrfmiddlewaretoken" value="t"><input name="title"><textarea name="content"></textarea>
    <section data-url="/live" data-draft-url="/draft" data-topic="transcript:7"><div data-pane></div></section></form>`;
  vi.stubGlobal("fetch", vi.fn((url: string) => {
    const found = Object.entries(answers).find(([start]) => url.startsWith(start));
    return Promise.resolve({ ok: found !== undefined, status: 200, text: () => Promise.resolve(found?.[1] ?? "") });
  }));
  connect(section(), ended.signal);
  section().querySelector("[data-pane]")!.innerHTML = pane(said(1, "citizen", "小区路灯坏了"), 1);
  answers["/live"] = `<ol data-log data-last="1"></ol><span data-status>实时</span>`;
  section().querySelector("[data-pane]")!.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true }));
});
afterEach(() => {
  ended.abort();
  vi.unstubAllGlobals();
});

test("new words come at the end, once each, and feed whoever reads along", async () => {
  await settle();
  const heard = vi.fn();
  document.querySelector("form")!.addEventListener("call:heard", heard);
  answers["/live"] = `<ol data-log data-last="3">${said(1, "citizen", "小区路灯坏了")}${said(3, "agent", "请问在哪里")}</ol><span data-status>有延迟</span>`;
  document.body.dispatchEvent(new CustomEvent("live:transcript:7"));
  await settle();
  expect([...document.querySelectorAll("[data-log] li")].map((line) => line.id)).toEqual(["said-1", "said-3"]);
  expect(document.querySelector<HTMLElement>("[data-log]")!.dataset["last"]).toBe("3");
  expect(section().querySelector("[data-status]")!.textContent).toBe("有延迟");
  expect(section().dataset["heard"]).toBe("小区路灯坏了");
  expect(heard).toHaveBeenCalledOnce();
});

test("whoever reads further up is not moved, and is told how many wait", async () => {
  await settle();
  const log = document.querySelector<HTMLElement>("[data-log]")!;
  Object.defineProperties(log, {
    scrollHeight: { value: 900, configurable: true }, clientHeight: { value: 200, configurable: true },
  });
  log.scrollTop = 0;
  answers["/live"] = `<ol data-log data-last="2">${said(2, "agent", "您好")}</ol><span data-status></span>`;
  document.body.dispatchEvent(new CustomEvent("live:transcript:7"));
  await settle();
  const unread = document.querySelector<HTMLElement>("[data-unread]")!;
  expect(log.scrollTop).toBe(0);
  expect([unread.hidden, unread.textContent?.includes("1")]).toEqual([false, true]);
  unread.click();
  expect([unread.hidden, log.scrollTop]).toEqual([true, 900]);
});

test("only empty fields are filled, where it was said is shown, and one press takes all back", async () => {
  await settle();
  field("content").value = "已经写的";
  answers["/draft"] = DRAFT;
  document.querySelector<HTMLElement>("[data-draft]")!.click();
  await settle();
  expect([field("title").value, field("content").value]).toEqual(["路灯坏了", "已经写的"]);
  document.querySelector<HTMLElement>("[data-source]")!.click();
  expect(document.querySelector("mark")!.textContent).toBe("路灯");
  document.querySelector<HTMLElement>("[data-unfill]")!.click();
  expect([field("title").value, field("content").value]).toEqual(["", "已经写的"]);
});

test("marks characters of an utterance", () => {
  document.body.innerHTML = said(9, "citizen", "小区路灯坏了");
  mark(document.getElementById("said-9")!, 0, 2);
  expect(document.querySelector("[data-text]")!.innerHTML).toBe("<mark>小区</mark>路灯坏了");
});

test("times, places and peaks", () => {
  expect([clock(187.9), clock(0), clock(-3)]).toEqual(["3:07", "0:00", "0:00"]);
  expect([-1, 0, 150, 200, 999].map((at) => lastBefore([0, 100, 200], at))).toEqual([-1, 0, 1, 2, 2]);
  expect(sides("0,255,51,0")).toEqual([[0, 1], [0.2, 0]]);
  expect(sides("")).toEqual([[0], [0]]);
});
