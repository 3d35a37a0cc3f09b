import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import pick from "../workorders/pick.controller.ts";
import { attach, page, press } from "../ui/testing.ts";
import suggest, { PAUSE } from "./suggest.controller.ts";

/** The server's list: the first entry that begins with what was typed stands first. */
const UNITS = ["住房保障中心", "住建局", "人社局"];
let asked: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.stubGlobal("fetch", vi.fn((url: string) => {
    const text = new URL(url, "http://h").searchParams.get("q") ?? "";
    asked.push(text);
    const rows = UNITS.filter((name) => name.startsWith(text)).map((name) => `<li role="option" data-value="${name}" data-label="${name}">${name}</li>`);
    return Promise.resolve(new Response(rows.join("")));
  }));
});
let end: () => void = () => undefined;
afterEach(() => {
  end();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const FORMS = {
  suggest: '<form><div data-url="/units/" data-name="unit"><input role="combobox"><input type="hidden" name="unit"><ul id="l" role="listbox" hidden></ul></div></form>',
  pick: '<form><div data-pick-url="/units/" data-pick-name="unit"><span data-pick-chosen></span><input role="combobox"><ul id="l" role="listbox" hidden></ul></div></form>',
};

describe.each(["suggest", "pick"] as const)("%s", (kind) => {
  function box(typed = ""): { type: (text: string) => Promise<void>; key: (key: string) => Promise<KeyboardEvent>; value: () => string } {
    const form = page(FORMS[kind]);
    const input = form.querySelector<HTMLInputElement>("[role=combobox]") as HTMLInputElement;
    input.focus();
    input.value = typed;
    end = attach(kind === "suggest" ? suggest : pick, form.firstElementChild as HTMLElement);
    return {
      type: async (text) => {
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        await vi.advanceTimersByTimeAsync(0);
      },
      key: async (key) => {
        const event = press(key, {}, input);
        await vi.advanceTimersByTimeAsync(0);
        return event;
      },
      value: () => form.querySelector<HTMLInputElement>("input[type=hidden]")?.value ?? "",
    };
  }

  it("takes the first answer to what is typed, not to what was typed before", async () => {
    const unit = box();
    await unit.type("住");
    await vi.advanceTimersByTimeAsync(PAUSE + 20);
    await unit.type("住建");
    const event = await unit.key("Enter"); // the list on the screen still answers 住
    expect(event.defaultPrevented).toBe(true);
    expect(unit.value()).toBe("住建局");
    expect(asked).toEqual(["住", "住建"]);
    await vi.advanceTimersByTimeAsync(PAUSE * 3);
    expect(unit.value()).toBe("住建局");
  });

  it("Enter before any answer takes the first when it comes", async () => {
    const unit = box();
    await unit.type("人社");
    await unit.key("Enter");
    expect(unit.value()).toBe("人社局");
  });

  it("answers what was typed before the script was there", async () => {
    const unit = box("人社");
    await unit.key("ArrowDown");
    expect(asked[0]).toBe("人社");
    await unit.key("Enter");
    expect(unit.value()).toBe("人社局");
  });

  it("Enter asks again after an answer that never came", async () => {
    const answer = vi.mocked(fetch).getMockImplementation() as typeof fetch;
    vi.mocked(fetch).mockRejectedValueOnce(new TypeError("the line is down"));
    const unit = box();
    await unit.type("住建");
    await vi.advanceTimersByTimeAsync(PAUSE + 20);
    expect(unit.value()).toBe("");
    vi.mocked(fetch).mockImplementation(answer);
    await unit.key("Enter");
    expect(unit.value()).toBe("住建局");
  });

  it("nothing is taken when nothing is found", async () => {
    const unit = box();
    await unit.type("没有");
    const event = await unit.key("Enter");
    expect(event.defaultPrevented).toBe(true);
    expect(unit.value()).toBe("");
  });
});

it("a pick box says that no answer came", async () => {
  const form = page(FORMS.pick);
  vi.mocked(fetch).mockResolvedValueOnce(new Response("", { status: 502 }));
  const input = form.querySelector<HTMLInputElement>("[role=combobox]") as HTMLInputElement;
  input.value = "住建";
  end = attach(pick, form.firstElementChild as HTMLElement);
  await vi.advanceTimersByTimeAsync(0);
  expect(form.querySelector("#l")?.textContent).toContain("回车重试");
  expect(form.querySelector<HTMLElement>("#l")?.hidden).toBe(false);
});
