import { describe, expect, it, vi } from "vitest";
import { Api, NoNetwork, Said } from "./api.ts";
import { ahead, left, metres, sorted, wind } from "./going.ts";
import { outlinesOf, wanted } from "./map.ts";
import { flush, followed, sendMine, type Shelf } from "./queue.ts";
import { missing, sheetOf } from "./sheets.ts";
import type { Basis, Item, Task } from "./types.ts";

const task = (more: Partial<Task> = {}): Task => ({
  id: 1, number: "JD1", revision: 3, title: "t", content: "", expectation: "", type: "help", type_name: "", category: "", urgency: "routine",
  urgency_name: "", state: "pending_sign", state_name: "", role: "lead", unit: "", from: "", instructions: "", mine: false, handler: "",
  due: "2026-03-02T10:00:00+08:00", owed: "", finish_due: null, created: "", address: "", division: "", division_code: "", latitude: null, longitude: null, citizen: true,
  steps: [["sign", false], ["contact", false], ["arrive", false], ["after", false], ["finish", false]], next: "sign", visit: true, findings: [["true", "属实"]],
  may: [], photos: [], messages: [], contacts: [], asked: [], ...more,
});
const item = (seq: number, more: Partial<Item> = {}): Item => ({
  seq, client_id: `c${seq}`, verb: "sign", assignment: 1, revision: 3, at: "2026-03-02T10:00:00Z", offset: 0, data: {}, title: "", label: "", photo: false, state: "waiting", ...more,
});

class Memory implements Shelf {
  constructor(public list: Item[]) {}
  items = (): Promise<{ items: Item[]; locked: number }> => Promise.resolve({ items: this.list.map((one) => ({ ...one })), locked: 0 });
  change = (one: Item): Promise<void> => { this.list = this.list.map((old) => (old.seq === one.seq ? one : old)); return Promise.resolve(); };
  remove = (seq: number): Promise<void> => { this.list = this.list.filter((one) => one.seq !== seq); return Promise.resolve(); };
  file = (): Promise<ArrayBuffer | null> => Promise.resolve(null);
  uid = (): Promise<string> => Promise.resolve("uid");
}

function api(answer: (body: { client_id: string; assignment: number; revision: number | null }) => unknown): { api: Api; sent: string[] } {
  const made = new Api("/");
  const sent: string[] = [];
  vi.spyOn(made, "post").mockImplementation((_path, body) => {
    const given = body as { client_id: string; assignment: number; revision: number | null };
    sent.push(`${given.client_id}@${given.revision}`);
    const found = answer(given);
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found as never);
  });
  return { api: made, sent };
}

describe("the queue", () => {
  it("sends in order, and what stands behind one's own act knows the order that it made", async () => {
    const shelf = new Memory([item(1, { assignment: 11 }), item(2, { assignment: 11, verb: "contact" }), item(3, { assignment: 12, revision: 9 })]);
    const { api: line, sent } = api((body) => ({ revision: (body.revision ?? 0) + 1 }));
    expect(await flush(line, shelf)).toBe("done");
    expect(sent).toEqual(["c1@3", "c2@4", "c3@9"]);
    expect(shelf.list).toEqual([]);
  });

  it("knows it too of what is done while the act is on its way", async () => {
    const shelf = new Memory([item(1, { assignment: 21 })]);
    const { api: line, sent } = api((body) => {
      if (body.client_id === "c1") shelf.list.push(item(2, { assignment: 21, verb: "contact" }));
      return { revision: (body.revision ?? 0) + 1 };
    });
    await flush(line, shelf);
    expect(sent).toEqual(["c1@3", "c2@4"]);
  });

  it("keeps what is refused, with all behind it, and goes on with the other tasks", async () => {
    const shelf = new Memory([item(1, { assignment: 31 }), item(2, { assignment: 31, verb: "contact" }), item(3, { assignment: 32 })]);
    const stale = new Said(409, "stale", "changed", { theirs: { revision: 8 }, task: null });
    const { api: line, sent } = api((body) => (body.assignment === 31 && body.revision === 3 ? stale : { revision: 9 }));
    expect(await flush(line, shelf)).toBe("done");
    expect(sent).toEqual(["c1@3", "c3@3"]);
    expect(shelf.list.map((one) => [one.seq, one.state])).toEqual([[1, "stale"], [2, "waiting"]]);
    await sendMine(shelf, shelf.list[0] as Item);
    expect(await flush(line, shelf)).toBe("done");
    expect(sent.slice(2)).toEqual(["c1@8", "c2@9"]);
  });

  it("loses nothing without a network", async () => {
    const shelf = new Memory([item(1, { assignment: 41 })]);
    const { api: line } = api(() => new NoNetwork());
    expect(await flush(line, shelf)).toBe("no_network");
    expect(shelf.list).toHaveLength(1);
  });

  it("leaves others' changes to be told: only what saw the same revision follows", () => {
    expect(followed([item(1), item(2, { revision: 2 }), item(3, { state: "stale" }), item(4, { assignment: 2 })], item(1), 4)).toEqual([]);
  });
});

describe("the way", () => {
  it("puts the nearer of two that end together first, and what waits last", () => {
    const near = task({ id: 1, latitude: 31.2, longitude: 121.4 });
    const far = task({ id: 2, latitude: 31.3, longitude: 121.4, due: "2026-03-02T10:05:00+08:00" });
    const early = task({ id: 3, due: "2026-03-02T08:00:00+08:00" });
    const waits = task({ id: 4, next: null, due: "2026-03-01T08:00:00+08:00" });
    expect(sorted([waits, far, near, early], { latitude: 31.2, longitude: 121.4 }).map((one) => one.id)).toEqual([3, 1, 2, 4]);
  });
  it("measures and names the wind", () => {
    document.documentElement.lang = "zh-hans";
    expect(Math.round(metres({ latitude: 31, longitude: 121 }, { latitude: 32, longitude: 121 }) / 1000)).toBe(111);
    expect(wind({ latitude: 31, longitude: 121 }, { latitude: 31, longitude: 122 })).toBe("东");
    expect(wind({ latitude: 31, longitude: 121 }, { latitude: 30, longitude: 121 })).toBe("南");
  });
  it("shows what will be when the queue is sent", () => {
    expect(ahead(task(), [item(1), item(2, { verb: "contact" })]).next).toBe("arrive");
    expect(ahead(task(), [item(1), item(2, { photo: true, verb: "photo", data: { kind: "after" } })]).steps[3]).toEqual(["after", true]);
    expect(ahead(task(), [item(1, { verb: "reply" })]).next).toBeNull();
    expect(ahead(task(), [item(1, { state: "refused" })]).next).toBe("sign");
  });
  it("says how much is left", () => {
    document.documentElement.lang = "zh-hans";
    const now = Date.parse("2026-03-02T10:00:00+08:00");
    expect(left("2026-03-02T13:20:00+08:00", now)).toEqual({ words: "还剩 3 小时 20 分", late: false, soon: true });
    expect(left("2026-03-02T09:50:00+08:00", now)).toEqual({ words: "超时 10 分", late: true, soon: false });
  });
});

describe("the reply form", () => {
  const basis = { reasons: {}, demand_findings: [["reasonable", "合理合法"]], plain: ["true"], visits: [["yes", "是"]], methods: [["phone", "电话"]], outcomes: [["solved", "实际解决"]], ask: [], below: [] } as unknown as Basis;
  const names = (one: Task): string[] => sheetOf("reply", one, basis)?.fields.map((field) => field.name) ?? [];
  it("asks nothing that the type does not need", () => {
    expect(names(task())).toContain("site_visit");
    expect(names(task({ visit: false }))).not.toContain("site_visit");
    expect(names(task({ findings: [] }))).not.toContain("fact_finding");
  });
  it("wants an explanation unless the finding speaks for itself", () => {
    const sheet = sheetOf("reply", task(), basis);
    const values = { fact_finding: "not_true", demand_finding: "reasonable", site_visit: "yes", outcome: "solved", method: "phone", text: "已修好并清理" };
    expect(sheet && missing(sheet, values)?.name).toBe("explanation");
    expect(sheet && missing(sheet, { ...values, fact_finding: "true" })).toBeUndefined();
  });
});

describe("the map of a task", () => {
  const drawn = { district: "/places/outlines/district.json?v=1", street: "/places/outlines/street.json?v=2" };

  it("shows the streets of the task's district, else the districts", () => {
    expect(outlinesOf({ division_code: "310115005000" }, drawn)).toBe("/places/outlines/street.json?v=2&within=310115");
    expect(outlinesOf({ division_code: "" }, drawn)).toBe(drawn.district);
    expect(outlinesOf({ division_code: "310115005000" }, { ...drawn, street: "" })).toBe(drawn.district);
  });

  it("keeps each district once, and nothing of tasks without a point", () => {
    const at = (id: number, code: string, latitude: number | null): Task => task({ id, division_code: code, latitude, longitude: latitude });
    const found = wanted([at(1, "310115005000", 31), at(2, "310115006000", 31), at(3, "310101", null)], drawn);
    expect(found).toHaveLength(3);
    expect(found[0]).toBe("/places/outlines/street.json?v=2&within=310115&detail=0");
    expect(wanted([at(1, "", 31)], { district: "", street: "" })).toEqual([]);
  });
});
