import { describe, expect, it } from "vitest";
import { expanded, offered, typedKey, type Canned } from "./chatseat.controller.ts";

const rows: Canned[] = [
  { id: 1, key: "hello", title: "问候", text: "您好，请讲。" },
  { id: 2, key: "hours", title: "服务时间", text: "八点半到二十点。" },
  { id: 3, key: "bye", title: "问候结束", text: "再见。" },
];

describe("prepared answers", () => {
  it("finds the key that is being typed, and none within an address or a fraction", () => {
    expect(typedKey("/")).toBe("");
    expect(typedKey("您好 /ho")).toBe("ho");
    expect(typedKey("a/b")).toBeNull();
    expect(typedKey("/ho 再")).toBeNull();
  });

  it("offers by key first, then by title", () => {
    expect(offered(rows, "h").map((one) => one.id)).toEqual([1, 2]);
    expect(offered(rows, "问候").map((one) => one.id)).toEqual([1, 3]);
    expect(offered(rows, "").length).toBe(3);
    expect(offered(rows, "zz")).toEqual([]);
  });

  it("puts the words in place of the key alone", () => {
    expect(expanded("请看 /hours", rows[1] as Canned)).toBe("请看 八点半到二十点。");
    expect(expanded("/bye", rows[2] as Canned)).toBe("再见。");
  });
});
