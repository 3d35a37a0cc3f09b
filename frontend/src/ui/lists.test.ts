import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import columns from "./columns.controller.ts";
import menu from "./menu.controller.ts";
import palette from "./palette.controller.ts";
import reveal, { SHOWN } from "./reveal.controller.ts";
import rows from "./rows.controller.ts";
import { answers, attach, page, press } from "./testing.ts";

let end: () => void = () => undefined;
beforeEach(() => localStorage.clear());
afterEach(() => {
  end();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("rows", () => {
  const LIST = '<div data-controller="rows" data-follow><a data-row="1" href="#1">一</a><a data-row="2" href="#2" hidden>二</a><a data-row="3" href="#3">三</a></div>';

  it("moves by J and K over what is visible and opens as it goes", () => {
    const list = page(LIST);
    const opened: string[] = [];
    list.addEventListener("click", (event) => opened.push((event.target as HTMLElement).dataset["row"] ?? ""));
    end = attach(rows, list);
    press("j");
    press("j");
    press("j");
    press("k");
    expect(opened).toEqual(["1", "3", "1"]);
    expect(list.querySelector(".is-current")?.textContent).toBe("一");
  });

  it("keeps the chosen row when the list is drawn anew", () => {
    const list = page(LIST);
    end = attach(rows, list);
    press("k");
    list.innerHTML = '<a data-row="0" href="#0">新</a><a data-row="3" href="#3">三</a>';
    list.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
    expect(list.querySelector(".is-current")?.textContent).toBe("三");
  });

  it("is silent while somebody types", () => {
    const list = page(`<div>${LIST}<input id="i"></div>`).firstElementChild as HTMLElement;
    end = attach(rows, list);
    press("j", {}, document.getElementById("i") as HTMLElement);
    expect(list.querySelector(".is-current")).toBeNull();
  });

  it("leaves the keys to the list that holds the focus", () => {
    const [first, second] = [...page(`<div>${LIST}${LIST}</div>`).children] as [HTMLElement, HTMLElement];
    const ends = [attach(rows, first), attach(rows, second)];
    end = () => ends.forEach((each) => each());
    press("j");
    second.querySelector("a")?.focus();
    press("k");
    expect([first, second].map((list) => list.querySelector(".is-current")?.textContent)).toEqual(["一", "三"]);
  });
});

describe("columns", () => {
  const TABLE = `<div><div class="table-frame" data-columns-key="t"><table><thead><tr><th>工单</th><th data-column="place">地点</th></tr></thead>
    <tbody><tr><td>1</td><td>静安</td></tr><tr><td colspan="2">空</td></tr></tbody></table></div></div>`;

  it("hides a column, keeps the choice, and leaves wide cells alone", () => {
    const frame = page(TABLE).querySelector(".table-frame") as HTMLElement;
    end = attach(columns, frame);
    const box = document.querySelector<HTMLInputElement>(".column-menu input") as HTMLInputElement;
    box.checked = false;
    box.dispatchEvent(new Event("change"));
    expect([...frame.querySelectorAll<HTMLElement>("th, td")].map((cell) => cell.hidden)).toEqual([false, true, false, true, false]);
    end();
    const again = page(TABLE).querySelector(".table-frame") as HTMLElement;
    end = attach(columns, again);
    expect(again.querySelectorAll("th")[1]?.hidden).toBe(true);
  });
});

describe("menu", () => {
  it("closes beside it, by Esc and after a choice", () => {
    const element = page('<details open><summary>更多</summary><div><button class="menu-item">导出</button></div></details>') as HTMLDetailsElement;
    end = attach(menu, element);
    document.body.click();
    expect(element.open).toBe(false);
    element.open = true;
    press("Escape", {}, element);
    expect(element.open).toBe(false);
    element.open = true;
    element.querySelector("button")?.click();
    expect(element.open).toBe(false);
  });
});

describe("palette", () => {
  const open = (): HTMLInputElement => {
    page('<div><button data-opens-palette>找</button><nav class="side"><a href="#pool">派单池</a><a href="#board">督办台</a></nav></div>');
    document.body.dataset["paletteUrl"] = "/search/palette";
    end = attach(palette, document.body);
    document.querySelector("button")?.click();
    return document.querySelector<HTMLInputElement>(".palette-input") as HTMLInputElement;
  };
  const options = (): string[] => [...document.querySelectorAll("[role=option]")].map((row) => row.textContent ?? "");
  const type = async (input: HTMLInputElement, text: string): Promise<void> => {
    input.value = text;
    input.dispatchEvent(new Event("input"));
    await new Promise((done) => setTimeout(done, 160));
  };

  it("offers the pages at once, then what the server finds, and opens by Enter", async () => {
    answers(new Response('<a role="option" href="#JD1">JD1 路灯不亮</a>'));
    const input = open();
    expect(options()).toEqual(["派单池", "督办台"]);
    await type(input, "派单");
    expect(options()).toEqual(["JD1 路灯不亮", "派单池"]);
    const went = vi.fn((event: Event) => event.preventDefault());
    document.querySelector(".side a")?.addEventListener("click", went);
    press("ArrowDown", {}, input);
    expect(document.querySelector("[aria-selected=true]")?.textContent).toBe("派单池");
    press("Enter", {}, input);
    expect(went).toHaveBeenCalledOnce();
    expect(document.querySelector("dialog")).toBeNull();
  });

  it("says so when nothing is found", async () => {
    answers(new Response(""));
    await type(open(), "无此工单");
    expect(document.querySelector(".palette-none")?.textContent).toBe("没有找到，或不在您可见的范围内。");
  });
});

it("covers a revealed number again after a minute", () => {
  vi.useFakeTimers();
  const element = page('<span data-mask="138****1234">13812341234</span>');
  end = attach(reveal, element);
  vi.advanceTimersByTime(SHOWN - 1);
  expect(element.textContent).toBe("13812341234");
  vi.advanceTimersByTime(1);
  expect(element.textContent).toBe("138****1234");
});
