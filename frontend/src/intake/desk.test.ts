import { expect, test } from "vitest";
import { controlOf } from "./desk.controller.ts";

test("an error finds the control that a person types into", () => {
  document.body.innerHTML = `<form><input type="hidden" name="category"><input id="category-text" name="category_text">
    <input name="phone" id="phone"><div data-field="answers.period"><input type="radio" name="answers.period" value="x"></div></form>`;
  const form = document.querySelector("form") as HTMLElement;
  expect(controlOf(form, "category")?.id).toBe("category-text");
  expect(controlOf(form, "phone")?.id).toBe("phone");
  expect(controlOf(form, "answers.period")?.getAttribute("value")).toBe("x");
  expect(controlOf(form, "nothing")).toBeNull();
});
