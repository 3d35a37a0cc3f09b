import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { answers, attach, page } from "../ui/testing.ts";
import listening from "./listening.controller.ts";

vi.mock("htmx.org", () => ({ default: { ajax: vi.fn() } }));

/** As much of a connection as is needed to be told that it stands. */
class Peer extends EventTarget {
  iceGatheringState = "complete";
  connectionState = "connected";
  localDescription = { sdp: "v=0" };
  addTrack = vi.fn();
  close = vi.fn();
  createOffer = (): Promise<object> => Promise.resolve({});
  setLocalDescription = (): Promise<void> => Promise.resolve();
  setRemoteDescription = (): Promise<void> => Promise.resolve();
  getStats = (): Promise<Map<string, object>> => Promise.resolve(new Map());
}
const track = { enabled: true, stop: vi.fn(), addEventListener: vi.fn() };
const json = (body: object, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
let end: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", Peer);
  const stream = { active: true, getTracks: () => [track], getAudioTracks: () => [track] };
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: () => Promise.resolve(stream) }, sendBeacon: vi.fn() });
});
afterEach(() => {
  end();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function wall(): HTMLElement {
  const element = page(`<section id="listening" data-url="/watch" data-leave-url="/leave" hidden><span id="listening-state"></span>
    <button data-role="listen"></button><button data-role="whisper"></button><button id="listening-leave"></button></section>`);
  document.body.insertAdjacentHTML("beforeend", '<button id="seat" data-watch="listen" data-seat="7" data-name="周小满"></button>');
  end = attach(listening, element);
  return element;
}
const pressed = (element: HTMLElement): string[] => [...element.querySelectorAll<HTMLElement>("[aria-pressed=true]")].map((one) => one.dataset["role"] ?? "");

it("listens with a closed microphone, opens it to whisper, and leaves", async () => {
  const element = wall();
  const asked = answers(json({ leg: "leg-1", sdp: "" }), json({}), new Response(null, { status: 204 }));
  document.getElementById("seat")?.click();
  await vi.advanceTimersByTimeAsync(10);
  expect(element.hidden).toBe(false);
  expect(element.textContent).toContain("周小满");
  expect(pressed(element)).toEqual(["listen"]);
  expect(track.enabled).toBe(false);
  element.querySelector<HTMLElement>("[data-role=whisper]")?.click();
  await vi.advanceTimersByTimeAsync(10);
  expect(pressed(element)).toEqual(["whisper"]);
  expect(track.enabled).toBe(true);
  element.querySelector<HTMLElement>("#listening-leave")?.click();
  expect(element.hidden).toBe(true);
  expect(asked.mock.calls.map(([url]) => url)).toEqual(["/watch", "/watch", "/leave"]);
  expect(track.stop).toHaveBeenCalled();
});

it("says once why it cannot listen, and stays out", async () => {
  const element = wall();
  const asked = answers(json({ code: "nothing_to_hear", title: "该坐席当前没有通话。" }, 409));
  document.getElementById("seat")?.click();
  await vi.advanceTimersByTimeAsync(100);
  expect(document.querySelector(".toast-item")?.textContent).toContain("没有通话");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(element.hidden).toBe(true);
  expect(asked).toHaveBeenCalledOnce();
});
