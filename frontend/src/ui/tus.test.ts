import { afterEach, describe, expect, it, vi } from "vitest";
import { fitting, LEAST, MOST, Refused, send, type Sending } from "./tus.ts";

/** A server that keeps what it took, and cuts the line where it is told to. */
class Server {
  kept = new Uint8Array(0);
  sent = 0;
  asked: string[] = [];
  cuts: number[] = [];
  length = 0;
  gone = false;
  refuses: [number, string] | null = null;
  tokens = new Set(["good"]);

  handle = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const headers = init.headers as Record<string, string>;
    this.asked.push(`${init.method} ${headers["Upload-Offset"] ?? ""}`.trim());
    if (init.method !== "HEAD" && !this.tokens.has(headers["X-CSRFToken"] ?? "")) return new Response("csrf", { status: 403 });
    if (init.method === "POST") {
      if (this.refuses) return new Response(this.refuses[1], { status: this.refuses[0] });
      this.length = Number(headers["Upload-Length"]);
      [this.kept, this.gone] = [new Uint8Array(0), false];
      return new Response(null, { status: 201, headers: { Location: "/file/uploads/one/" } });
    }
    expect(String(url)).toContain("/file/uploads/one/");
    if (this.gone) return new Response(null, { status: 404 });
    if (init.method === "PATCH") {
      if (Number(headers["Upload-Offset"]) !== this.kept.length) return new Response("offset", { status: 409 });
      const body = new Uint8Array(await (init.body as Blob).arrayBuffer());
      const cut = this.cuts.shift();
      const taken = cut === undefined || cut < 0 ? body : body.slice(0, cut);
      this.sent += taken.length;
      this.kept = new Uint8Array([...this.kept, ...taken]);
      if (cut !== undefined) throw new TypeError("network");
    }
    const whole = this.kept.length === this.length ? { "Upload-Attachment": "7" } : {};
    return new Response(null, { status: 200, headers: { "Upload-Offset": String(this.kept.length), ...whole } });
  };
}

function sending(server: Server, more: Partial<Sending> = {}): Sending {
  vi.stubGlobal("fetch", server.handle);
  return { url: "/file/uploads/", draft: "k".repeat(24), name: "井盖.jpg", signal: new AbortController().signal, token: () => "good", wait: () => Promise.resolve(), ...more };
}

const photo = new Blob([Uint8Array.from({ length: 200_000 }, (_, at) => at % 251)]);
afterEach(() => vi.unstubAllGlobals());

describe("a file in pieces", () => {
  it("arrives whole, byte for byte, over three cuts and sends little twice", async () => {
    const server = new Server();
    server.cuts = [1000, 20_000, -1];
    const seen: number[] = [];
    expect(await send(photo, sending(server, { progress: (sent) => seen.push(sent) }))).toBe(7);
    expect(new Uint8Array(await photo.arrayBuffer())).toEqual(server.kept);
    expect(server.sent).toBe(200_000);
    expect(seen.at(-1)).toBe(200_000);
    expect(server.asked.filter((one) => one.startsWith("POST"))).toHaveLength(1);
  });

  it("goes on where an earlier page stood", async () => {
    const server = new Server();
    server.length = photo.size;
    server.kept = new Uint8Array(await photo.slice(0, 150_000).arrayBuffer());
    await send(photo, sending(server, { known: "http://localhost:3000/file/uploads/one/" }));
    expect(server.asked[0]).toBe("HEAD");
    expect(server.sent).toBe(50_000);
  });

  it("begins anew when the server has forgotten it", async () => {
    const server = new Server();
    server.gone = true;
    const begun = vi.fn();
    expect(await send(photo, sending(server, { known: "http://localhost:3000/file/uploads/one/", begun }))).toBe(7);
    expect(begun).toHaveBeenCalledOnce();
  });

  it("says the server's words and does not try again", async () => {
    const server = new Server();
    server.refuses = [413, "文件超过 30 MB"];
    const refused = await send(photo, sending(server)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect((refused as Refused).message).toBe("文件超过 30 MB");
    expect(server.asked).toEqual(["POST"]);
  });

  it("asks for a fresh token once, and takes no for an answer then", async () => {
    const server = new Server();
    let token = "old";
    expect(await send(photo, sending(server, { token: () => token, renew: () => { token = "good"; return Promise.resolve(); } }))).toBe(7);
    const never = await send(photo, sending(new Server(), { token: () => "old", renew: () => Promise.resolve() })).catch((error: unknown) => error);
    expect((never as Refused).status).toBe(403);
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const server = new Server();
    server.cuts = [0, 0, 0];
    const wait = (): Promise<void> => { stop.abort(); return Promise.reject(new DOMException("stopped", "AbortError")); };
    await expect(send(photo, sending(server, { signal: stop.signal, wait }))).rejects.toThrow("stopped");
  });
});

describe("how long a piece is", () => {
  it.each([[64_000, 2, 128_000], [64_000, 8, LEAST], [64_000, 0.01, 128_000], [MOST, 0.5, MOST], [LEAST, 60, LEAST]])("%i bytes in %f s: next %i", (before, seconds, next) => {
    expect(fitting(before, seconds)).toBe(next);
  });
});
