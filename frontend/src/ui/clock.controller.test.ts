import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import clock, { levelAt } from "./clock.controller.ts";
import { attach, page } from "./testing.ts";

beforeEach(() => void vi.useFakeTimers({ now: Date.parse("2026-11-22T08:00:00Z") }));
afterEach(() => void vi.useRealTimers());

function chip(due: string, soon: string): HTMLElement {
  return page(`<time class="clock" datetime="${due}" data-soon="${soon}"><span class="clock-words"></span></time>`);
}

describe("levelAt", () => {
  it.each([[0, "ontime"], [49, "ontime"], [50, "soon"], [99, "soon"], [100, "overdue"], [101, "overdue"]] as const)(
    "at %i is %s", (moment, level) => expect(levelAt(moment, 100, 50)).toBe(level),
  );
});

describe("clock", () => {
  it("says what is left and changes its level by itself", () => {
    const element = chip("2026-11-22T11:20:30Z", "2026-11-22T10:00:00Z");
    const end = attach(clock, element);
    expect(element.textContent).toBe("还剩 3 小时 20 分");
    expect(element.dataset["level"]).toBe("ontime");
    vi.advanceTimersByTime(2 * 3_600_000 + 60_000);
    expect(element.dataset["level"]).toBe("soon");
    vi.advanceTimersByTime(2 * 3_600_000);
    expect(element.textContent).toBe("已超 40 分");
    expect(element.dataset["level"]).toBe("overdue");
    end();
  });

  it("stops when the element leaves", () => {
    const element = chip("2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z");
    attach(clock, element)();
    expect(vi.getTimerCount()).toBe(0);
  });
});
