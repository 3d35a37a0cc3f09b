import { afterEach, beforeEach, expect, test, vi } from "vitest";
import suggest from "../dispatch/suggest.controller.ts";
import connect, { joined, PAUSE } from "./proposals.controller.ts";

const PANEL = `<button type="button" id="take-category-1" data-take="category" data-sure data-value="01.02" data-label="路灯"><span class="proposal-words">路灯</span></button>
<button type="button" data-take="place" data-sure data-value="310106" data-label="静安区" data-address="湖滨路1号"></button>
<button type="button" data-take="labels" data-sure data-value="夜间 照明"></button>
<button type="button" data-take="draft" data-sure data-title="路灯不亮" data-demand="help" data-wish="" data-happened=""></button>
<button type="button" data-take-all></button><p data-taken></p>`;

let ended: AbortController;
let asked: { body: FormData; signal: AbortSignal }[];

const box = (name: string): string => `<div data-controller="suggest" data-url="/x" data-name="${name}">
  <input role="combobox" id="${name}-text"><input type="hidden" name="${name}"><ul role="listbox"></ul></div>`;
const field = (name: string): HTMLInputElement => document.querySelector<HTMLInputElement>(`[name="${name}"]`)!;
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve();
};

beforeEach(() => {
  vi.useFakeTimers();
  ended = new AbortController();
  asked = [];
  document.body.innerHTML = `<form><input name="title"><textarea name="content"></textarea><input name="address">
    <select name="demand_type"><option value=""></option><option value="help"></option></select>
    <input name="labels" value="夜间"><input name="expectation"><input name="occurred_at">${box("category")}${box("division")}
    <section data-url="/p"><div data-proposals></div><button data-take-back></button></section></form>`;
  vi.stubGlobal("fetch", vi.fn((_url: string, init: { body: FormData; signal: AbortSignal }) => {
    asked.push(init);
    return Promise.resolve({ ok: true, text: () => Promise.resolve(PANEL) });
  }));
  for (const one of document.querySelectorAll<HTMLElement>("[data-controller=suggest]")) suggest(one, ended.signal);
  connect(document.querySelector("section")!, ended.signal);
});

afterEach(() => {
  ended.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const type = async (text: string): Promise<void> => {
  field("content").value = text;
  field("content").dispatchEvent(new Event("input", { bubbles: true }));
  await vi.advanceTimersByTimeAsync(PAUSE + 1);
  await settle();
};
const press = (selector: string): void => document.querySelector<HTMLElement>(selector)!.click();

test("words are joined once each", () => {
  expect(joined("夜间，施工", "施工 扰民")).toBe("夜间 施工 扰民");
});

test("asks once in a pause, aborts the older request, leaves the focus alone", async () => {
  field("content").focus();
  field("content").value = "路";
  field("content").dispatchEvent(new Event("input", { bubbles: true }));
  await type("路灯不亮了");
  expect(asked).toHaveLength(1);
  await type("路灯不亮了三天");
  expect(asked).toHaveLength(2);
  expect(asked[0]!.signal.aborted).toBe(true);
  await type("路灯不亮了三天");
  expect(asked).toHaveLength(2);
  expect(document.activeElement).toBe(field("content"));
});

test("a proposal is taken into the field and taken back", async () => {
  await type("路灯不亮了");
  press("#take-category-1");
  expect(field("category").value).toBe("01.02");
  expect(document.querySelector<HTMLInputElement>("#category-text")!.value).toBe("路灯");
  expect(document.querySelector("#take-category-1")!.getAttribute("aria-pressed")).toBe("true");
  expect(document.querySelector("[data-taken]")!.textContent).toContain("路灯");
  press("[data-take-back]");
  expect(field("category").value).toBe("");
  press("[data-take-back]");
});

test("all are taken in one step; what was typed stays", async () => {
  field("address").value = "湖滨路2号";
  await type("路灯不亮了");
  press("[data-take-all]");
  expect([field("category").value, field("division").value, field("address").value]).toEqual(["01.02", "310106", "湖滨路2号"]);
  expect([field("labels").value, field("title").value, field("demand_type").value]).toEqual(["夜间 照明", "路灯不亮", "help"]);
  press("[data-take-back]");
  expect([field("category").value, field("labels").value, field("title").value]).toEqual(["", "夜间", ""]);
});

test("a server that fails leaves the form usable and is asked again", async () => {
  vi.stubGlobal("fetch", vi.fn(() => Promise.reject(new Error("gone"))));
  await type("路灯不亮了");
  expect(field("content").value).toBe("路灯不亮了");
  vi.stubGlobal("fetch", vi.fn(() => Promise.resolve({ ok: true, text: () => Promise.resolve(PANEL) })));
  await type("路灯不亮了");
  expect(document.querySelector("#take-category-1")).not.toBeNull();
});

test("another wording that was asked for replaces what stands there, and can be taken back", () => {
  field("title").value = "灯";
  field("expectation").value = "修";
  document.querySelector("[data-proposals]")!.innerHTML =
    '<button type="button" data-take="wording" data-title="湖滨路路灯不亮" data-wish=""></button>';
  document.querySelector<HTMLElement>("[data-take=wording]")!.click();
  expect(field("title").value).toBe("湖滨路路灯不亮");
  expect(field("expectation").value).toBe("修");
  document.querySelector<HTMLElement>("[data-take-back]")!.click();
  expect(field("title").value).toBe("灯");
});

test("another wording is asked for by a button and comes in its place", async () => {
  field("content").value = "路灯不亮";
  document.querySelector("[data-proposals]")!.innerHTML =
    '<div><button type="button" data-word="/suggestions/improve">拟写</button></div>';
  const answer = '<button type="button" data-take="wording" data-title="湖滨路路灯不亮" data-wish=""></button>';
  const asking = vi.fn((_url: string, _init: { body: FormData }) => Promise.resolve({ ok: true, text: () => Promise.resolve(answer) }));
  vi.stubGlobal("fetch", asking);
  const button = document.querySelector<HTMLButtonElement>("[data-word]")!;
  button.click();
  expect(button.disabled).toBe(true);
  await settle();
  expect(asking).toHaveBeenCalledOnce();
  expect(asking.mock.calls[0]?.[0]).toBe("/suggestions/improve");
  expect(asking.mock.calls[0]?.[1].body.get("content")).toBe("路灯不亮");
  expect(document.querySelector("[data-word]")).toBeNull();
  expect(document.querySelector("[data-take=wording]")).not.toBeNull();
});
