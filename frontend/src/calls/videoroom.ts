import { Mesh, type Ice, type MeshHooks, type Peer, type Signal } from "./mesh.ts";
import { post, Shut } from "./voice.ts";

/** One typed line. */
export interface Line {
  id: number;
  mine: boolean;
  who: string;
  text: string;
  at: string;
}

/** What the door says of a call: how it stands, whom this page sees, what is new. */
export interface Told {
  page: string;
  state: string;
  waits: boolean;
  over: boolean;
  words: string;
  may_rate: boolean;
  may_leave_number: boolean;
  peers: Peer[];
  lines: Line[];
  signals: Signal[];
  live?: { url: string; token: string };
  ice?: Ice;
}

export interface Doors {
  come: string;
  room: string;
  signal: string;
  type: string;
}

export interface RoomHooks extends Omit<MeshHooks, "send"> {
  told: (told: Told) => void;
  line: (line: Line) => void;
  /** The page is not heard: `lost` the network, `elsewhere` another window has the call, `gone` there is no such call (any more). */
  trouble: (why: "" | "lost" | "elsewhere" | "gone") => void;
}

const BEAT = 5_000;
const FIRST_BEAT = 1_500;
const AGAIN = 2_000;

/** A name that this load of the page gives itself. */
export function ownName(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

/**
 * A page's part in one call by video: it comes, hears by the live stream that something changed, asks what, and asks every few
 * seconds all the same, by which the platform knows that it is there.
 */
export class VideoRoom {
  readonly page = ownName();
  readonly mesh: Mesh;
  private source: EventSource | null = null;
  private timer = 0;
  private line = 0;
  private signal = 0;
  private asking = false;
  private more = false;
  private ended = false;
  private present = false;

  constructor(part: string, private readonly doors: Doors, private readonly key: string, private readonly hooks: RoomHooks) {
    this.mesh = new Mesh(part, { ...hooks, send: (to, kind, body) => this.post(doors.signal, { to, kind, body }) });
  }

  async come(): Promise<void> {
    if (this.ended) return;
    window.clearTimeout(this.timer);
    try {
      const told = (await this.post(this.doors.come, { page: this.page })) as Told;
      if (this.ended) return;
      this.present = true;
      if (told.ice) this.mesh.ice = told.ice;
      if (told.live) this.listen(told.live);
      this.take(told);
    } catch (error) {
      this.fail(error);
    }
  }

  post(url: string, fields: Record<string, string>): Promise<unknown> {
    return post(url, this.key ? { ...fields, key: this.key } : fields);
  }

  type(text: string): Promise<unknown> {
    return this.post(this.doors.type, { text });
  }

  end(): void {
    this.ended = true;
    window.clearTimeout(this.timer);
    this.source?.close();
    this.mesh.end();
  }

  private listen(live: { url: string; token: string }): void {
    this.source?.close();
    if (typeof EventSource === "undefined") return;
    const source = (this.source = new EventSource(`${live.url}?token=${encodeURIComponent(live.token)}`));
    const look = (): void => void this.look();
    source.addEventListener("message", look);
    source.addEventListener("hello", look);
    source.addEventListener("renew", () => void this.come());
    source.addEventListener("error", () => {
      // The beat goes on without it; a token that has ended is renewed.
      if (source.readyState === EventSource.CLOSED && this.source === source) {
        this.source = null;
        window.setTimeout(() => void this.come(), AGAIN);
      }
    });
  }

  /** Ask what there is; many wishes while one is asked become one more. */
  async look(): Promise<void> {
    if (this.ended) return;
    if (!this.present) return this.come();
    if (this.asking) {
      this.more = true;
      return;
    }
    this.asking = true;
    window.clearTimeout(this.timer);
    try {
      const answer = await fetch(`${this.doors.room}?line=${this.line}&signal=${this.signal}`, { headers: { Accept: "application/json", ...(this.key ? { "X-Video-Key": this.key } : {}) } });
      if (!answer.ok) throw new Shut(answer.status === 404 ? "gone" : `http_${answer.status}`, "");
      this.take((await answer.json()) as Told);
    } catch (error) {
      this.fail(error);
    } finally {
      this.asking = false;
      if (this.more) {
        this.more = false;
        void this.look();
      }
    }
  }

  private take(told: Told): void {
    if (this.ended) return;
    if (told.page !== this.page) {
      this.hooks.trouble("elsewhere");
      this.end();
      return;
    }
    this.hooks.trouble("");
    for (const line of told.lines) {
      if (line.id <= this.line) continue;
      this.line = line.id;
      this.hooks.line(line);
    }
    this.mesh.update(told.peers);
    for (const signal of told.signals) {
      if (signal.id <= this.signal) continue;
      this.signal = signal.id;
      this.mesh.hear(signal);
    }
    this.hooks.told(told);
    if (!told.over) this.next(["arrived", "greeting"].includes(told.state) ? FIRST_BEAT : BEAT);
  }

  private fail(error: unknown): void {
    if (this.ended) return;
    const gone = error instanceof Shut && error.code === "gone";
    this.hooks.trouble(gone ? "gone" : "lost");
    this.next(AGAIN);
  }

  private next(pause: number): void {
    window.clearTimeout(this.timer);
    if (!this.ended) this.timer = window.setTimeout(() => void this.look(), pause);
  }
}

// -- what both pages do with it --------------------------------------------------------------------------------------------------

export interface Cameras {
  stream: MediaStream | null;
  /** Why there is no picture of one's own, "" when there is. */
  fault: "" | "refused" | "absent" | "busy" | "unsafe";
}

/** Camera and microphone; without a microphone the camera, without a camera nothing, and why. */
export async function openCamera(sound: boolean): Promise<Cameras> {
  if (!navigator.mediaDevices?.getUserMedia) return { stream: null, fault: "unsafe" };
  const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 }, facingMode: "user" };
  let last: unknown = null;
  for (const audio of sound ? [true, false] : [false]) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio });
      for (const track of stream.getVideoTracks()) track.contentHint = "motion";
      return { stream, fault: "" };
    } catch (error) {
      last = error;
    }
  }
  const name = last instanceof Error ? last.name : "";
  return { stream: null, fault: name === "NotAllowedError" ? "refused" : name === "NotFoundError" ? "absent" : "busy" };
}

/** The pictures of the others, one figure each, in the order of their parts. */
export class Stage {
  constructor(private readonly box: HTMLElement) {}

  shows(peer: Peer, stream: MediaStream): void {
    let figure = this.box.querySelector<HTMLElement>(`[data-page="${peer.page}"]`);
    if (!figure) {
      figure = document.createElement("figure");
      figure.dataset["page"] = peer.page;
      figure.dataset["part"] = peer.part;
      const video = document.createElement("video");
      video.autoplay = true;
      video.playsInline = true;
      const caption = document.createElement("figcaption");
      caption.textContent = peer.name;
      figure.append(video, caption);
      this.box.append(figure);
    }
    const video = figure.querySelector("video") as HTMLVideoElement;
    if (video.srcObject !== stream) video.srcObject = stream;
    void video.play().catch(() => {
      // No sound before somebody touches the page; the picture must not wait for that.
      video.muted = true;
      void video.play().catch(() => undefined);
    });
    this.count();
  }

  link(peer: Peer, state: string): void {
    const figure = this.box.querySelector<HTMLElement>(`[data-page="${peer.page}"]`);
    if (figure) figure.dataset["link"] = state;
  }

  gone(peer: Peer): void {
    this.box.querySelector(`[data-page="${peer.page}"]`)?.remove();
    this.count();
  }

  clear(): void {
    this.box.replaceChildren();
    this.count();
  }

  private count(): void {
    this.box.dataset["many"] = String(this.box.children.length);
  }
}

/** A typed line at the end of the list, which is rolled there. */
export function addLine(list: HTMLElement, line: Line): void {
  const item = document.createElement("li");
  item.dataset["mine"] = String(line.mine);
  const head = document.createElement("span");
  head.className = "video-line-who";
  head.textContent = `${line.who} ${line.at}`;
  const text = document.createElement("span");
  text.className = "video-line-text";
  text.textContent = line.text;
  item.append(head, text);
  list.append(item);
  const box = list.parentElement;
  if (box) box.scrollTop = box.scrollHeight;
}
