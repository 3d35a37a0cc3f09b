import WaveSurfer from "wavesurfer.js";
import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

const STEP = 5;

/** 187 seconds are 3:07. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Index of the last of `starts` (rising) that is not after `at`; -1 before the first. */
export function lastBefore(starts: readonly number[], at: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The two halves of a row of peaks, 0..255, as what the waveform draws, -1..1. */
export function sides(peaks: string): [number[], number[]] {
  const all = peaks ? peaks.split(",").map((one) => Number(one) / 255) : [0, 0];
  const half = all.length >> 1;
  return [all.slice(0, half), all.slice(half)];
}

interface Track {
  surfer: WaveSurfer;
  /** Milliseconds of the call at which this recording begins. */
  offset: number;
  seconds: number;
}

/**
 * A recorded call: the waveform of both sides, its words lit as they are said, a word leads to where it was said. The
 * sound comes in parts as it is played; the waveform is drawn from the server's peaks, so nothing is loaded before.
 */
const connect: Connect = (element, signal) => {
  const lines = [...element.querySelectorAll<HTMLElement>("[data-lines] > [data-at]")];
  const words = lines
    .flatMap((line) => [...line.querySelectorAll<HTMLElement>("span[data-at]")])
    .sort((one, other) => Number(one.dataset["at"]) - Number(other.dataset["at"]));
  const starts = words.map((word) => Number(word.dataset["at"]));
  const lineOf = new Map(words.map((word) => [word, word.closest<HTMLElement>("[data-until]")]));
  let lit: HTMLElement | null = null;
  const colour = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim() || "#666";
  // The waveform brings a style of its own, which the pages' policy lets in by this alone.
  const nonce = element.dataset["nonce"] ?? "";

  /** Lights what is said at this millisecond of the call. */
  const light = (at: number): void => {
    const word = words[lastBefore(starts, at)] ?? null;
    const line = word ? (lineOf.get(word) ?? null) : null;
    const now = word && line && at <= Number(line.dataset["until"]) + 300 ? word : null;
    if (now === lit) return;
    const before = lit ? lineOf.get(lit) : null;
    lit?.removeAttribute("data-lit");
    now?.setAttribute("data-lit", "");
    lit = now;
    const current = now ? line : null;
    if (before !== current) {
      before?.removeAttribute("aria-current");
      current?.setAttribute("aria-current", "true");
      if (current && !element.contains(document.activeElement)) current.scrollIntoView({ block: "nearest" });
    }
  };

  const tracks: Track[] = [];
  for (const place of element.querySelectorAll<HTMLElement>("[data-track]")) {
    const wave = place.querySelector<HTMLElement>("[data-wave]");
    const url = place.dataset["url"];
    if (!wave || !url) continue;
    const seconds = Number(place.dataset["seconds"]) || 0;
    const offset = Number(place.dataset["offset"]) || 0;
    const audio = new Audio();
    audio.preload = "none";
    audio.src = url;
    const side = (name: string): { waveColor: string; progressColor: string } => ({
      waveColor: colour(`--replay-${name}-soft`), progressColor: colour(`--replay-${name}`),
    });
    const surfer = WaveSurfer.create({
      container: wave, media: audio, peaks: sides(place.dataset["peaks"] ?? ""), duration: Math.max(seconds, 0.1),
      height: 44, barWidth: 2, barGap: 1, cursorColor: colour("--ink"), dragToSeek: true, cspNonce: nonce,
      splitChannels: [side("citizen"), side("agent")],
    });
    const part = <T extends HTMLElement>(name: string): T | null => place.querySelector<T>(`[data-${name}]`);
    const shown = (at: number): void => {
      const now = part("now");
      if (now) now.textContent = clock(at);
      light(offset + at * 1000);
    };
    const whole = part("whole");
    if (whole) whole.textContent = clock(seconds);
    const state = (playing: boolean): void => {
      part("play")?.setAttribute("aria-pressed", String(playing));
      const label = part("play-words");
      if (label) label.textContent = playing ? say({ zh: "停", en: "Stop" }) : say({ zh: "播放", en: "Play" });
    };
    surfer.on("play", () => state(true));
    surfer.on("pause", () => state(false));
    surfer.on("finish", () => state(false));
    surfer.on("timeupdate", shown);
    surfer.on("interaction", (at: number) => shown(at));
    surfer.on("error", () => {
      state(false);
      part("trouble")?.removeAttribute("hidden");
    });
    part("play")?.addEventListener("click", () => void surfer.playPause().catch(() => undefined), { signal });
    part("back")?.addEventListener("click", () => surfer.skip(-STEP), { signal });
    part("on")?.addEventListener("click", () => surfer.skip(STEP), { signal });
    part<HTMLSelectElement>("speed")?.addEventListener("change", (event) => {
      surfer.setPlaybackRate(Number((event.target as HTMLSelectElement).value), true);
    }, { signal });
    signal.addEventListener("abort", () => surfer.destroy());
    tracks.push({ surfer, offset, seconds });
  }

  const jump = (at: number): void => {
    const track = tracks.findLast((one) => one.offset <= at + 50) ?? tracks[0];
    light(at);
    if (!track) return;
    for (const other of tracks) if (other !== track) other.surfer.pause();
    track.surfer.setTime(Math.max(0, (at - track.offset) / 1000));
    void track.surfer.play().catch(() => undefined);
  };
  element.addEventListener("click", (event) => {
    const at = event.target as Element;
    const button = at.closest<HTMLElement>("[data-jump]");
    const word = at.closest<HTMLElement>(".replay-text span[data-at]");
    if (button) jump(Number(button.dataset["jump"]));
    // Who marks words to copy them does not want to hear them.
    else if (word && (document.getSelection()?.toString() ?? "") === "") jump(Number(word.dataset["at"]));
  }, { signal });

  // -- search inside --
  const field = element.querySelector<HTMLInputElement>("[data-find]");
  const count = element.querySelector("[data-found]");
  let hits: HTMLElement[] = [];
  let here = -1;
  const go = (step: number): void => {
    if (hits.length === 0) return;
    hits[here]?.removeAttribute("data-here");
    here = (here + step + hits.length) % hits.length;
    const hit = hits[here];
    hit?.setAttribute("data-here", "");
    hit?.scrollIntoView({ block: "center" });
    if (count) count.textContent = say({ zh: "第 {at} 处，共 {n} 处", en: "{at} of {n}" }, { at: here + 1, n: hits.length });
  };
  const find = (): void => {
    for (const old of element.querySelectorAll("[data-hit]")) {
      old.removeAttribute("data-hit");
      old.removeAttribute("data-here");
    }
    hits = [];
    here = -1;
    const wanted = field?.value.trim().toLowerCase() ?? "";
    if (!wanted) {
      if (count) count.textContent = "";
      return;
    }
    for (const line of lines) {
      const parts = [...line.querySelectorAll<HTMLElement>("span[data-at]")];
      const text = parts.map((one) => one.textContent ?? "").join("").toLowerCase();
      for (let from = text.indexOf(wanted); from >= 0; from = text.indexOf(wanted, from + wanted.length)) {
        let at = 0;
        let first: HTMLElement | null = null;
        for (const one of parts) {
          const end = at + (one.textContent ?? "").length;
          if (at < from + wanted.length && end > from) {
            one.setAttribute("data-hit", "");
            first ??= one;
          }
          at = end;
        }
        if (first) hits.push(first);
      }
    }
    if (hits.length > 0) go(1);
    else if (count) count.textContent = say({ zh: "没有找到", en: "Not found" });
  };
  field?.addEventListener("input", find, { signal });
  field?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.ctrlKey && hits[here]) jump(Number(hits[here]?.dataset["at"]));
    else go(event.shiftKey ? -1 : 1);
  }, { signal });
};

export default connect;
