/** A file by tus 1.0.0, in pieces that fit the line: a cut loses one piece at most, and the server says where to go on. */
export const LEAST = 32 * 1024;
export const MOST = 4 * 1024 * 1024;
const FIRST = 64 * 1024;
const WAITS = [1, 2, 4, 8, 15, 30];

export interface Sending {
  url: string;
  draft: string;
  name: string;
  signal: AbortSignal;
  token: () => string;
  /** Asked when ours is no longer taken: a page kept for days, a session that ended. */
  renew?: () => Promise<void>;
  /** Where an earlier life of the page had begun it. */
  known?: string;
  begun?: (url: string) => unknown;
  progress?: (sent: number, whole: number) => void;
  wait?: (seconds: number, signal: AbortSignal) => Promise<void>;
}

/** The server does not take the file, in its own words; trying again does not help. */
export class Refused extends Error {
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

class Cut extends Error {}

/** So many seconds, or until the network is back. */
export function rest(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = window.setTimeout(resolve, seconds * 1000);
    window.addEventListener("online", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => { window.clearTimeout(timer); reject(new DOMException("stopped", "AbortError")); }, { once: true });
  });
}

/** The next piece's length: some four seconds of the line as it was, within bounds. */
export function fitting(before: number, seconds: number): number {
  return Math.round(Math.min(MOST, Math.max(LEAST, Math.min(before * 2, (before / Math.max(seconds, 0.001)) * 4))));
}

function encoded(name: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(name.slice(0, 200))));
}

async function ask(sending: Sending, url: string, method: string, headers: Record<string, string> = {}, body: Blob | null = null): Promise<Response> {
  const sent = { "Tus-Resumable": "1.0.0", "Draft-Key": sending.draft, "X-CSRFToken": sending.token(), ...headers };
  let answer: Response;
  try {
    answer = await fetch(url, { method, headers: sent, body, signal: sending.signal, credentials: "same-origin" });
  } catch (error) {
    if (sending.signal.aborted) throw error;
    throw new Cut();
  }
  if (answer.status === 429 || answer.status >= 500) throw new Cut();
  return answer;
}

/** Sends the file to its end, over as many cuts as there are; the attachment's number. Throws Refused, or AbortError when stopped. */
export async function send(file: Blob, sending: Sending): Promise<number> {
  const wait = sending.wait ?? rest;
  let [url, offset, piece, cuts, renewed] = [sending.known ?? "", -1, FIRST, 0, false];
  for (;;) {
    try {
      if (!url) {
        const made = await ask(sending, sending.url, "POST", { "Upload-Length": String(file.size), "Upload-Metadata": `filename ${encoded(sending.name)}` });
        if (made.status === 403 && sending.renew && !renewed) { renewed = true; await sending.renew(); continue; }
        if (made.status !== 201) throw new Refused(await made.text(), made.status);
        url = new URL(made.headers.get("Location") ?? "", location.href).href;
        await sending.begun?.(url);
        offset = 0;
      }
      if (offset < 0) {
        const told = await ask(sending, url, "HEAD");
        if (told.status === 404) { url = ""; continue; } // expired, or the server never had it
        if (!told.ok) throw new Refused("", told.status);
        const whole = told.headers.get("Upload-Attachment");
        if (whole) return Number(whole);
        offset = Number(told.headers.get("Upload-Offset"));
      }
      sending.progress?.(offset, file.size);
      const part = file.slice(offset, offset + piece);
      const began = performance.now();
      const taken = await ask(sending, url, "PATCH", { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" }, part);
      if (taken.status === 403 && sending.renew && !renewed) { renewed = true; await sending.renew(); continue; }
      if (taken.status === 409 || taken.status === 404) { offset = -1; continue; }
      if (!taken.ok) throw new Refused(await taken.text(), taken.status);
      piece = fitting(Math.max(part.size, LEAST), (performance.now() - began) / 1000);
      offset = Number(taken.headers.get("Upload-Offset"));
      [cuts, renewed] = [0, false];
      sending.progress?.(offset, file.size);
      const stored = taken.headers.get("Upload-Attachment");
      if (stored) return Number(stored);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      await wait(WAITS[Math.min(cuts, WAITS.length - 1)] ?? 30, sending.signal);
      [offset, piece, cuts] = [-1, Math.max(LEAST, Math.round(piece / 2)), cuts + 1];
    }
  }
}
