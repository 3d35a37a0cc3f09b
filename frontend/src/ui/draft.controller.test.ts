import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import draft, { PAUSE, putBack, typed } from "./draft.controller.ts";
import { answers, attach, page } from "./testing.ts";

const FORM = `<form data-draft-key="desk" data-draft-url="/drafts/">
  <input type="hidden" name="csrfmiddlewaretoken" value="token"><input type="hidden" name="version" value="3">
  <input name="title" value=""><textarea name="content"></textarea>
  <select name="kind"><option value="a">A</option><option value="b">B</option></select>
  <input type="checkbox" name="secret" value="on"><input type="password" name="code"><input type="file" name="photo">
  <div class="form-foot"></div></form>`;

let end: () => void = () => undefined;
let form: HTMLFormElement;

function write(name: string, value: string): void {
  const field = form.elements.namedItem(name) as HTMLInputElement;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
const state = (): HTMLElement => form.querySelector(".draft-state") as HTMLElement;
const stored = (): string | null => localStorage.getItem("draft:desk");

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-22T06:02:00Z") });
  localStorage.clear();
  form = page(FORM) as HTMLFormElement;
});
afterEach(() => {
  end();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("keeps words and choices, never secrets", () => {
  write("title", "路灯不亮");
  write("code", "123456");
  expect(typed(form)).toEqual([["title", "路灯不亮"], ["content", ""], ["kind", "a"]]);
});

it("puts back what it took", () => {
  putBack(form, [["title", "路灯"], ["kind", "b"], ["secret", "on"], ["version", "9"]]);
  expect(typed(form)).toEqual([["title", "路灯"], ["content", ""], ["kind", "b"], ["secret", "on"]]);
  expect((form.elements.namedItem("version") as HTMLInputElement).value).toBe("3");
});

describe("draft", () => {
  it("is sent after a pause, once, and says when", async () => {
    const asked = answers(Response.json({ url: "/drafts/7/" }), Response.json({}));
    end = attach(draft, form);
    write("title", "路");
    await vi.advanceTimersByTimeAsync(PAUSE / 2);
    write("title", "路灯");
    await vi.advanceTimersByTimeAsync(PAUSE + 1);
    expect(asked).toHaveBeenCalledOnce();
    expect(asked.mock.calls[0]?.[1]?.headers).toMatchObject({ "X-CSRFToken": "token" });
    expect(state().textContent).toBe("已保存 14:02");
    write("title", "路灯不亮");
    await vi.advanceTimersByTimeAsync(PAUSE + 1);
    expect(asked.mock.calls[1]?.[0]).toBe("/drafts/7/");
  });

  it("stays in the browser while the server is away, and tries again", async () => {
    const asked = answers(new Error("offline"), Response.json({}));
    end = attach(draft, form);
    write("title", "路灯");
    await vi.advanceTimersByTimeAsync(PAUSE + 1);
    expect(state().textContent).toBe("暂时连不上，已存在本机 14:02");
    expect(stored()).toContain("路灯");
    await vi.advanceTimersByTimeAsync(10_001);
    expect(asked).toHaveBeenCalledTimes(2);
    expect(state().textContent).toBe("已保存 14:02");
  });

  it("asks to sign in when the session has ended, and saves after", async () => {
    const asked = answers(new Response("", { status: 401 }), Response.json({}));
    const expired = vi.fn();
    document.body.addEventListener("session-expired", expired);
    end = attach(draft, form);
    write("title", "路灯");
    await vi.advanceTimersByTimeAsync(PAUSE + 1);
    expect(expired).toHaveBeenCalledOnce();
    document.body.dispatchEvent(new CustomEvent("session:resumed"));
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("comes back after the page was lost, unless it is not wanted", () => {
    localStorage.setItem("draft:desk", JSON.stringify({ at: Date.now() - 60_000, fields: [["title", "路灯"]] }));
    end = attach(draft, form);
    expect((form.elements.namedItem("title") as HTMLInputElement).value).toBe("路灯");
    vi.advanceTimersByTime(PAUSE + 1);
    expect(state().textContent).toBe("已恢复 14:01 未提交的内容");
    form.querySelector<HTMLButtonElement>(".draft-state + button")?.click();
    expect((form.elements.namedItem("title") as HTMLInputElement).value).toBe("");
    expect(stored()).toBeNull();
  });

  it.each([
    ["older than the server's", { draftSavedAt: "2026-11-22T06:01:30Z" }, 60_000],
    ["more than a week old", {}, 8 * 24 * 3_600_000],
  ])("does not come back when %s", (_why, data, age) => {
    localStorage.setItem("draft:desk", JSON.stringify({ at: Date.now() - age, fields: [["title", "旧"]] }));
    Object.assign(form.dataset, data);
    end = attach(draft, form);
    expect((form.elements.namedItem("title") as HTMLInputElement).value).toBe("");
  });

  it("leaves no trace of a confidential order in the browser", async () => {
    answers(Response.json({}));
    form.dataset["draftSecret"] = "";
    end = attach(draft, form);
    write("title", "举报");
    await vi.advanceTimersByTimeAsync(PAUSE + 1);
    expect(localStorage).toHaveLength(0);
  });

  it("forgets the copy once htmx has sent the form, keeps it when that failed", () => {
    form.setAttribute("hx-post", "/orders/");
    end = attach(draft, form);
    write("title", "路灯");
    form.dispatchEvent(new CustomEvent("htmx:afterRequest", { detail: { successful: false, elt: form } }));
    expect(stored()).toContain("路灯");
    form.dispatchEvent(new CustomEvent("htmx:afterRequest", { detail: { successful: true, elt: form } }));
    expect(stored()).toBeNull();
  });
});
