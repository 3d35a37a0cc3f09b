import { afterEach, describe, expect, it, vi } from "vitest";
import { attach, page } from "../ui/testing.ts";
import replyhelp from "./replyhelp.controller.ts";

let end: () => void = () => undefined;
afterEach(() => {
  end();
  vi.unstubAllGlobals();
});

describe("replyhelp", () => {
  it("puts a former reply into the form, names its order in the remark, and sends nothing but that", () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", (url: string, { body }: RequestInit) => {
      asked.push(`${url} ${String(body)}`);
      return Promise.resolve(new Response(null, { status: 204 }));
    });
    const root = page(
      '<form><input type="hidden" name="csrfmiddlewaretoken" value="t"><textarea name="text">您好。</textarea><textarea name="internal_text"></textarea><section><ol><li data-number="JD1" data-percent="40" data-used="/dispatch/orders/7/reply-used" data-text="已责令停工。" data-cite="参照 JD1"><button type="button" data-insert>写入</button></li></ol></section></form>',
    );
    const section = root.querySelector("section");
    if (!section) throw new Error("no section");
    end = attach(replyhelp, section);
    const sent: Event[] = [];
    root.querySelector("form")?.addEventListener("submit", (event) => sent.push(event));
    section.querySelector("button")?.click();
    section.querySelector("button")?.click();
    expect(root.querySelector<HTMLTextAreaElement>("[name=text]")?.value).toBe("您好。\n已责令停工。");
    expect(root.querySelector<HTMLTextAreaElement>("[name=internal_text]")?.value).toBe("参照 JD1");
    expect(asked[0]).toBe("/dispatch/orders/7/reply-used number=JD1&percent=40");
    expect(sent).toEqual([]);
  });
});
