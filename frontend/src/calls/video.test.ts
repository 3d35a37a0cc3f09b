import { afterEach, describe, expect, it, vi } from "vitest";
import { answers as fetched, attach, page } from "../ui/testing.ts";
import videovisit, { faultWords } from "../portal/videovisit.controller.ts";
import { answering, answers, Mesh, withSound, type Peer } from "./mesh.ts";
import { shows } from "./videocall.controller.ts";
import { addLine, ownName, Stage } from "./videoroom.ts";

const peer = (name: string, offers = true): Peer => ({ page: name, part: "agent", name: "手语坐席", offers });

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("connections", () => {
  it("bring sound between citizen and staff alone", () => {
    expect([withSound("citizen", "agent"), withSound("helper", "citizen"), withSound("agent", "helper")]).toEqual([true, true, false]);
  });

  it("take an answer for the offer that it answers", () => {
    const offer = "v=0\r\no=- 111 2 IN IP4 127.0.0.1\r\n";
    const answer = answering("v=0\r\no=- 333 2 IN IP4 127.0.0.1\r\n", offer);
    expect(answers(answer, offer)).toBe(true);
    expect(answers(answer, offer.replace("111", "222"))).toBe(false);
  });

  it("are made for whom the room names, and let go with them", () => {
    vi.useFakeTimers();
    class Fake extends EventTarget {
      static made = 0;
      static closed = 0;
      constructor() {
        super();
        Fake.made += 1;
      }
      addTransceiver = (): void => undefined;
      createOffer = (): Promise<never> => Promise.reject(new Error("no network"));
      close = (): void => void (Fake.closed += 1);
    }
    vi.stubGlobal("RTCPeerConnection", Fake);
    vi.stubGlobal("MediaStream", class {});
    const gone: string[] = [];
    const mesh = new Mesh("citizen", { send: () => Promise.resolve(), shows: () => undefined, gone: (one) => gone.push(one.page), link: () => undefined });
    mesh.update([peer("a"), peer("b", false)]);
    mesh.update([peer("a"), peer("b", false)]);
    expect(Fake.made).toBe(1);
    mesh.update([peer("b", false)]);
    expect([gone, Fake.closed]).toEqual([["a"], 1]);
    mesh.end();
    expect(gone).toEqual(["a", "b"]);
  });
});

describe("the agent's pictures", () => {
  it("open with a call by video in the window that has the telephone", () => {
    expect(shows("video", "ringing", "on")).toBe(true);
    expect(shows("video", "talking", "broken")).toBe(true);
    expect([shows("voice", "talking", "on"), shows("video", "wrap_up", "on"), shows("video", "talking", "elsewhere"), shows("video", "talking", "")]).toEqual([false, false, false, false]);
  });

  it("stand one a page, and typed words are no markup", () => {
    page('<div id="stage"></div><div><ol id="lines"></ol></div>');
    const box = document.querySelector("#stage") as HTMLElement;
    const stage = new Stage(box);
    vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue(undefined);
    stage.shows(peer("a"), new MediaStream());
    stage.shows(peer("a"), new MediaStream());
    expect([box.children.length, box.dataset["many"]]).toEqual([1, "1"]);
    stage.gone(peer("a"));
    expect(box.dataset["many"]).toBe("0");
    const lines = document.querySelector("#lines") as HTMLElement;
    addLine(lines, { id: 1, mine: false, who: "市民", text: "<img src=x>", at: "09:00" });
    expect(lines.querySelector("img")).toBeNull();
    expect(lines.textContent).toContain("<img src=x>");
  });
});

describe("a citizen's page", () => {
  it("names itself anew each time", () => {
    const names = [ownName(), ownName()];
    expect(names[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(names[0]).not.toBe(names[1]);
  });

  it("goes on without a camera, says why, and ends with what is to be done", async () => {
    page(`<div id="visit" data-key="k" data-come-url="/come" data-room-url="/room" data-leave-url="/leave" data-rate-url="/rate">
      <p id="visit-words" tabindex="-1"></p><p id="visit-note" hidden></p><div id="visit-live"><div id="visit-stage"></div><video id="visit-self"></video>
      <button id="visit-open" hidden></button><button id="visit-camera"></button><button id="visit-microphone"></button><button id="visit-end"></button>
      <form id="visit-number" hidden><input id="visit-phone"></form></div>
      <section id="visit-over" hidden><div id="visit-rate" hidden><button data-grade="2"></button></div></section>
      <ol id="visit-lines"></ol><form id="visit-type"><input id="visit-text"></form></div>`);
    const asked = fetched(Response.json({ page: "", state: "ended", over: true, words: "", lines: [], signals: [], peers: [] }));
    asked.mockImplementation((_url, init) => {
      const own = new URLSearchParams(String((init as RequestInit).body)).get("page") ?? "";
      return Promise.resolve(Response.json({ page: own, state: "ended", over: true, words: "通话已结束。", may_rate: true, may_leave_number: false, lines: [], signals: [], peers: [] }));
    });
    const end = attach(videovisit, document.querySelector("#visit") as HTMLElement);
    await vi.waitFor(() => expect((document.querySelector("#visit-over") as HTMLElement).hidden).toBe(false));
    expect((document.querySelector("#visit-rate") as HTMLElement).hidden).toBe(false);
    expect(document.querySelector("#visit-words")?.textContent).toBe("通话已结束。");
    expect(faultWords("refused")).toContain("摄像头");
    end();
  });
});
