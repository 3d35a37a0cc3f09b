import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answers, attach, page } from "../ui/testing.ts";
import { beingTyped, saveDraft } from "./pop.ts";
import { levelOf } from "./ring.ts";
import telephone, { linkWords, soundOf } from "./telephone.controller.ts";
import { pauseBefore, post, Shut, troubleOf, Voice, type Link } from "./voice.ts";

vi.mock("htmx.org", () => ({ default: { ajax: vi.fn() } }));

class Track extends EventTarget {
  enabled = true;
  kind = "audio";
  stop = vi.fn();
}
class Stream {
  active = true;
  tracks = [new Track()];
  getTracks = (): Track[] => this.tracks;
  getAudioTracks = (): Track[] => this.tracks;
}

/** A connection that does what a test tells it. */
class Peer extends EventTarget {
  static all: Peer[] = [];
  iceGatheringState = "complete";
  connectionState = "new";
  localDescription = { sdp: "v=0 offer" };
  packets = 0;
  addTrack = vi.fn();
  close = vi.fn(() => {
    this.connectionState = "closed";
  });
  constructor() {
    super();
    Peer.all.push(this);
  }
  createOffer = (): Promise<object> => Promise.resolve({});
  setLocalDescription = (): Promise<void> => Promise.resolve();
  setRemoteDescription = (): Promise<void> => {
    this.become("connected");
    return Promise.resolve();
  };
  getSenders = (): object[] => [];
  getStats = (): Promise<Map<string, object>> => Promise.resolve(new Map([["a", { type: "inbound-rtp", packetsReceived: this.packets++ }]]));
  become(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

let links: Link[] = [];
const settle = async (milliseconds = 0): Promise<void> => {
  await vi.advanceTimersByTimeAsync(milliseconds);
};
function microphone(get: () => Promise<unknown>): void {
  vi.stubGlobal("navigator", { ...navigator, mediaDevices: { getUserMedia: get, addEventListener: vi.fn(), enumerateDevices: () => Promise.resolve([]) } });
}

beforeEach(() => {
  vi.useFakeTimers();
  Peer.all = [];
  links = [];
  vi.stubGlobal("RTCPeerConnection", Peer);
  microphone(() => Promise.resolve(new Stream()));
  sessionStorage.clear();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function made(open: (how: { last: string; here: boolean }) => Promise<{ leg: string; sdp: string }>): Voice {
  let last = "";
  return new Voice({
    open: (_sdp, how) => open(how),
    changed: (link) => links.push(link),
    last: { get: () => last, set: (leg) => (last = leg) },
  });
}

describe("the browser's sound", () => {
  it("connects, and after a break puts a new connection in the old one's place", async () => {
    const asked: { last: string; here: boolean }[] = [];
    const voice = made((how) => Promise.resolve({ leg: `leg-${asked.push(how)}`, sdp: "" }));
    voice.start();
    await settle();
    expect(links.at(-1)).toBe("on");
    Peer.all[0]?.become("failed");
    await settle(1_000);
    expect(links.at(-1)).toBe("broken");
    expect(Peer.all[0]?.close).not.toHaveBeenCalled();
    await settle(1_000);
    expect(links.at(-1)).toBe("on");
    expect(asked).toEqual([{ last: "", here: false }, { last: "leg-1", here: false }]);
    expect(Peer.all[0]?.close).toHaveBeenCalled();
    voice.stop();
    expect(links.at(-1)).toBe("off");
  });

  it("notices that nothing is heard any more, though the connection says that it stands", async () => {
    const voice = made(() => Promise.resolve({ leg: "leg", sdp: "" }));
    voice.start();
    await settle(5_000);
    expect(links.at(-1)).toBe("on");
    const peer = Peer.all[0] as Peer;
    peer.getStats = () => Promise.resolve(new Map([["a", { type: "inbound-rtp", packetsReceived: 7 }]]));
    await settle(5_500);
    expect(links).toContain("broken");
    voice.stop();
  });

  it("tries for ten seconds without a network and comes back by itself", async () => {
    let there = false;
    const voice = made(() => (there ? Promise.resolve({ leg: "leg", sdp: "" }) : Promise.reject(new Shut("", ""))));
    voice.start();
    await settle(10_000);
    expect(links.at(-1)).not.toBe("on");
    there = true;
    voice.retry();
    await settle();
    expect(links.at(-1)).toBe("on");
    voice.stop();
  });

  it("leaves the telephone to another window until it is told to take it", async () => {
    const voice = made(({ here }) => (here ? Promise.resolve({ leg: "leg", sdp: "" }) : Promise.reject(new Shut("elsewhere", "在别处"))));
    voice.start();
    await settle(20_000);
    expect(links.at(-1)).toBe("elsewhere");
    expect(Peer.all).toHaveLength(1);
    voice.start(true);
    await settle();
    expect(links.at(-1)).toBe("on");
    voice.stop();
  });

  it.each([["NotAllowedError", "refused"], ["NotFoundError", "absent"], ["NotReadableError", "busy"]])("%s means %s", async (name, link) => {
    microphone(() => Promise.reject(Object.assign(new Error("no"), { name })));
    const voice = made(() => Promise.resolve({ leg: "leg", sdp: "" }));
    voice.start();
    await settle();
    expect(links.at(-1)).toBe(link);
    expect(troubleOf(Object.assign(new Error(""), { name }))).toBe(link);
    expect(linkWords(link as Link, "").trouble).toBe(true);
  });

  it("says that a page without https cannot speak", async () => {
    vi.stubGlobal("navigator", {});
    made(() => Promise.reject(new Error("never"))).start();
    await settle();
    expect(links).toEqual(["unsafe"]);
  });

  it("mutes what is said, also of a microphone that comes later", async () => {
    const stream = new Stream();
    microphone(() => Promise.resolve(stream));
    const voice = made(() => Promise.resolve({ leg: "leg", sdp: "" }));
    voice.mute(true);
    voice.start();
    await settle();
    expect(stream.tracks[0]?.enabled).toBe(false);
    voice.mute(false);
    expect(stream.tracks[0]?.enabled).toBe(true);
    voice.stop();
    expect(stream.tracks[0]?.stop).toHaveBeenCalled();
  });
});

it("waits longer with each try, never all desks at once", () => {
  expect(pauseBefore(0, () => 0)).toBeLessThan(pauseBefore(0, () => 1));
  expect(pauseBefore(9, () => 0.5)).toBe(pauseBefore(4, () => 0.5));
  expect(pauseBefore(1, () => 0)).toBeGreaterThan(pauseBefore(0, () => 0));
});

it("reads what a door refuses", async () => {
  page("<div></div>");
  answers(new Response(JSON.stringify({ code: "elsewhere", title: "在别处" }), { status: 409, headers: { "Content-Type": "application/problem+json" } }), new Response("", { status: 404 }), new Error("offline"));
  await expect(post("/x", {})).rejects.toMatchObject({ code: "elsewhere", message: "在别处" });
  await expect(post("/x", {})).rejects.toMatchObject({ code: "gone" });
  await expect(post("/x", {})).rejects.toMatchObject({ code: "" });
});

it("rings for a call and for a colleague, sounds while calling out, is silent else", () => {
  expect(["ringing", "asked", "dialling", "talking", ""].map(soundOf)).toEqual(["ring", "ring", "calling", "", ""]);
});

it("measures how loud somebody is", () => {
  expect(levelOf(new Float32Array(512))).toBe(0);
  const loud = levelOf(new Float32Array(512).fill(0.5));
  expect(loud).toBeGreaterThan(levelOf(new Float32Array(512).fill(0.01)));
  expect(loud).toBeLessThanOrEqual(100);
});

describe("a demand being typed", () => {
  it("is what the server has not rendered, unless it is filed", () => {
    const form = page('<form id="desk-form"><input type="tel" name="phone" value="139"><textarea name="content"></textarea><div id="desk-outcome"></div></form>') as HTMLFormElement;
    expect(beingTyped(form)).toBe(false);
    (form.querySelector("textarea") as HTMLTextAreaElement).value = "路灯";
    expect(beingTyped(form)).toBe(true);
    (form.querySelector("#desk-outcome") as HTMLElement).innerHTML = '<dialog class="desk-filed"></dialog>';
    expect(beingTyped(form)).toBe(false);
  });

  it("is saved before another takes its place, or stays", async () => {
    const form = page("<form></form>") as HTMLFormElement;
    form.addEventListener("change", () => form.dispatchEvent(new CustomEvent("draft:saved")), { once: true });
    await expect(saveDraft(form)).resolves.toBe(true);
    const never = saveDraft(form, 50);
    await settle(60);
    await expect(never).resolves.toBe(false);
  });
});

describe("the bar", () => {
  const BAR = (state: string, call = ""): string => `<div id="softphone" data-leg-url="/leg" data-desk-url="/desk/">
    <section id="telephone" data-state="${state}" data-station="browser" data-call="${call}" data-way="in" data-caller="139****1234"></section>
    <div id="phone-sound" hidden><span id="phone-link"></span><button id="phone-mute"><span class="phone-words"></span></button></div>
    <p id="phone-notice" hidden><span class="phone-words"></span><button id="phone-notice-yes"></button><button id="phone-notice-no"></button></p></div>`;

  it("connects when the agent is signed in, mutes by its button, begins each conversation unmuted", async () => {
    const element = page(BAR("ready"));
    answers(new Response(JSON.stringify({ leg: "leg-1", sdp: "" }), { headers: { "Content-Type": "application/json" } }));
    const end = attach(telephone, element);
    await settle();
    expect(element.dataset["link"]).toBe("on");
    expect(sessionStorage.getItem("telephone:leg")).toBe("leg-1");
    const mute = element.querySelector("#phone-mute") as HTMLElement;
    mute.click();
    expect(mute.getAttribute("aria-pressed")).toBe("true");
    const bar = element.querySelector("#telephone") as HTMLElement;
    bar.dataset["state"] = "ringing";
    await settle();
    bar.dataset["state"] = "talking";
    await settle();
    expect(mute.getAttribute("aria-pressed")).toBe("false");
    end();
  });

  it("is turned away once by another window and asks no more until it is told to", async () => {
    const element = page(BAR("ready"));
    const asked = vi.fn(() => Promise.resolve(new Response(JSON.stringify({ code: "elsewhere", title: "在别处" }), { status: 409, headers: { "Content-Type": "application/problem+json" } })));
    vi.stubGlobal("fetch", asked);
    const end = attach(telephone, element);
    await settle(10_000);
    expect(element.dataset["link"]).toBe("elsewhere");
    const bar = element.querySelector("#telephone") as HTMLElement;
    bar.dataset["leg"] = "held";
    bar.dataset["state"] = "paused";
    await settle(10_000);
    expect(asked).toHaveBeenCalledTimes(1);
    (element.querySelector("#phone-notice-yes") as HTMLElement).click();
    await settle(10_000);
    expect(asked).toHaveBeenCalledTimes(2);
    bar.dataset["leg"] = "";
    await settle(10_000);
    expect(asked).toHaveBeenCalledTimes(3);  // the other window has gone: it is asked for again, once
    end();
  });

  it("asks before it takes the place of what is being typed", async () => {
    const element = page(BAR("ready"));
    document.body.insertAdjacentHTML("beforeend", '<form id="desk-form"><input type="hidden" name="call_id" value=""><textarea name="content"></textarea></form>');
    (document.querySelector("textarea") as HTMLTextAreaElement).value = "路灯";
    answers(new Response(JSON.stringify({ leg: "leg-1", sdp: "" }), { headers: { "Content-Type": "application/json" } }));
    const end = attach(telephone, element);
    await settle();
    const bar = element.querySelector("#telephone") as HTMLElement;
    bar.dataset["call"] = "7";
    bar.dataset["state"] = "ringing";
    await settle();
    const notice = element.querySelector("#phone-notice") as HTMLElement;
    expect(notice.hidden).toBe(false);
    expect(notice.textContent).toContain("139****1234");
    expect((document.querySelector("textarea") as HTMLTextAreaElement).value).toBe("路灯");
    (element.querySelector("#phone-notice-no") as HTMLElement).click();
    expect(notice.hidden).toBe(true);
    end();
  });
});
