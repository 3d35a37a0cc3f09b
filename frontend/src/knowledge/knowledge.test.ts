import { afterEach, describe, expect, it, vi } from "vitest";
import { attach, page } from "../ui/testing.ts";
import knowledge, { PAUSE, cited, inserted } from "./knowledge.controller.ts";

const HIT =
  '<ol><li data-entry="7" data-version="3" data-used="/knowledge/used/7/" data-text="二十二时后禁止施工。" data-cite="（《夜间施工》第 3 版）"><button type="button" data-insert>写入</button></li></ol>';
let end: () => void = () => undefined;
afterEach(() => {
  end();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("knowledge", () => {
  it("puts a paragraph once, after what was written", () => {
    expect(inserted("", "甲", "（乙）")).toBe("甲（乙）");
    expect(inserted("您好\n", "甲", "（乙）")).toBe("您好\n甲（乙）");
    expect(inserted("您好\n甲（乙）", "甲", "（乙）")).toBe("您好\n甲（乙）");
    expect(cited("7@3", "7", "3")).toBe("7@3");
    expect(cited("7@3", "8", "1")).toBe("7@3,8@1");
  });

  it("asks after a pause, shows what comes and inserts it with its source", async () => {
    vi.useFakeTimers();
    const asked: string[] = [];
    const said: string[] = [];
    vi.stubGlobal("fetch", (url: string, { body }: RequestInit) => {
      asked.push(url);
      if (body instanceof URLSearchParams) said.push(body.get("q") ?? "");
      return Promise.resolve(new Response(HIT));
    });
    const root = page(
      '<main><textarea id="content"></textarea><textarea id="answer">您好。</textarea><input type="hidden" id="cites"><div id="panel" data-url="/knowledge/panel/" data-from="#content" data-answer="#answer" data-cites="#cites"></div></main>',
    );
    const panel = root.querySelector<HTMLElement>("#panel") ?? root;
    const told: unknown[] = [];
    panel.addEventListener("knowledge:inserted", (event) => told.push((event as CustomEvent).detail));
    end = attach(knowledge, panel);
    const content = document.querySelector<HTMLTextAreaElement>("#content");
    if (!content) throw new Error("no field");
    content.value = "夜间";
    content.dispatchEvent(new Event("input"));
    await vi.advanceTimersByTimeAsync(PAUSE);
    expect(asked).toEqual([]);
    content.value = "夜间可以施工吗";
    content.dispatchEvent(new Event("input"));
    await vi.advanceTimersByTimeAsync(PAUSE);
    expect(asked).toEqual(["/knowledge/panel/"]);
    expect(said).toEqual(["夜间可以施工吗"]);
    panel.querySelector<HTMLElement>("[data-insert]")?.click();
    expect(document.querySelector<HTMLTextAreaElement>("#answer")?.value).toBe("您好。\n二十二时后禁止施工。（《夜间施工》第 3 版）");
    expect(document.querySelector<HTMLInputElement>("#cites")?.value).toBe("7@3");
    expect(told).toEqual([{ entry: "7", version: "3" }]);
    expect(asked[1]).toBe("/knowledge/used/7/");
  });
});
