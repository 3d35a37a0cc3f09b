/** Files of a draft on a page: kept on the device, sent by tus, shown with their progress, taken back. */
import { say } from "../ui/language.ts";
import { Refused, send, type Sending } from "../ui/tus.ts";
import { size } from "../ui/upload.controller.ts";
import type { Kept, Shelf } from "./shelf.ts";

export interface Place {
  list: HTMLElement;
  draft: () => string;
  url: string;
  most: number;
  token: () => string;
  renew: () => Promise<void>;
  /** Tells the server that a stored file is not wanted any more. */
  remove: (attachment: number) => void;
  signal: AbortSignal;
  send?: typeof send;
}

function span(name: string, text: string): HTMLElement {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}

export class Photos {
  private readonly going = new Map<string, Promise<boolean>>();

  constructor(private readonly place: Place, private readonly shelf: Shelf | null) {}

  /** Files that were being sent when the page went away. */
  async resume(): Promise<void> {
    for (const one of (await this.shelf?.files(this.place.draft())) ?? []) void this.start(one);
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (this.place.most && file.size > this.place.most) {
        this.row({ id: "", draft: "", name: file.name, file, url: "", attachment: 0, at: 0 }).fail(
          say({ zh: "文件 {size}，超过 {most} 的上限，没有上传。", en: "{size} is more than the limit of {most}; not sent." }, { size: size(file.size), most: size(this.place.most) }));
        continue;
      }
      const one: Kept = { id: crypto.randomUUID(), draft: this.place.draft(), name: file.name || "photo.jpg", file, url: "", attachment: 0, at: Date.now() };
      void this.start(one);
    }
  }

  /** True when every file arrived. */
  async settled(): Promise<boolean> {
    return (await Promise.all(this.going.values())).every(Boolean);
  }

  get waiting(): number {
    return this.place.list.querySelectorAll("[data-sending]").length;
  }

  private start(one: Kept): Promise<boolean> {
    const work = this.run(one);
    this.going.set(one.id, work);
    return work;
  }

  private async run(one: Kept): Promise<boolean> {
    const stop = new AbortController();
    this.place.signal.addEventListener("abort", () => stop.abort());
    const row = this.row(one, () => {
      stop.abort();
      void this.shelf?.drop(one.id);
      this.going.delete(one.id);
      if (one.attachment) this.place.remove(one.attachment);
      else if (one.url) void fetch(one.url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0", "Draft-Key": one.draft, "X-CSRFToken": this.place.token() } }).catch(() => undefined);
      row.element.remove();
    });
    try {
      await this.shelf?.keep(one).catch(() => undefined); // a full disk must not stop the sending
      const sending: Sending = {
        url: this.place.url, draft: one.draft, name: one.name, known: one.url, signal: stop.signal, token: this.place.token, renew: this.place.renew,
        begun: (url) => { one.url = url; return this.shelf?.keep(one).catch(() => undefined); },
        progress: (sent, whole) => row.progress(sent / whole),
      };
      if (!one.attachment) one.attachment = await (this.place.send ?? send)(one.file, sending);
      await this.shelf?.keep(one).catch(() => undefined);
      row.stored();
      this.place.list.dispatchEvent(new CustomEvent("photos:stored", { bubbles: true, detail: one.attachment }));
      return true;
    } catch (error) {
      if (stop.signal.aborted) return true; // taken back, or the page goes away
      await this.shelf?.drop(one.id).catch(() => undefined);
      this.going.delete(one.id);
      row.fail(error instanceof Refused && error.message ? error.message : say({ zh: "没有上传成功，请再试一次。", en: "Not sent; please try again." }));
      return false;
    }
  }

  private row(one: Kept, gone: () => void = () => undefined): { element: HTMLElement; progress: (part: number) => void; stored: () => void; fail: (why: string) => void } {
    const element = document.createElement("li");
    const bar = document.createElement("progress");
    const stop = document.createElement("button");
    const name = span("upload-name", one.name);
    name.title = one.name;
    bar.max = 100;
    bar.setAttribute("aria-label", one.name);
    stop.type = "button";
    stop.className = "btn btn-sm";
    stop.textContent = say({ zh: "取消", en: "Cancel" });
    stop.setAttribute("aria-label", `${stop.textContent} ${one.name}`);
    stop.addEventListener("click", () => { gone(); element.remove(); });
    element.dataset["sending"] = one.id;
    if (one.file.type.startsWith("image/") && typeof URL.createObjectURL === "function") {
      const picture = document.createElement("img");
      picture.alt = "";
      picture.src = URL.createObjectURL(one.file);
      picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
      picture.addEventListener("error", () => picture.remove(), { once: true }); // HEIC shows on few browsers
      element.append(picture);
    }
    element.append(name, bar, stop);
    this.place.list.append(element);
    const removes = (): void => {
      stop.textContent = say({ zh: "移除", en: "Remove" });
      stop.setAttribute("aria-label", `${stop.textContent} ${one.name}`);
    };
    return {
      element,
      progress: (part) => { bar.value = Math.round(100 * part); },
      stored: () => { bar.replaceWith(span("text-secondary", size(one.file.size))); delete element.dataset["sending"]; element.dataset["stored"] = String(one.attachment); removes(); },
      fail: (why) => {
        delete element.dataset["sending"];
        const fault = span("upload-fault", why);
        fault.setAttribute("role", "alert");
        bar.replaceWith(fault);
        removes();
      },
    };
  }
}
