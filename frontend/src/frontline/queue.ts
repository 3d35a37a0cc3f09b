/** Sends what was done, in order, task by task. What is refused waits for its person; the other tasks go on. */
import { type Api, NoNetwork, NoSession, Said } from "./api.ts";
import type { Item, Task, Theirs } from "./types.ts";

/** What of the store the queue needs. */
export interface Shelf {
  items(): Promise<{ items: Item[]; locked: number }>;
  change(item: Item): Promise<void>;
  remove(seq: number): Promise<void>;
  file(seq: number | undefined): Promise<ArrayBuffer | null>;
  uid(): Promise<string>;
}

export type Ended = "done" | "no_network" | "no_session";
interface Answer { revision: number }

/** Items after one that was done: those that saw the order as it was then see it as it is now, for the change was one's own. */
export function followed(items: Item[], one: Item, revision: number): Item[] {
  const later = items.filter((item) => item.seq !== one.seq && item.assignment === one.assignment && item.state === "waiting");
  return later.filter((item) => item.revision === one.revision).map((item) => ({ ...item, revision }));
}

/** `assignment:revision` that one's own act made another; what is done while that act is on its way saw the older one. */
const passed = new Map<string, number>();

function seen(item: Item): Item {
  let revision = item.revision;
  for (let step = 0; step < 50 && revision !== null; step += 1) {
    const newer = passed.get(`${item.assignment}:${revision}`);
    if (newer === undefined || newer === revision) break;
    revision = newer;
  }
  return { ...item, revision };
}

async function send(api: Api, shelf: Shelf, item: Item): Promise<Answer> {
  const envelope = {
    client_id: item.client_id, device: await shelf.uid(), verb: item.verb, assignment: item.assignment, revision: item.revision,
    at: item.at, sent_at: new Date().toISOString(), offset: item.offset, data: item.data,
  };
  if (!item.photo) return api.post<Answer>("acts", envelope);
  const form = new FormData();
  form.set("envelope", JSON.stringify(envelope));
  form.set("file", new Blob([(await shelf.file(item.seq)) ?? new ArrayBuffer(0)], { type: "image/jpeg" }), "photo.jpg");
  return api.json<Answer>("photos", { method: "POST", body: form });
}

/** One pass over the queue; `told` hears of each item that moved. */
export async function flush(api: Api, shelf: Shelf, told: () => void = () => undefined): Promise<Ended> {
  const blocked = new Set<number>();
  for (;;) {
    const { items } = await shelf.items();
    for (const item of items) if (item.state !== "waiting") blocked.add(item.assignment);
    const found = items.find((one) => one.state === "waiting" && !blocked.has(one.assignment));
    if (!found) return "done";
    const item = seen(found);
    try {
      const answer = await send(api, shelf, item);
      // First the ones behind it: killed in between, this one is asked again and gets the same answer.
      if (!item.photo && item.revision !== null) {
        passed.set(`${item.assignment}:${item.revision}`, answer.revision);
        for (const next of followed((await shelf.items()).items, found, answer.revision)) await shelf.change(next);
      }
      await shelf.remove(item.seq as number);
    } catch (error) {
      if (error instanceof NoSession) return "no_session";
      if (error instanceof NoNetwork) return "no_network";
      if (!(error instanceof Said)) throw error;
      const stale = error.code === "stale";
      const faults = Object.values((error.body["errors"] ?? {}) as Record<string, unknown>).map(String);
      await shelf.change({
        ...item, state: stale ? "stale" : "refused", said: [error.message, ...faults].join(" "),
        theirs: error.body["theirs"] as Theirs, task: error.body["task"] as Task | null,
      });
    }
    told();
  }
}

/** The person has seen both sides and wants theirs sent: it, and what stands behind it, now know the newer order. */
export async function sendMine(shelf: Shelf, item: Item): Promise<void> {
  const revision = item.theirs?.revision ?? item.task?.revision ?? item.revision;
  const { items } = await shelf.items();
  for (const next of items) {
    if (next.assignment === item.assignment && next.seq !== item.seq && next.revision === item.revision) await shelf.change({ ...next, revision });
  }
  const { said: _said, theirs: _theirs, task: _task, ...rest } = item;
  await shelf.change({ ...rest, revision, state: "waiting" });
}
