/** Sends a report that was finished without a network: its photos first, then itself, once, under its own key. */
import { send, type Sending } from "../ui/tus.ts";
import type { Report, Shelf } from "./shelf.ts";

export interface Doors { url: string; uploads: string; token: () => string; renew: () => Promise<void>; signal: AbortSignal; send?: typeof send }
export type Outcome = { is: "sent"; next: string; number: string } | { is: "refused"; words: string[] } | { is: "later" };

export async function deliver(shelf: Shelf, report: Report, doors: Doors): Promise<Outcome> {
  try {
    await doors.renew(); // says at once whether there is a network, and the kept page's token is old
    for (const one of await shelf.files(report.draft)) {
      if (one.attachment) continue;
      const sending: Sending = {
        url: doors.uploads, draft: report.draft, name: one.name, known: one.url, signal: doors.signal, token: doors.token, renew: doors.renew,
        begun: (url) => { one.url = url; return shelf.keep(one); },
      };
      one.attachment = await (doors.send ?? send)(one.file, sending);
      await shelf.keep(one);
    }
    const body = new FormData();
    for (const [name, value] of Object.entries(report.fields)) body.append(name, value);
    body.set("key", report.draft);
    body.set("do", "send");
    const answer = await fetch(doors.url, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json", "X-CSRFToken": doors.token() }, signal: doors.signal });
    if (answer.ok) {
      const said = (await answer.json()) as { next: string; number: string };
      await shelf.forget(report.draft);
      return { is: "sent", ...said };
    }
    if (answer.status !== 422) return { is: "later" };
    const said = (await answer.json()) as { errors?: Record<string, string> };
    return { is: "refused", words: Object.values(said.errors ?? {}) };
  } catch (error) {
    if (error instanceof Error && error.name === "Error" && error.message) return { is: "refused", words: [error.message] };
    return { is: "later" };
  }
}
