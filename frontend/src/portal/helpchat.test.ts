import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import connect, { keep, kept } from "./helpchat.controller.ts";

const PAGE = `<div id="help" data-say-url="/help/say/"><section id="help-pane" data-state="machine"></section><div id="help-unsent"></div><p id="help-trouble" hidden></p>
<form id="help-form"><input type="hidden" name="csrfmiddlewaretoken" value="t"><textarea id="help-text"></textarea><button type="submit">x</button></form></div>`;

function begin(): { form: HTMLFormElement; field: HTMLTextAreaElement; stop: AbortController } {
  document.body.innerHTML = PAGE;
  const stop = new AbortController();
  Element.prototype.scrollIntoView = (): void => undefined;
  connect(document.querySelector("#help") as HTMLElement, stop.signal);
  return { form: document.querySelector("#help-form") as HTMLFormElement, field: document.querySelector("#help-text") as HTMLTextAreaElement, stop };
}

function sent(call: unknown[]): URLSearchParams {
  return (call[1] as { body: URLSearchParams }).body;
}

describe("sending in the online help", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    sessionStorage.clear();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("keeps what could not be sent and sends it again under the same id", async () => {
    const ask = vi.fn().mockRejectedValueOnce(new TypeError("away")).mockResolvedValue(new Response('<section id="help-pane" data-state="machine">ok</section>'));
    vi.stubGlobal("fetch", ask);
    const { form, field, stop } = begin();
    field.value = "路灯坏了";
    form.requestSubmit();
    await vi.advanceTimersByTimeAsync(0);
    expect(field.value).toBe("");
    expect(kept(sessionStorage)).toHaveLength(1);
    expect((document.querySelector("#help-trouble") as HTMLElement).hidden).toBe(false);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(sent(ask.mock.calls[0] as unknown[]).get("client")).toBe(sent(ask.mock.calls[1] as unknown[]).get("client"));
    expect(kept(sessionStorage)).toEqual([]);
    expect(document.querySelector("#help-pane")?.textContent).toBe("ok");
    stop.abort();
  });

  it("gives refused words back to the field", async () => {
    vi.stubGlobal("fetch", vi.fn().mockResolvedValue(new Response("太快了", { status: 429, headers: { "Content-Type": "text/plain" } })));
    const { form, field, stop } = begin();
    field.value = "第九句";
    form.requestSubmit();
    await vi.advanceTimersByTimeAsync(0);
    expect(field.value).toBe("第九句");
    expect(document.querySelector("#help-trouble")?.textContent).toBe("太快了");
    stop.abort();
  });

  it("sends after a reload what the former page left", async () => {
    keep(sessionStorage, [{ client: "a1", text: "还在吗" }]);
    const ask = vi.fn().mockResolvedValue(new Response('<section id="help-pane"></section>'));
    vi.stubGlobal("fetch", ask);
    const { stop } = begin();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent(ask.mock.calls[0] as unknown[]).get("client")).toBe("a1");
    stop.abort();
  });

  it("shows markup as text", () => {
    vi.stubGlobal("fetch", vi.fn().mockReturnValue(new Promise(() => undefined)));
    const { form, field, stop } = begin();
    field.value = "<img src=x onerror=alert(1)>";
    form.requestSubmit();
    expect(document.querySelector("#help-unsent img")).toBeNull();
    stop.abort();
  });
});
