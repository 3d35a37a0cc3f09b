import { afterEach, describe, expect, it, vi } from "vitest";
import { startDialogs, startFirst } from "./openers.ts";
import rows from "./rows.controller.ts";
import { attach, page, press } from "./testing.ts";

let end: () => void = () => undefined;
afterEach(() => {
  end();
  (document.activeElement as HTMLElement | null)?.blur();
});

describe("the first thing focused", () => {
  const LIST = '<div data-controller="rows" data-first><p data-row="1"><a href="#1">一</a></p><p data-row="2"><a href="#2">二</a></p></div>';

  it("is the thing to do next", () => {
    page('<main><button id="a">甲</button><button id="b" data-first>乙</button></main>');
    startFirst();
    expect(document.activeElement?.id).toBe("b");
  });

  it("is the first row of a list, from where J goes on", () => {
    const list = page(LIST);
    startFirst();
    expect(document.activeElement?.textContent).toBe("一");
    end = attach(rows, list);
    press("j");
    expect(list.querySelector(".is-current")?.textContent).toBe("二");
  });

  it("is whatever the page itself asked for or somebody focused already", () => {
    page('<main><input id="own" autofocus><button data-first>乙</button></main>');
    startFirst();
    expect(document.activeElement).toBe(document.body);
    page('<main><input id="typed"><button data-first>乙</button></main>');
    document.getElementById("typed")?.focus();
    startFirst();
    expect(document.activeElement?.id).toBe("typed");
  });

  it("is nothing that cannot be done", () => {
    page('<main><button data-first aria-disabled="true">乙</button></main>');
    startFirst();
    expect(document.activeElement).toBe(document.body);
  });
});

describe("a number to copy", () => {
  it("goes to the clipboard, and the button says so", async () => {
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: (text: string) => Promise.resolve(written.push(text)) } });
    page('<main><button id="c" data-copies="SH20261123-006002">复制</button></main>');
    startDialogs();
    const button = document.getElementById("c") as HTMLElement;
    button.click();
    await vi.waitFor(() => expect(button.dataset["copied"]).toBe(""));
    expect(written).toEqual(["SH20261123-006002"]);
    vi.unstubAllGlobals();
  });
});
