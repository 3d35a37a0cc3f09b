import { afterEach, describe, expect, it, vi } from "vitest";
import { Refused } from "../ui/tus.ts";
import { page } from "../ui/testing.ts";
import { Photos } from "./photos.ts";
import { deliver, type Doors } from "./reports.ts";
import type { Kept, Report, Shelf } from "./shelf.ts";

/** The shelf in memory. */
class Memory {
  files_ = new Map<string, Kept>();
  reports_ = new Map<string, Report>();
  keep = (one: Kept): Promise<void> => { this.files_.set(one.id, { ...one }); return Promise.resolve(); };
  drop = (id: string): Promise<void> => { this.files_.delete(id); return Promise.resolve(); };
  files = (draft: string): Promise<Kept[]> => Promise.resolve([...this.files_.values()].filter((one) => one.draft === draft));
  forget = (draft: string): Promise<void> => {
    for (const one of [...this.files_.values()]) if (one.draft === draft) this.files_.delete(one.id);
    this.reports_.delete(draft);
    return Promise.resolve();
  };
}
const KEY = "k".repeat(32);
const file = (id: string, more: Partial<Kept> = {}): Kept => ({ id, draft: KEY, name: `${id}.jpg`, file: new Blob(["photo"], { type: "image/jpeg" }), url: "", attachment: 0, at: 1, ...more });
const report: Report = { draft: KEY, fields: { content: "井盖破了", latitude: "31.2" }, send: true, at: 1 };

function set(answer: Response | Error, more: Partial<Doors> = {}): { memory: Memory; shelf: Shelf; doors: Doors; asked: ReturnType<typeof vi.fn<typeof fetch>> } {
  const memory = new Memory();
  const asked = vi.fn<typeof fetch>(() => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)));
  vi.stubGlobal("fetch", asked);
  memory.reports_.set(KEY, report);
  const doors: Doors = { url: "/snap/", uploads: "/file/uploads/", token: () => "t", renew: () => Promise.resolve(), signal: new AbortController().signal, send: vi.fn(() => Promise.resolve(7)), ...more };
  return { memory, shelf: memory as unknown as Shelf, doors, asked };
}
afterEach(() => vi.unstubAllGlobals());

describe("a report that waited", () => {
  it("sends what photos are missing, then itself under its own key, and goes from the device", async () => {
    const { memory, shelf, doors, asked } = set(Response.json({ number: "SH1", next: "/file/done/" }));
    await memory.keep(file("one", { attachment: 5 }));
    await memory.keep(file("two"));
    expect(await deliver(shelf, report, doors)).toEqual({ is: "sent", number: "SH1", next: "/file/done/" });
    expect(doors.send).toHaveBeenCalledOnce();
    const body = asked.mock.calls[0]?.[1]?.body as FormData;
    expect([body.get("key"), body.get("do"), body.get("content")]).toEqual([KEY, "send", "井盖破了"]);
    expect([memory.files_.size, memory.reports_.size]).toEqual([0, 0]);
  });

  it.each([
    ["no network", new TypeError("Failed to fetch")],
    ["a server that is being restarted", new Response("", { status: 502 })],
    ["too many tries", new Response("", { status: 429 })],
  ])("stays as it is: %s", async (_what, answer) => {
    const { memory, shelf, doors } = set(answer);
    await memory.keep(file("one"));
    expect(await deliver(shelf, report, doors)).toEqual({ is: "later" });
    expect([memory.files_.size, memory.reports_.size]).toEqual([1, 1]);
  });

  it("is not begun while there is no network", async () => {
    const { shelf, doors, asked } = set(new Response(), { renew: () => Promise.reject(new TypeError("no network")) });
    expect(await deliver(shelf, report, doors)).toEqual({ is: "later" });
    expect(asked).not.toHaveBeenCalled();
  });

  it("says what the server does not take, and is not lost", async () => {
    const { memory, shelf, doors } = set(Response.json({ errors: { place: "请告诉我们位置" } }, { status: 422 }));
    expect(await deliver(shelf, report, doors)).toEqual({ is: "refused", words: ["请告诉我们位置"] });
    expect(memory.reports_.size).toBe(1);
    const broken = set(new Response(), { send: () => Promise.reject(new Refused("图片已损坏", 422)) });
    await broken.memory.keep(file("one"));
    expect(await deliver(broken.shelf, report, broken.doors)).toEqual({ is: "refused", words: ["图片已损坏"] });
  });
});

describe("photos of a page", () => {
  const photos = (send: () => Promise<number>, most = 0): { photos: Photos; list: HTMLElement; memory: Memory; removed: number[] } => {
    const list = page("<ul></ul>");
    const memory = new Memory();
    const removed: number[] = [];
    const made = new Photos({ list, draft: () => KEY, url: "/u/", most, token: () => "t", renew: () => Promise.resolve(), remove: (id) => removed.push(id), signal: new AbortController().signal, send }, memory as unknown as Shelf);
    return { photos: made, list, memory, removed };
  };

  it("are kept until they arrived, shown, and taken back", async () => {
    const { photos: made, list, memory, removed } = photos(() => Promise.resolve(9));
    made.add([new File(["x"], "井盖.jpg", { type: "image/jpeg" })]);
    expect(made.waiting).toBe(1);
    expect(await made.settled()).toBe(true);
    expect(list.querySelector("[data-stored='9']")?.textContent).toContain("井盖.jpg");
    expect([...memory.files_.values()][0]?.attachment).toBe(9);
    list.querySelector("button")?.click();
    expect(removed).toEqual([9]);
    expect(list.children).toHaveLength(0);
  });

  it("go on after a reload", async () => {
    const { photos: made, list, memory } = photos(() => Promise.resolve(9));
    await memory.keep(file("one", { url: "http://x/file/uploads/1/" }));
    await made.resume();
    expect(await made.settled()).toBe(true);
    expect(list.querySelectorAll("[data-stored]")).toHaveLength(1);
  });

  it("say why one was not taken, and do not keep it", async () => {
    const { photos: made, list, memory } = photos(() => Promise.reject(new Refused("图片已损坏，无法读取。", 422)));
    made.add([new File(["x"], "a.jpg")]);
    expect(await made.settled()).toBe(false);
    expect(list.querySelector("[role=alert]")?.textContent).toBe("图片已损坏，无法读取。");
    expect(memory.files_.size).toBe(0);
  });

  it("refuse one that is too large before sending it", async () => {
    const send = vi.fn(() => Promise.resolve(1));
    const { photos: made, list } = photos(send, 10);
    made.add([new File([new Uint8Array(40)], "大.jpg")]);
    expect(list.textContent).toContain("没有上传");
    expect(send).not.toHaveBeenCalled();
  });
});
