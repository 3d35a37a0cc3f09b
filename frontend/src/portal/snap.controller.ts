import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";
import { Photos } from "./photos.ts";
import { deliver, type Doors } from "./reports.ts";
import { Shelf, type Report } from "./shelf.ts";

const AGAIN = 30_000;
const CLOCK_OFF = 10 * 60 * 1000;
const KEPT = ["content", "address", "division", "latitude", "longitude", "phone"];

/** 24 bytes of chance as the server's keys are written. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * The photo report: photos go as they are chosen, what is typed stays on the device, and without a network the whole report
 * waits here and is sent when there is one. Without this script the same form works, a page at a time.
 */
const connect: Connect = (element, signal) => {
  const form = element as HTMLFormElement;
  const list = form.querySelector<HTMLElement>(".upload-list");
  const note = form.querySelector<HTMLElement>("#snap-waiting");
  if (!list || !note) return;
  const field = (name: string): HTMLInputElement | HTMLTextAreaElement | null => form.querySelector(`[name="${name}"]`);
  const token = (): string => field("csrfmiddlewaretoken")?.value ?? "";
  let off = 0;
  const renew = async (): Promise<void> => {
    const answer = await fetch(form.dataset["door"] ?? "", { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new TypeError("no network");
    const said = (await answer.json()) as { token: string; now: string };
    off = Date.now() - Date.parse(said.now);
    const own = field("csrfmiddlewaretoken");
    if (own) own.value = said.token;
  };
  const doors: Doors = { url: form.getAttribute("action") ?? "", uploads: form.dataset["uploads"] ?? "", token, renew, signal };
  const tell = (text: string, link = ""): void => {
    note.hidden = !text;
    note.textContent = text;
    if (link) {
      const more = document.createElement("a");
      more.href = link;
      more.textContent = say({ zh: "查看编号和查询码", en: "See number and code" });
      note.append(" ", more);
    }
  };
  const key = (): string => field("key")?.value ?? "";
  const values = (): Record<string, string> => Object.fromEntries(KEPT.map((name) => [name, field(name)?.value ?? ""]));

  void Shelf.open().then(async (shelf) => {
    if (signal.aborted) return;
    const waiting = (await shelf?.reports()) ?? [];
    const answered = "answered" in form.dataset || list.children.length > 0;
    const begun = waiting.filter((one) => !one.send).sort((one, other) => other.at - one.at)[0];
    const fill = (report: Report): void => {
      const own = field("key");
      if (own) own.value = report.draft;
      for (const [name, value] of Object.entries(report.fields)) {
        const one = field(name);
        if (one && value && !one.value) { one.value = value; one.dispatchEvent(new Event("change", { bubbles: true })); }
      }
    };
    if (!answered) {
      const own = field("key");
      // A page from the phone's own store would give the same key to every report.
      if (own) own.value = newKey();
      if (begun) fill(begun);
    }
    const photos = new Photos({
      list, url: doors.uploads, most: Number(form.dataset["max"] ?? 0), token, renew, signal, draft: key,
      remove: (attachment) => {
        const body = new FormData();
        body.set("key", key());
        body.set("remove", String(attachment));
        void fetch(doors.url, { method: "POST", body, headers: { "X-CSRFToken": token() }, credentials: "same-origin" }).catch(() => undefined);
      },
    }, shelf);
    let finished = waiting.some((one) => one.send && one.draft === key());
    const keep = async (): Promise<void> => {
      const [fields, send] = [values(), finished];
      if (send || fields["content"] || list.children.length) await shelf?.note({ draft: key(), fields, send, at: Date.now() });
    };

    // ── photos and what they say of their place ──
    for (const input of form.querySelectorAll<HTMLInputElement>("[data-photos]")) {
      input.addEventListener("change", () => { photos.add(input.files ?? []); input.value = ""; void keep(); }, { signal });
    }
    const offer = async (): Promise<void> => {
      const box = form.querySelector("#snap-offers");
      const answer = await fetch(`${form.dataset["offers"]}?key=${encodeURIComponent(key())}`, { signal }).catch(() => null);
      if (!box || !answer?.ok) return;
      box.replaceChildren(...[...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes].map((one) => document.importNode(one, true)));
    };
    list.addEventListener("photos:stored", () => void offer(), { signal });
    const there = new Set([...list.querySelectorAll("[data-stored]")].map((row) => Number(row.getAttribute("data-stored"))));
    for (const one of (await shelf?.files(key())) ?? []) if (there.has(one.attachment)) await shelf?.drop(one.id);
    void photos.resume();

    // ── the place ──
    form.addEventListener("click", (event) => {
      const chosen = (event.target as Element).closest<HTMLElement>("[data-place]");
      if (!chosen) return;
      const [north, east, division] = [field("latitude"), field("longitude"), field("division")];
      if (chosen.dataset["latitude"] && north && east) {
        north.value = chosen.dataset["latitude"];
        east.value = chosen.dataset["longitude"] ?? "";
        north.dispatchEvent(new Event("change", { bubbles: true }));
      }
      if (division) division.value = chosen.dataset["division"] ?? "";
      const words = form.querySelector("#snap-chosen");
      if (words) words.textContent = chosen.dataset["label"] ?? "";
      if (chosen.closest("#snap-hits")) form.querySelector("#snap-hits")?.replaceChildren();
      else chosen.closest(".snap-offer")?.remove();
      void keep();
    }, { signal });
    let timer = 0;
    const later = (): void => { window.clearTimeout(timer); timer = window.setTimeout(() => void keep(), 400); };
    form.addEventListener("input", later, { signal });
    form.addEventListener("map:picked", later, { signal });

    // ── sending ──
    let letting = false;
    form.addEventListener("submit", (event) => {
      const submitter = (event as SubmitEvent).submitter as HTMLButtonElement | null;
      if (letting || submitter?.name === "remove") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void (async () => {
        await keep();
        try {
          await renew();
        } catch {
          await queue();
          return;
        }
        if (photos.waiting) tell(say({ zh: "图片还在上传，传完自动继续；可以保持此页打开。", en: "Pictures are being sent; this goes on by itself when they are there." }));
        if (!(await photos.settled())) { tell(say({ zh: "有图片没有上传成功，请移除后再继续。", en: "A picture was not taken; remove it, then go on." })); return; }
        letting = true;
        const chosen = document.createElement("input");
        chosen.type = "hidden";
        [chosen.name, chosen.value] = ["do", "look"];
        form.append(chosen);
        form.submit();
      })();
    }, { signal, capture: true });

    const queue = async (): Promise<void> => {
      if (!shelf) { tell(say({ zh: "现在没有网络，此浏览器又不能保存。请不要关闭此页，有网络后再按一次。", en: "There is no network and this browser keeps nothing. Leave this page open and press again later." })); return; }
      finished = true; // and stays so, whatever is typed afterwards
      await keep();
      tell(say({ zh: "现在没有网络。这份上报已存在本机，有网络时自动发送，关掉页面也不会丢。", en: "There is no network. The report is kept on this device and is sent when there is one, also after a reload." }));
    };
    let busy = false;
    const flush = async (): Promise<void> => {
      if (busy || !shelf || signal.aborted) return;
      busy = true;
      try {
        for (const report of (await shelf.reports()).filter((one) => one.send)) {
          const outcome = await deliver(shelf, report, doors);
          if (outcome.is === "later") {
            tell(say({ zh: "有上报存在本机等待网络，有网络时自动发送。", en: "A report waits on this device and is sent when there is a network." }));
            break;
          }
          if (outcome.is === "sent") {
            tell(say({ zh: "已发送，编号 {number}。", en: "Sent, number {number}." }, { number: outcome.number }), outcome.next);
            if (report.draft === key()) location.assign(outcome.next);
          } else {
            await shelf.note({ ...report, send: false });
            finished = false;
            fill(report);
            tell(`${say({ zh: "存在本机的上报没有被接收：", en: "The report kept here was not taken: " })}${outcome.words.join(" ")}`);
          }
        }
      } finally {
        busy = false;
      }
    };
    window.addEventListener("online", () => void flush(), { signal });
    const every = window.setInterval(() => void shelf?.reports().then(async (all) => { if (all.some((one) => one.send)) await flush(); }), AGAIN);
    signal.addEventListener("abort", () => window.clearInterval(every));
    if (waiting.some((one) => one.send)) await flush();
    else {
      await renew().catch(() => undefined);
      if (Math.abs(off) > CLOCK_OFF) tell(say({ zh: "本机的时钟和实际时间相差较多。不影响上报：时间以我们收到时为准。", en: "This device's clock is wrong. It does no harm: we go by the time at which the report reaches us." }));
    }
    form.dataset["ready"] = "";
  });
};

export default connect;
