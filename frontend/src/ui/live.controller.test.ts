import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import live, { Doubles, GATHER, topicsOf } from "./live.controller.ts";
import { answers, attach, page } from "./testing.ts";

class Stream extends EventTarget {
  static all: Stream[] = [];
  closed = false;
  constructor(readonly url: string) {
    super();
    Stream.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
  say(name: string, data: unknown, lastEventId = ""): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }));
  }
}

const token = (): Response => Response.json({ url: "http://live/stream", token: "t" });
const stream = (): Stream => Stream.all.at(-1) as Stream;
let end: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-22T06:02:00Z") });
  Stream.all = [];
  vi.stubGlobal("EventSource", Stream);
  page('<span data-live-state><i class="live-words"></i></span><section data-live-topic="pool order:12"></section>');
  document.body.dataset["tokenUrl"] = "/live/token";
});
afterEach(() => {
  end();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const state = (): HTMLElement => document.querySelector("[data-live-state]") as HTMLElement;

it("reads the topics of the page", () => expect(topicsOf(document)).toEqual(["order:12", "pool"]));

it("forgets no double soon", () => {
  const doubles = new Doubles();
  expect([doubles.isNew(1), doubles.isNew(2), doubles.isNew(1)]).toEqual([true, true, false]);
});

describe("live", () => {
  it("tells the page at once, then gathers a burst, and drops doubles", async () => {
    const asked = answers(token());
    end = attach(live, document.body);
    await vi.advanceTimersByTimeAsync(1);
    expect(String(asked.mock.calls[0]?.[0])).toBe("/live/token?topics=order%3A12%2Cpool");
    stream().say("hello", { fresh: true }, "5-0");
    expect(state().textContent).toBe("实时");
    const byTopic = vi.fn();
    const byKind = vi.fn();
    document.body.addEventListener("live:order:12", byTopic);
    document.body.addEventListener("live-kind:work_order.signed", byKind);
    const message = { id: 9, topic: "order:12", kind: "work_order.signed", payload: {} };
    stream().say("message", message, "5-9");
    stream().say("message", message, "5-9");
    expect(byTopic).toHaveBeenCalledOnce();
    for (let id = 10; id < 20; id += 1) {
      stream().say("message", { ...message, id }, `5-${id}`);
      await vi.advanceTimersByTimeAsync(GATHER / 2);
    }
    await vi.advanceTimersByTimeAsync(GATHER);
    expect(byKind).toHaveBeenCalledTimes(11);
    // A steady flow of ten over five periods: neither ten refreshes nor none.
    expect(byTopic.mock.calls.length).toBeGreaterThan(4);
    expect(byTopic.mock.calls.length).toBeLessThan(8);
    expect((byTopic.mock.calls.at(-1)?.[0] as CustomEvent<{ id: number }>).detail.id).toBe(19);
  });

  it("says since when it is cut off and resumes after the last id", async () => {
    answers(token(), token());
    end = attach(live, document.body);
    await vi.advanceTimersByTimeAsync(1);
    stream().say("hello", { fresh: true }, "7-3");
    stream().dispatchEvent(new Event("error"));
    expect(state().dataset["state"]).toBe("lost");
    expect(state().textContent).toBe("连接中断，数据截至 14:02");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(Stream.all).toHaveLength(2);
    expect(stream().url).toBe("http://live/stream?token=t&last=7-3");
    stream().say("hello", { fresh: true });
    expect(state().dataset["state"]).toBe("on");
  });

  it("acts once on what came before the line broke and comes again with what was missed", async () => {
    answers(token(), token());
    end = attach(live, document.body);
    await vi.advanceTimersByTimeAsync(1);
    stream().say("hello", { fresh: true }, "7-3");
    const heard: number[] = [];
    document.body.addEventListener("live-kind:work_order.held", (event) => heard.push((event as CustomEvent<{ id: number }>).detail.id));
    const message = (id: number): object => ({ id, topic: "pool", kind: "work_order.held", payload: {} });
    stream().say("message", message(31), "7-31");
    stream().dispatchEvent(new Event("error"));
    await vi.advanceTimersByTimeAsync(2_000);
    // At least once: live may overtake what is read from the log, and what was open at the break comes twice.
    for (const id of [33, 31, 32, 33]) stream().say("message", message(id), "8-33");
    expect(heard).toEqual([31, 33, 32]);
  });

  it("refreshes everything when a gap cannot be filled", async () => {
    answers(token(), token());
    end = attach(live, document.body);
    await vi.advanceTimersByTimeAsync(1);
    stream().say("hello", { fresh: true }, "7-3");
    const pool = vi.fn();
    document.body.addEventListener("live:pool", pool);
    stream().say("reset", { reason: "gap" });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(pool).toHaveBeenCalledOnce();
    expect(stream().url).not.toContain("last=");
  });

  it("subscribes anew when the page shows something else", async () => {
    const asked = answers(token(), token());
    end = attach(live, document.body);
    await vi.advanceTimersByTimeAsync(1);
    const first = stream();
    first.say("hello", { fresh: true }, "7-3");
    document.querySelector("section")?.setAttribute("data-live-topic", "pool order:13");
    await vi.advanceTimersByTimeAsync(300);
    expect(String(asked.mock.calls[1]?.[0])).toContain("order%3A13");
    expect(first.closed).toBe(true);
    expect(stream().url).toContain("last=7-3");
  });

  it("asks for nothing where there is nothing to hear", async () => {
    document.querySelector("section")?.remove();
    const asked = answers();
    end = attach(live, document.body);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).not.toHaveBeenCalled();
  });
});
