import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("htmx.org", () => ({ default: { ajax: vi.fn() } }));

import requests, { refusalIn } from "./requests.controller.ts";
import { offerSignIn, takeToken } from "./session.ts";
import { answers, attach, page } from "./testing.ts";
import { toast } from "./toasts.ts";
import serverToast from "./toast.controller.ts";
import upload, { size } from "./upload.controller.ts";

let end: () => void = () => undefined;
beforeEach(() => void page('<div id="toasts"></div>'));
afterEach(() => {
  end();
  document.querySelector("dialog")?.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function finished(status: number, text: string, headers: Record<string, string> = {}): void {
  const xhr = { status, responseText: text, getResponseHeader: (name: string) => headers[name] ?? null };
  document.body.dispatchEvent(new CustomEvent("htmx:afterRequest", { detail: { xhr, successful: status < 400 } }));
}
const shown = (): string => document.getElementById("toasts")?.textContent ?? "";

describe("requests", () => {
  beforeEach(() => { end = attach(requests, document.body); });

  it("shows the server's own words of a refusal", () => {
    finished(409, '<div data-refusal class="toast-item"><span>已过申请期限</span></div>', { "HX-Reswap": "none" });
    expect(shown()).toBe("已过申请期限");
  });

  it("has words of its own when the server has none", () => {
    finished(502, "<html>Bad gateway</html>");
    expect(shown()).toContain("错误码 502");
  });

  it("is silent about success, wrong forms and ended sessions", () => {
    finished(200, "");
    finished(422, "<form></form>");
    finished(401, "", { "HX-Trigger": "session-expired" });
    expect(shown()).toBe("");
  });

  it("tells that nothing arrived when the line is cut", () => {
    document.body.dispatchEvent(new CustomEvent("htmx:sendError"));
    expect(shown()).toContain("没有送达");
  });

  it("finds no refusal where there is none", () => expect(refusalIn("<p>你好</p>")).toBeNull());
});

describe("session", () => {
  it("keeps the page, offers sign-in beside it and takes the new token", async () => {
    page('<form><input type="hidden" name="csrfmiddlewaretoken" value="old"><textarea>打到一半</textarea></form>');
    document.body.setAttribute("hx-headers", '{"X-CSRFToken": "old"}');
    Object.assign(document.body.dataset, { signInUrl: "/sign-in/", signedInUrl: "/ui/signed-in/", sessionUrl: "/ui/session/" });
    const asked = answers(Response.json({ signed_in: false, person: "", csrf: "x" }), Response.json({ signed_in: true, person: "staff:7", csrf: "new" }));
    const resumed = vi.fn();
    document.body.addEventListener("session:resumed", resumed);
    offerSignIn();
    offerSignIn();
    expect(document.querySelectorAll("dialog")).toHaveLength(1);
    expect(document.querySelector("dialog a")?.getAttribute("href")).toBe("/sign-in/?next=%2Fui%2Fsigned-in%2F");
    const go = document.querySelector<HTMLButtonElement>("dialog button");
    go?.click();
    await vi.waitFor(() => expect(document.querySelector("dialog p")?.textContent).toContain("还没有登录成功"));
    go?.click();
    await vi.waitFor(() => expect(resumed).toHaveBeenCalledOnce());
    expect(asked).toHaveBeenCalledTimes(2);
    expect(document.querySelector("textarea")?.value).toBe("打到一半");
    expect(document.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value).toBe("new");
    expect(document.body.getAttribute("hx-headers")).toBe('{"X-CSRFToken":"new"}');
  });

  it("leaves other headers alone", () => {
    document.body.setAttribute("hx-headers", '{"X-Other":"1"}');
    takeToken("t");
    expect(JSON.parse(document.body.getAttribute("hx-headers") ?? "")).toEqual({ "X-Other": "1", "X-CSRFToken": "t" });
  });
});

describe("toasts", () => {
  it("go by themselves, except bad news", () => {
    vi.useFakeTimers();
    toast({ text: "已签收" });
    toast({ text: "没有办成", tone: "danger" });
    vi.advanceTimersByTime(60_000);
    expect(shown()).toBe("没有办成");
  });

  it("never read text as markup", () => {
    expect(toast({ text: "<b>粗</b>" }).querySelector("b")).toBeNull();
  });

  it("offer to take the act back", () => {
    const undone = vi.fn();
    document.body.addEventListener("toast:undo", (event) => undone((event as CustomEvent).detail), { once: true });
    const list = page('<div id="toasts"><div class="toast-item" data-tone="undo:/merge/7/undo/ success"><span>已合并</span><button class="btn-close"></button></div></div>');
    attach(serverToast, list.firstElementChild as HTMLElement);
    document.querySelector<HTMLButtonElement>(".toast-item .btn")?.click();
    expect(undone).toHaveBeenCalledWith({ url: "/merge/7/undo/" });
  });
});

describe("upload", () => {
  it.each([[10, "1 KB"], [340_000, "332 KB"], [3_500_000, "3.3 MB"]])("%i bytes are %s", (bytes, words) => expect(size(bytes)).toBe(words));

  it("refuses at once what is too large, without sending it", () => {
    const open = vi.spyOn(XMLHttpRequest.prototype, "open");
    const element = page('<div data-url="/files/" data-max="1048576"><input type="file"></div>');
    end = attach(upload, element);
    const input = element.querySelector("input") as HTMLInputElement;
    Object.defineProperty(input, "files", { value: [new File([new Uint8Array(2_097_152)], "大.jpg")] });
    input.dispatchEvent(new Event("change"));
    expect(element.textContent).toContain("文件 2.0 MB，超过 1.0 MB 的上限，没有上传。");
    expect(open).not.toHaveBeenCalled();
  });
});
