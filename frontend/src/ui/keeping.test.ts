import { Idiomorph } from "idiomorph";
import { beforeAll, expect, it } from "vitest";
import { startKeeping } from "./keeping.ts";
import { page } from "./testing.ts";

beforeAll(() => startKeeping(Idiomorph));

const LIST = (name: string): string =>
  `<div id="live"><details id="m"><summary>更多</summary></details><p>${name}</p>` +
  '<input id="box" type="checkbox" value="3"><input id="why"><textarea id="long"></textarea><input id="version" type="hidden" value="' + name + '"></div>';

const by = <T extends Element>(id: string): T => document.getElementById(id) as unknown as T;

it("a live refresh keeps the open menu, the checked box and the typed words, and renews the rest", () => {
  const live = page(LIST("1"));
  by<HTMLDetailsElement>("m").open = true;
  by<HTMLInputElement>("box").checked = true;
  by<HTMLInputElement>("why").value = "传错了";
  by<HTMLTextAreaElement>("long").value = "写到一半";
  Idiomorph.morph(live, LIST("2"), { morphStyle: "outerHTML" });
  expect(by<HTMLDetailsElement>("m").open).toBe(true);
  expect(by<HTMLInputElement>("box").checked).toBe(true);
  expect(by<HTMLInputElement>("why").value).toBe("传错了");
  expect(by<HTMLTextAreaElement>("long").value).toBe("写到一半");
  expect(by<HTMLInputElement>("version").value).toBe("2");
  expect(live.querySelector("p")?.textContent).toBe("2");
});

it("what nobody touched follows the server", () => {
  const live = page('<div id="live"><input id="box" type="checkbox"><input id="why" value="旧"></div>');
  Idiomorph.morph(live, '<div id="live"><input id="box" type="checkbox" checked><input id="why" value="新"></div>', { morphStyle: "outerHTML" });
  expect(by<HTMLInputElement>("box").checked).toBe(true);
  expect(by<HTMLInputElement>("why").value).toBe("新");
});
