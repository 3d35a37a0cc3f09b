import { afterEach, describe, expect, it, vi } from "vitest";
import shortcuts, { isTyping, keysOnPage, written } from "./shortcuts.controller.ts";
import { attach, page, press } from "./testing.ts";

let end: () => void = () => undefined;
afterEach(() => end());

describe("written", () => {
  it.each([
    [{ key: "J" }, "j"], [{ key: "k", ctrlKey: true }, "ctrl+k"], [{ key: "F9" }, "f9"], [{ key: "?", shiftKey: true }, "?"],
    [{ key: "Enter", shiftKey: true }, "shift+enter"], [{ key: "Escape" }, "esc"], [{ key: "k", metaKey: true }, "ctrl+k"],
  ])("%o is %s", (init, text) => expect(written(new KeyboardEvent("keydown", init))).toBe(text));
});

it("knows where typing happens", () => {
  page('<div><input id="a"><input id="b" type="checkbox"><textarea id="c"></textarea><button id="d"></button></div>');
  const typing = ["a", "b", "c", "d"].map((id) => isTyping(document.getElementById(id)));
  expect(typing).toEqual([true, false, true, false]);
});

describe("shortcuts", () => {
  it("clicks by key, focuses fields, and is silent while typing", () => {
    page('<div><button data-key="d">派单 <span class="keys">D</span></button><input id="f" data-key="/"><button data-key="f9">生成</button></div>');
    const [dispatch, make] = [...document.querySelectorAll("button")].map((button) => {
      const clicked = vi.fn();
      button.addEventListener("click", clicked);
      return clicked;
    });
    end = attach(shortcuts, document.body);
    press("d");
    expect(dispatch).toHaveBeenCalledOnce();
    press("/");
    const field = document.getElementById("f") as HTMLInputElement;
    expect(document.activeElement).toBe(field);
    press("d", {}, field);
    expect(dispatch).toHaveBeenCalledOnce();
    press("F9", {}, field);
    expect(make).toHaveBeenCalledOnce();
  });

  it("understands sequences and leaves disabled things alone", () => {
    page('<div><a href="#p" data-key="g p">派单池</a><button data-key="x" disabled>不行</button></div>');
    const went = vi.fn((event: Event) => event.preventDefault());
    document.querySelector("a")?.addEventListener("click", went);
    end = attach(shortcuts, document.body);
    press("p");
    expect(went).not.toHaveBeenCalled();
    press("g");
    press("p");
    expect(went).toHaveBeenCalledOnce();
    expect(press("x").defaultPrevented).toBe(false);
  });

  it("does not act in the middle of choosing Chinese characters", () => {
    page('<button data-key="d">派单</button>');
    const clicked = vi.fn();
    document.querySelector("button")?.addEventListener("click", clicked);
    end = attach(shortcuts, document.body);
    press("d", { isComposing: true });
    expect(clicked).not.toHaveBeenCalled();
  });

  it("lists the keys of the page", () => {
    page('<div><button data-key="d">派单 <span class="keys">D</span></button><ol data-controller="rows"></ol></div>');
    expect(keysOnPage().map(({ keys, label }) => `${keys}=${label}`)).toEqual([
      "d=派单", "j=下一行", "k=上一行", "enter=打开这一行", "?=显示这张表",
    ]);
  });
});
