/**
 * A browser's sound to and from the exchange: microphone, one WebRTC connection, and coming back by itself.
 *
 * Every connection is a new offer; the exchange puts its leg in the place of the one before, so that a call in progress goes on
 * after a reload or a break of the network. The old connection is let go only when the new one carries sound.
 */

/** Where the connection stands. `refused` … `busy` are the microphone's; `elsewhere` and `away` the exchange's. */
export type Link =
  | "off" | "asking" | "connecting" | "on" | "broken" | "elsewhere" | "away" | "rejected"
  | "refused" | "absent" | "busy" | "unsafe";

/** What the door answers. */
export interface Answer {
  leg: string;
  sdp: string;
}

/** Why the door did not answer: `code` of its problem document, "" when it was not reached. */
export class Shut extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

export interface Hooks {
  /** Gives the offer to the door. Throws Shut. */
  open: (sdp: string, how: { last: string; here: boolean }) => Promise<Answer>;
  changed: (link: Link, words: string) => void;
  /** The leg that this window had, kept over a reload. */
  last?: { get: () => string; set: (leg: string) => void };
}

const GATHER = 2_000;
const CONNECT = 8_000;
/** Milliseconds: a connection that says "disconnected" for so long, or brings nothing for so long, is made anew. */
export const PATIENCE = 3_000;
const PAUSES = [300, 700, 1_500, 3_000, 5_000];

/** Milliseconds before the next try, spread so that 800 desks do not come back in the same instant. */
export function pauseBefore(tries: number, random: () => number = Math.random): number {
  return (PAUSES[Math.min(tries, PAUSES.length - 1)] ?? 5_000) * (0.7 + 0.6 * random());
}

/** What a failed `getUserMedia` means to a person. */
export function troubleOf(error: unknown): Link {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "absent";
  return "busy";
}

export class Voice {
  link: Link = "off";
  stream: MediaStream | null = null;
  readonly player = new Audio();
  private peer: RTCPeerConnection | null = null;
  private wanted = false;
  private tries = 0;
  private timer = 0;
  private watch = 0;
  private round = 0;
  private heard = { packets: -1, at: 0 };
  private silent = false;

  constructor(private readonly hooks: Hooks, private readonly device: () => string = () => "", private readonly plain: () => boolean = () => false) {
    this.player.autoplay = true;
  }

  /** Connect and stay so. `here`: take the telephone from another window. */
  start(here = false): void {
    if (this.wanted && !here) return;
    this.wanted = true;
    this.tries = 0;
    void this.connect(here);
  }

  /** Let go of sound and microphone. */
  stop(): void {
    this.wanted = false;
    this.round += 1;
    window.clearTimeout(this.timer);
    window.clearInterval(this.watch);
    this.peer?.close();
    this.peer = null;
    this.release();
    this.say("off", "");
  }

  /** At once, as when the network is back. */
  retry(): void {
    if (!this.wanted || this.link === "on" || this.link === "connecting" || this.link === "asking") return;
    this.tries = 0;
    void this.connect(false);
  }

  get muted(): boolean {
    return this.silent;
  }

  mute(silent: boolean): void {
    this.silent = silent;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !silent;
  }

  /** Another microphone, also in the middle of a call. */
  async changeMicrophone(): Promise<void> {
    const before = this.stream;
    try {
      this.stream = await this.microphone();
    } catch (error) {
      this.say(troubleOf(error), "");
      return;
    }
    const track = this.stream.getAudioTracks()[0];
    if (track) await this.peer?.getSenders()[0]?.replaceTrack(track);
    before?.getTracks().forEach((one) => one.stop());
    this.say(this.link, "");
  }

  async changeSpeaker(id: string): Promise<void> {
    const player = this.player as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
    await player.setSinkId?.(id).catch(() => undefined);
  }

  private say(link: Link, words: string): void {
    this.link = link;
    this.hooks.changed(link, words);
  }

  private release(): void {
    this.stream?.getTracks().forEach((one) => one.stop());
    this.stream = null;
  }

  private async microphone(): Promise<MediaStream> {
    const id = this.device();
    const clean = !this.plain();
    const audio = { echoCancellation: clean, noiseSuppression: clean, autoGainControl: clean, ...(id ? { deviceId: { ideal: id } } : {}) };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    for (const track of stream.getAudioTracks()) {
      track.enabled = !this.silent;
      // A headset that was pulled out: whatever microphone there is now takes over.
      track.addEventListener("ended", () => {
        if (this.wanted && this.stream === stream) void this.changeMicrophone();
      });
    }
    return stream;
  }

  private async connect(here: boolean): Promise<void> {
    window.clearTimeout(this.timer);
    const mine = ++this.round;
    const late = (): boolean => mine !== this.round || !this.wanted;
    if (!navigator.mediaDevices?.getUserMedia || typeof RTCPeerConnection === "undefined") {
      this.say("unsafe", "");
      return;
    }
    if (!this.stream?.active) {
      this.say("asking", "");
      try {
        const stream = await this.microphone();
        if (late()) {
          stream.getTracks().forEach((one) => one.stop());
          return;
        }
        this.stream = stream;
      } catch (error) {
        if (!late()) this.say(troubleOf(error), "");
        return;
      }
    }
    this.say(this.peer ? "broken" : "connecting", "");
    const peer = new RTCPeerConnection();
    try {
      const answer = await this.negotiate(peer, here);
      if (late()) {
        peer.close();
        return;
      }
      this.hooks.last?.set(answer.leg);
      await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      await connected(peer);
      if (late()) {
        peer.close();
        return;
      }
      this.take(peer);
    } catch (error) {
      peer.close();
      if (late()) return;
      const shut = error instanceof Shut ? error : null;
      if (shut?.code === "elsewhere" || shut?.code === "gone") {
        this.stop();
        if (shut.code === "elsewhere") this.say("elsewhere", shut.message);
        return;
      }
      this.again(shut?.code === "exchange_away" ? "away" : shut?.code ? "rejected" : "broken", shut?.message ?? "");
    }
  }

  private async negotiate(peer: RTCPeerConnection, here: boolean): Promise<Answer> {
    const stream = this.stream as MediaStream;
    for (const track of stream.getAudioTracks()) peer.addTrack(track, stream);
    peer.addEventListener("track", (event) => {
      this.player.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      void this.player.play().catch(() => undefined);
    });
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    return this.hooks.open(peer.localDescription?.sdp ?? "", { last: this.hooks.last?.get() ?? "", here });
  }

  private take(peer: RTCPeerConnection): void {
    this.peer?.close();
    this.peer = peer;
    this.tries = 0;
    this.heard = { packets: -1, at: performance.now() };
    let since = 0;
    window.clearInterval(this.watch);
    this.watch = window.setInterval(() => {
      if (this.peer !== peer) return;
      since = peer.connectionState === "disconnected" ? since || performance.now() : 0;
      if (peer.connectionState === "failed" || peer.connectionState === "closed" || (since && performance.now() - since > PATIENCE)) this.again("broken", "");
      else void this.listen(peer);
    }, 1_000);
    this.say("on", "");
  }

  /** The exchange sends without a pause, silence too; nothing at all means that the way is broken. */
  private async listen(peer: RTCPeerConnection): Promise<void> {
    let packets = -1;
    for (const report of (await peer.getStats()).values()) {
      if ((report as { type?: string }).type === "inbound-rtp") packets = (report as { packetsReceived?: number }).packetsReceived ?? 0;
    }
    if (this.peer !== peer || this.link !== "on") return;
    if (packets !== this.heard.packets) this.heard = { packets, at: performance.now() };
    else if (performance.now() - this.heard.at > PATIENCE) this.again("broken", "");
  }

  private again(link: Link, words: string): void {
    window.clearInterval(this.watch);
    window.clearTimeout(this.timer);
    this.say(link, words);
    if (!this.wanted) return; // whoever was told has let go
    this.timer = window.setTimeout(() => void this.connect(false), pauseBefore(this.tries));
    this.tries += 1;
  }
}

async function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === "complete") return;
  await new Promise<void>((done) => {
    const timer = window.setTimeout(done, GATHER);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      window.clearTimeout(timer);
      done();
    });
  });
}

async function connected(peer: RTCPeerConnection): Promise<void> {
  if (peer.connectionState === "connected") return;
  await new Promise<void>((done, fail) => {
    const timer = window.setTimeout(() => fail(new Error("no connection")), CONNECT);
    peer.addEventListener("connectionstatechange", () => {
      if (peer.connectionState === "connected") {
        window.clearTimeout(timer);
        done();
      } else if (peer.connectionState === "failed") {
        window.clearTimeout(timer);
        fail(new Error("no connection"));
      }
    });
  });
}

/** Posts to one of our doors and reads its JSON; whatever else comes back is told as Shut. */
export async function post(url: string, fields: Record<string, string>): Promise<unknown> {
  const headers = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>;
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST", body: new URLSearchParams(fields), headers: { ...headers, Accept: "application/json", "HX-Request": "true" },
    });
  } catch {
    throw new Shut("", "");
  }
  if (response.status === 401) document.body.dispatchEvent(new CustomEvent("session-expired"));
  if (response.status === 204) return {};
  const json = response.headers.get("Content-Type")?.includes("json") ? ((await response.json()) as Record<string, unknown>) : {};
  if (!response.ok) throw new Shut(String(json["code"] ?? (response.status === 404 ? "gone" : `http_${response.status}`)), String(json["title"] ?? ""));
  return json;
}
