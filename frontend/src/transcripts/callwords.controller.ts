import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

/** Pixels from the end within which somebody counts as reading along. */
const NEAR = 48;

/** What one field of the form gets, and what stood there. */
interface Put {
  undo: () => void;
}

/** Marks characters `start` to before `end` of an utterance, wherever it stands on the page. */
export function mark(line: Element, start: number, end: number): HTMLElement | null {
  const text = line.querySelector("[data-text]");
  if (!text) return null;
  const words = text.textContent ?? "";
  const marked = document.createElement("mark");
  marked.textContent = words.slice(start, end);
  text.replaceChildren(words.slice(0, start), marked, words.slice(end));
  return marked;
}

/**
 * The words of a call beside the desk's form (`data-url`; `?after=` gives what is new). New words come at the end; the
 * list follows them while its reader stands at the end, and else says how many wait below. What the citizen says feeds
 * the proposals beside it while nothing is typed. `[data-draft]` asks `data-draft-url` to fill the form: only empty
 * fields are filled, and one press takes all of it back.
 */
const connect: Connect = (element, signal) => {
  const { url, draftUrl, topic } = element.dataset;
  const form = element.closest("form");
  if (!url || !topic) return;
  let fetching = false;
  let again = false;
  let unread = 0;
  let filled: Put[] = [];

  const log = (): HTMLElement | null => element.querySelector<HTMLElement>("[data-log]");
  const atEnd = (list: HTMLElement): boolean => list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;

  const told = (): void => {
    const button = element.querySelector<HTMLElement>("[data-unread]");
    if (!button) return;
    button.hidden = unread === 0;
    button.textContent = say({ zh: "{n} 句新话 ↓", en: "{n} new ↓" }, { n: unread });
  };
  const toEnd = (): void => {
    const list = log();
    if (list) list.scrollTop = list.scrollHeight;
    unread = 0;
    told();
  };
  /** What the citizen has said, for whoever reads along (the proposals); the newest words count most. */
  const heard = (): void => {
    const lines = [...element.querySelectorAll("[data-log] [data-speaker=citizen] [data-text]")];
    element.dataset["heard"] = lines.map((line) => line.textContent ?? "").join("\n").slice(-4_000);
    element.dispatchEvent(new CustomEvent("call:heard", { bubbles: true }));
  };

  const take = (html: string): void => {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const fresh = answer.querySelector<HTMLElement>("[data-log]");
    const list = log();
    if (!fresh || !list) return;
    const following = atEnd(list);
    let count = 0;
    for (const line of [...fresh.children]) {
      if (document.getElementById(line.id)) continue;
      list.append(document.importNode(line, true));
      count += 1;
    }
    list.dataset["last"] = fresh.dataset["last"] ?? list.dataset["last"] ?? "0";
    const status = answer.querySelector("[data-status]");
    const shown = element.querySelector("[data-status]");
    if (status && shown && shown.innerHTML !== status.innerHTML) shown.innerHTML = status.innerHTML;
    if (count === 0) return;
    element.querySelector<HTMLElement>("[data-nothing]")?.setAttribute("hidden", "");
    if (following) toEnd();
    else {
      unread += count;
      told();
    }
    heard();
  };
  const look = async (): Promise<void> => {
    const list = log();
    if (!list) return;
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    try {
      do {
        again = false;
        const response = await fetch(`${url}?after=${encodeURIComponent(list.dataset["last"] ?? "0")}`, {
          signal, headers: { "HX-Request": "true", "X-Background": "1" },
        });
        if (response.ok) take(await response.text());
      } while (again);
    } catch {
      // The next word asks again.
    } finally {
      fetching = false;
    }
  };

  const put = (name: string, value: string, shown: string): Put | null => {
    if (!form) return null;
    const box = form.querySelector<HTMLElement>(`[data-controller~=suggest][data-name="${name}"]`);
    const control = form.querySelector<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>(`[name="${name}"]`);
    if (!control || control.value.trim()) return null;
    if (box) {
      const set = (detail: { value: string; label: string }): void => {
        box.dispatchEvent(new CustomEvent("suggest:set", { detail }));
      };
      set({ value, label: shown.split(/ › | /).at(-1) ?? shown });
      return { undo: () => set({ value: "", label: "" }) };
    }
    const set = (next: string): void => {
      control.value = next;
      control.dispatchEvent(new Event("input", { bubbles: true }));
      control.dispatchEvent(new Event("change", { bubbles: true }));
    };
    set(value);
    // What a list does not offer stays unset.
    return control.value === value ? { undo: () => control.value === value && set("") } : null;
  };
  const fill = async (button: HTMLButtonElement): Promise<void> => {
    const place = element.querySelector<HTMLElement>("[data-drafted]");
    if (!draftUrl || !place) return;
    button.disabled = true;
    try {
      const body = new FormData();
      body.set("csrfmiddlewaretoken", form?.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "");
      const response = await fetch(draftUrl, { method: "POST", body, signal, headers: { "HX-Request": "true" } });
      if (!response.ok) throw new Error(String(response.status));
      place.innerHTML = await response.text();
      let count = 0;
      for (const one of place.querySelectorAll<HTMLElement>("[data-fill]")) {
        const done = put(one.dataset["fill"] ?? "", one.dataset["value"] ?? "", one.dataset["shown"] ?? "");
        one.toggleAttribute("data-taken", done !== null);
        if (done) {
          filled.push(done);
          count += 1;
        }
      }
      const words = place.querySelector("[data-drafted-words]");
      if (words) {
        words.textContent = count > 0
          ? say({ zh: "已填 {n} 项，依据如下；已有内容的栏目未动。", en: "{n} fields filled, from these words; what was typed stays." }, { n: count })
          : say({ zh: "各栏已有内容，未作改动。", en: "Every field has something already; nothing was changed." });
      }
    } catch {
      place.textContent = say({ zh: "暂时无法填写，请稍后再试。", en: "This cannot be filled just now; try again." });
    } finally {
      button.disabled = false;
    }
  };
  const show = (source: HTMLElement): void => {
    for (const old of element.querySelectorAll("mark")) old.replaceWith(old.textContent ?? "");
    const line = document.getElementById(`said-${source.dataset["source"]}`);
    if (!line) return;
    mark(line, Number(source.dataset["start"]), Number(source.dataset["end"]))?.scrollIntoView({ block: "nearest" });
  };

  element.addEventListener("click", (event) => {
    const at = event.target as Element;
    const draft = at.closest<HTMLButtonElement>("[data-draft]");
    const source = at.closest<HTMLElement>("[data-source]");
    if (draft) void fill(draft);
    else if (source) show(source);
    else if (at.closest("[data-unread]")) toEnd();
    else if (at.closest("[data-unfill]")) {
      filled.reverse().forEach((one) => one.undo());
      filled = [];
      element.querySelector("[data-drafted]")?.replaceChildren();
    }
  }, { signal });
  element.addEventListener("scroll", (event) => {
    if (unread && event.target === log() && atEnd(event.target as HTMLElement)) toEnd();
  }, { capture: true, signal });
  element.addEventListener("htmx:afterSwap", (event) => {
    if (!(event.target as Element).matches("[data-pane]")) return;
    toEnd();
    heard();
    // What was said between the page and the stream.
    void look();
  }, { signal });
  document.body.addEventListener(`live:${topic}`, () => void look(), { signal });
  document.body.addEventListener("live:reset", () => void look(), { signal });
};

export default connect;
