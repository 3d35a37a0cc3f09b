import { expect, test } from "vitest";
import { neighbour } from "./pool.controller.ts";
import { step } from "./suggest.controller.ts";

test("the row after the one that went comes next, at the end the one before, then none", () => {
  expect(neighbour(["a", "b", "c"], 0)).toBe("b");
  expect(neighbour(["a", "b", "c"], 2)).toBe("b");
  expect(neighbour(["a"], 0)).toBeUndefined();
});

test("suggestions go round", () => {
  expect(step(-1, 1, 3)).toBe(0);
  expect(step(-1, -1, 3)).toBe(2);
  expect(step(2, 1, 3)).toBe(0);
  expect(step(0, -1, 3)).toBe(2);
  expect(step(0, 1, 0)).toBe(-1);
});
