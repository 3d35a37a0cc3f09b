/**
 * What the phone keeps, in IndexedDB. Tasks and pictures lie under the key of the session, the queue under the key of
 * person and device; both keys are kept as objects whose bytes no script can read again. AES-256-GCM, a fresh nonce a record.
 */
import type { Item } from "./types.ts";

const NAME = "frontline";
const STORES = ["plain", "keys", "cache"] as const;
type Simple = (typeof STORES)[number];
interface Sealed { iv: Uint8Array<ArrayBuffer>; body: ArrayBuffer }
interface Queued { seq?: number; person: number; item: Sealed; file: Sealed | null }

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("store"));
  });
}

function opened(): Promise<IDBDatabase> {
  const asked = indexedDB.open(NAME, 1);
  asked.onupgradeneeded = () => {
    for (const name of STORES) asked.result.createObjectStore(name);
    asked.result.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
  };
  return done(asked);
}

/** 32 bytes of base64 as a key that encrypts and decrypts and is never given out again. */
export function keyOf(text: string): Promise<CryptoKey> {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

export async function seal(key: CryptoKey, body: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, body: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, body) };
}

export function unseal(key: CryptoKey, sealed: Sealed): Promise<ArrayBuffer> {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, key, sealed.body);
}

const text = new TextEncoder();
const words = new TextDecoder();

export class Store {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(): Promise<Store> {
    return new Store(await opened());
  }

  private get(store: Simple, name: string): Promise<unknown> {
    return done(this.db.transaction(store).objectStore(store).get(name)) as Promise<unknown>;
  }

  private put(store: Simple, name: string, value: unknown): Promise<unknown> {
    return done(this.db.transaction(store, "readwrite").objectStore(store).put(value, name));
  }

  private clear(store: Simple): Promise<unknown> {
    return done(this.db.transaction(store, "readwrite").objectStore(store).clear());
  }

  // ── what is no secret: which device, whose, until when, how wrong the clock is ──

  plain(name: string): Promise<unknown> {
    return this.get("plain", name);
  }

  setPlain(name: string, value: unknown): Promise<unknown> {
    return this.put("plain", name, value);
  }

  async uid(): Promise<string> {
    const known = (await this.plain("uid")) as string | undefined;
    if (known) return known;
    const made = crypto.randomUUID();
    await this.setPlain("uid", made);
    return made;
  }

  // ── keys ──

  async enter(person: number, until: string, cacheKey: string, queueKey: string): Promise<void> {
    if ((await this.plain("person")) !== person) await this.leave();
    else await this.clear("cache"); // of a session that is over: nobody holds its key any more
    await this.put("keys", "cache", await keyOf(cacheKey));
    await this.put("keys", "queue", await keyOf(queueKey));
    await this.setPlain("person", person);
    await this.setPlain("until", until);
  }

  /** Tasks, pictures, token and both keys go. The queue stays, locked, until its person signs in here again. */
  async leave(): Promise<void> {
    await this.clear("cache");
    await this.clear("keys");
    await this.setPlain("until", "");
  }

  private key(name: "cache" | "queue"): Promise<CryptoKey | undefined> {
    return this.get("keys", name) as Promise<CryptoKey | undefined>;
  }

  // ── tasks, pictures, token: gone with the session ──

  async keepBytes(name: string, body: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<void> {
    const key = await this.key("cache");
    if (key) await this.put("cache", name, await seal(key, body));
  }

  async bytes(name: string): Promise<ArrayBuffer | null> {
    const [key, sealed] = [await this.key("cache"), (await this.get("cache", name)) as Sealed | undefined];
    return key && sealed ? unseal(key, sealed).catch(() => null) : null;
  }

  keep(name: string, value: unknown): Promise<void> {
    return this.keepBytes(name, text.encode(JSON.stringify(value)));
  }

  async kept<T>(name: string): Promise<T | null> {
    const found = await this.bytes(name);
    return found ? (JSON.parse(words.decode(found)) as T) : null;
  }

  async names(): Promise<string[]> {
    return (await done(this.db.transaction("cache").objectStore("cache").getAllKeys())) as string[];
  }

  async forget(name: string): Promise<void> {
    await done(this.db.transaction("cache", "readwrite").objectStore("cache").delete(name));
  }

  // ── the queue ──

  async add(item: Item, file: ArrayBuffer | null = null): Promise<Item> {
    const key = await this.key("queue");
    const person = (await this.plain("person")) as number;
    if (!key) throw new Error("locked");
    const row: Queued = {
      person, item: await seal(key, text.encode(JSON.stringify(item))), file: file ? await seal(key, file) : null,
    };
    const seq = await done(this.db.transaction("queue", "readwrite", { durability: "strict" }).objectStore("queue").add(row));
    return { ...item, seq: seq as number };
  }

  async change(item: Item): Promise<void> {
    const key = await this.key("queue");
    const row = await this.row(item.seq);
    if (!key || !row) return;
    const sealed = await seal(key, text.encode(JSON.stringify(item)));
    await done(this.db.transaction("queue", "readwrite").objectStore("queue").put({ ...row, item: sealed }));
  }

  async remove(seq: number): Promise<void> {
    await done(this.db.transaction("queue", "readwrite").objectStore("queue").delete(seq));
  }

  private row(seq: number | undefined): Promise<Queued | undefined> {
    return done(this.db.transaction("queue").objectStore("queue").get(seq ?? -1)) as Promise<Queued | undefined>;
  }

  async file(seq: number | undefined): Promise<ArrayBuffer | null> {
    const [key, row] = [await this.key("queue"), await this.row(seq)];
    return key && row?.file ? unseal(key, row.file) : null;
  }

  /** This person's items in their order, and how many of others lie here locked. */
  async items(): Promise<{ items: Item[]; locked: number }> {
    const key = await this.key("queue");
    const person = await this.plain("person");
    const rows = (await done(this.db.transaction("queue").objectStore("queue").getAll())) as Queued[];
    const items: Item[] = [];
    let locked = 0;
    for (const row of rows) {
      const body = key && row.person === person ? await unseal(key, row.item).catch(() => null) : null;
      if (body) items.push({ ...(JSON.parse(words.decode(body)) as Item), seq: row.seq as number });
      else locked += 1;
    }
    return { items, locked };
  }
}
