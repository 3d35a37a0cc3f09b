/**
 * What a citizen's browser keeps until it is sent: photos with where their upload stands, and a report that waits for the
 * network. In IndexedDB, on this device only; gone when it was sent, given up, signed out, or after a week.
 */
export interface Kept { id: string; draft: string; name: string; file: Blob; url: string; attachment: number; at: number }
export interface Report { draft: string; fields: Record<string, string>; send: boolean; at: number }
const WEEK = 7 * 24 * 3600 * 1000;

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("shelf"));
  });
}

export class Shelf {
  private constructor(private readonly db: IDBDatabase) {}

  /** Null where the browser keeps nothing (private windows of some): then a reload loses what was not sent. */
  static async open(): Promise<Shelf | null> {
    try {
      const asked = indexedDB.open("portal", 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("files", { keyPath: "id" });
        asked.result.createObjectStore("reports", { keyPath: "draft" });
      };
      const shelf = new Shelf(await done(asked));
      await shelf.expire(Date.now() - WEEK);
      return shelf;
    } catch {
      return null;
    }
  }

  private store(name: "files" | "reports", write = false): IDBObjectStore {
    return this.db.transaction(name, write ? "readwrite" : "readonly").objectStore(name);
  }

  private async expire(before: number): Promise<void> {
    for (const one of (await done(this.store("files").getAll())) as Kept[]) if (one.at < before) await this.drop(one.id);
    for (const one of (await done(this.store("reports").getAll())) as Report[]) if (one.at < before) await this.forget(one.draft);
  }

  async keep(one: Kept): Promise<void> {
    await done(this.store("files", true).put(one));
  }

  async drop(id: string): Promise<void> {
    await done(this.store("files", true).delete(id));
  }

  async files(draft: string): Promise<Kept[]> {
    const all = (await done(this.store("files").getAll())) as Kept[];
    return all.filter((one) => one.draft === draft).sort((one, other) => one.at - other.at);
  }

  async note(report: Report): Promise<void> {
    await done(this.store("reports", true).put(report));
  }

  async reports(): Promise<Report[]> {
    return (await done(this.store("reports").getAll())) as Report[];
  }

  /** A report and its photos. */
  async forget(draft: string): Promise<void> {
    for (const one of await this.files(draft)) await this.drop(one.id);
    await done(this.store("reports", true).delete(draft));
  }

  async clear(): Promise<void> {
    await done(this.store("files", true).clear());
    await done(this.store("reports", true).clear());
  }
}
