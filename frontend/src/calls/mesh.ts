/**
 * Pictures from browser to browser: one WebRTC connection to each page that this one sees now.
 *
 * The room says who those are and which of two makes the offer; offers and answers go by the platform, whole, with their
 * candidates. A connection that breaks is made anew by whoever offers; the other asks for it. A page that was loaded anew has
 * another name, so that it is a new peer. Sound goes along between citizen and staff alone: staff hear one another by the exchange.
 */

export interface Peer {
  page: string;
  part: string;
  name: string;
  offers: boolean;
}

export interface Signal {
  id: number;
  from: string;
  kind: string;
  body: string;
}

export interface Ice {
  servers: RTCIceServer[];
  relayed: boolean;
}

export interface MeshHooks {
  send: (to: string, kind: string, body: string) => Promise<unknown>;
  shows: (peer: Peer, stream: MediaStream) => void;
  gone: (peer: Peer) => void;
  /** `on`, `connecting`, `broken`: how it stands with this peer. */
  link: (peer: Peer, state: string) => void;
}

const GATHER = 2_000;
/** Milliseconds that a connection may take, or say "disconnected", before it is made anew. */
export const PATIENCE = 12_000;
export const BROKEN = 4_000;
/** Bits a second of one picture: signs are read from motion, so frames are kept and detail gives way. */
const MOST_BITS = 900_000;

export function withSound(mine: string, theirs: string): boolean {
  return (mine === "citizen") !== (theirs === "citizen");
}

const session = (sdp: string): string => /^o=\S+ (\d+)/m.exec(sdp)?.[1] ?? "";

/** An answer that names its offer: of two offers that crossed, an answer to the first must not be taken for the second's. */
export function answering(answer: string, offer: string): string {
  return `${answer}a=x-offer:${session(offer)}\r\n`;
}

export function answers(answer: string, offer: string): boolean {
  return answer.includes(`a=x-offer:${session(offer)}\r\n`);
}

class Connection {
  peer: RTCPeerConnection | null = null;
  private since = performance.now();
  private lost = 0;
  private asked = 0;

  constructor(readonly to: Peer, private readonly mesh: Mesh) {
    if (to.offers) void this.offer();
    mesh.hooks.link(to, "connecting");
  }

  private fresh(): RTCPeerConnection {
    this.peer?.close();
    this.since = performance.now();
    this.lost = 0;
    const { servers, relayed } = this.mesh.ice;
    const peer = (this.peer = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: relayed ? "relay" : "all" }));
    const stream = new MediaStream();
    peer.addEventListener("track", (event) => {
      stream.addTrack(event.track);
      this.mesh.hooks.shows(this.to, stream);
    });
    peer.addEventListener("connectionstatechange", () => {
      if (this.peer !== peer || peer.connectionState !== "connected") return;
      this.mesh.hooks.link(this.to, "on");
      void this.shape(peer);
    });
    return peer;
  }

  /** Our tracks; where there is none, the wish to see all the same. */
  private tracks(peer: RTCPeerConnection, offering: boolean): void {
    const own = this.mesh.stream;
    for (const kind of this.sorts()) {
      const track = own?.getTracks().find((one) => one.kind === kind);
      if (track && own) peer.addTrack(track, own);
      else if (offering) peer.addTransceiver(kind, { direction: "recvonly" });
    }
  }

  private sorts(): string[] {
    return withSound(this.mesh.part, this.to.part) ? ["video", "audio"] : ["video"];
  }

  private async shape(peer: RTCPeerConnection): Promise<void> {
    const sender = peer.getSenders().find((one) => one.track?.kind === "video");
    if (!sender) return;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings ?? []) encoding.maxBitrate = MOST_BITS;
    (parameters as { degradationPreference?: string }).degradationPreference = "maintain-framerate";
    await sender.setParameters(parameters).catch(() => undefined);
  }

  async offer(): Promise<void> {
    const peer = this.fresh();
    try {
      this.tracks(peer, true);
      await peer.setLocalDescription(await peer.createOffer());
      await gathered(peer);
      if (this.peer === peer) await this.mesh.hooks.send(this.to.page, "offer", peer.localDescription?.sdp ?? "");
    } catch {
      // The watch makes another.
    }
  }

  async hear(kind: string, body: string): Promise<void> {
    if (kind === "again" && this.to.offers) {
      if (performance.now() - this.since > BROKEN) await this.offer();
    } else if (kind === "offer" && !this.to.offers) {
      const peer = this.fresh();
      this.tracks(peer, false);
      await peer.setRemoteDescription({ type: "offer", sdp: body });
      await peer.setLocalDescription(await peer.createAnswer());
      await gathered(peer);
      if (this.peer === peer) await this.mesh.hooks.send(this.to.page, "answer", answering(peer.localDescription?.sdp ?? "", body));
    } else if (kind === "answer" && this.peer?.signalingState === "have-local-offer" && answers(body, this.peer.localDescription?.sdp ?? "")) {
      await this.peer.setRemoteDescription({ type: "answer", sdp: body });
    }
  }

  watch(): void {
    const now = performance.now();
    const state = this.peer?.connectionState ?? "new";
    if (state === "connected") {
      this.lost = 0;
      return;
    }
    this.lost = state === "disconnected" ? this.lost || now : this.lost;
    const late = state === "failed" || (this.lost && now - this.lost > BROKEN) || now - this.since > (this.peer ? PATIENCE : BROKEN);
    if (!late || now - this.asked < BROKEN) return;
    this.asked = now;
    this.mesh.hooks.link(this.to, "broken");
    if (this.to.offers) void this.offer();
    else void this.mesh.hooks.send(this.to.page, "again", "").catch(() => undefined);
  }

  /** Another camera or microphone, or one at last. */
  async replace(): Promise<void> {
    const peer = this.peer;
    if (!peer) return;
    let missing = false;
    for (const kind of this.sorts()) {
      const track = this.mesh.stream?.getTracks().find((one) => one.kind === kind) ?? null;
      const sender = peer.getSenders().find((one) => one.track?.kind === kind);
      if (sender) await sender.replaceTrack(track).catch(() => undefined);
      else if (track) missing = true;
    }
    if (!missing) return;
    if (this.to.offers) await this.offer();
    else await this.mesh.hooks.send(this.to.page, "again", "").catch(() => undefined);
  }

  end(): void {
    this.peer?.close();
    this.peer = null;
    this.mesh.hooks.gone(this.to);
  }
}

export class Mesh {
  stream: MediaStream | null = null;
  ice: Ice = { servers: [], relayed: false };
  private readonly connections = new Map<string, Connection>();
  private readonly timer = window.setInterval(() => this.connections.forEach((one) => one.watch()), 1_000);

  constructor(readonly part: string, readonly hooks: MeshHooks) {}

  /** Those whom this page sees now; everybody else is let go. */
  update(peers: Peer[]): void {
    const wanted = new Set(peers.map((one) => one.page));
    for (const [page, connection] of this.connections) {
      if (wanted.has(page)) continue;
      this.connections.delete(page);
      connection.end();
    }
    for (const peer of peers) if (!this.connections.has(peer.page)) this.connections.set(peer.page, new Connection(peer, this));
  }

  hear(signal: Signal): void {
    void this.connections.get(signal.from)?.hear(signal.kind, signal.body).catch(() => undefined);
  }

  async use(stream: MediaStream | null): Promise<void> {
    this.stream = stream;
    for (const connection of this.connections.values()) await connection.replace();
  }

  end(): void {
    window.clearInterval(this.timer);
    this.update([]);
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
