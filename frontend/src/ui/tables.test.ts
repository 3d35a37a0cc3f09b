import { expect, it } from "vitest";
import { labelTables } from "./tables.controller.ts";
import { page } from "./testing.ts";

it("names each cell by its column, and leaves tables with an arrangement of their own alone", () => {
  const root = page(`<div>
    <table class="rows" id="a"><thead><tr><th> 系统 </th><th colspan="2">期限</th><th><span class="visually-hidden">操作</span></th></tr></thead>
      <tbody><tr><td>甲</td><td>一</td><td> — </td><td>吊销</td></tr><tr><td colspan="3">合计</td><td>无</td></tr></tbody></table>
    <table class="rows stacked"><thead><tr><th>工单</th></tr></thead><tbody><tr><td>丙</td></tr></tbody></table>
    <table class="rows" data-across><thead><tr><th>单位</th></tr></thead><tbody><tr><td>丁</td></tr></tbody></table>
    <table class="rows"><tbody><tr><td>戊</td></tr></tbody></table></div>`);
  labelTables(root);
  expect([...root.querySelectorAll<HTMLElement>("#a td")].map((cell) => cell.dataset["label"])).toEqual(["系统", "期限", "期限", "", "", ""]);
  expect(root.querySelectorAll("[data-nothing]")).toHaveLength(1);
  expect(root.querySelectorAll("[data-labelled]")).toHaveLength(1);
});
