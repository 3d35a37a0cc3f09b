import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import connect, { elapsed, tick } from "./elapsed.controller.ts";

const AT = Date.parse("2026-11-23T10:00:00+08:00");

describe("elapsed", () => {
  beforeEach(() => vi.useFakeTimers({ now: AT }));
  afterEach(() => vi.useRealTimers());

  it("writes minutes and seconds, hours only when there are any, never less than nothing", () => {
    expect(elapsed(AT - 65_000, AT)).toBe("1:05");
    expect(elapsed(AT - 3_605_000, AT)).toBe("1:00:05");
    expect(elapsed(AT + 5_000, AT)).toBe("0:00");
  });

  it("goes on by itself and marks what is over", () => {
    document.body.innerHTML = `<section><span data-since="2026-11-23T09:59:50+08:00" data-due="2026-11-23T10:00:05+08:00"><span class="elapsed-words"></span></span></section>`;
    const section = document.querySelector("section") as HTMLElement;
    const life = new AbortController();
    connect(section, life.signal);
    const words = section.querySelector(".elapsed-words");
    expect(words?.textContent).toBe("0:10");
    expect(section.querySelector("[data-over]")).toBeNull();
    vi.advanceTimersByTime(5_000);
    expect(words?.textContent).toBe("0:15");
    expect(section.querySelector("[data-over]")).not.toBeNull();
    life.abort();
    vi.advanceTimersByTime(5_000);
    expect(words?.textContent).toBe("0:15");
  });

  it("leaves what names no moment as it is", () => {
    document.body.innerHTML = `<p><span data-since="soon"><span class="elapsed-words">?</span></span></p>`;
    tick(document.body, AT);
    expect(document.querySelector(".elapsed-words")?.textContent).toBe("?");
  });
});
