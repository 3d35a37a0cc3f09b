import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";
import { hourAndMinute, now } from "./moments.ts";

/** After the last key, milliseconds until the draft goes to the server. */
export const PAUSE = 800;
/** A kept copy older than this is not offered any more. */
const OLDEST = 7 * 24 * 3_600_000;

interface Kept {
  at: number;
  fields: [string, string][];
}

function isSecret(field: Element): boolean {
  return field instanceof HTMLInputElement && (field.type === "password" || field.type === "file" || field.name === "csrfmiddlewaretoken");
}

/** What was typed, as name and value pairs; never passwords, files or tokens. */
export function typed(form: HTMLFormElement): [string, string][] {
  const pairs: [string, string][] = [];
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)) continue;
    if (!field.name || field.disabled || isSecret(field) || field.type === "hidden") continue;
    if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) {
      if (field.checked) pairs.push([field.name, field.value]);
    } else if (field instanceof HTMLSelectElement && field.multiple) {
      for (const option of field.selectedOptions) pairs.push([field.name, option.value]);
    } else {
      pairs.push([field.name, field.value]);
    }
  }
  return pairs;
}

/** Puts kept values back and tells the page, so that whatever depends on them follows. */
export function putBack(form: HTMLFormElement, fields: [string, string][]): void {
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)) continue;
    if (!field.name || isSecret(field) || field.type === "hidden") continue;
    const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) {
      field.checked = values.includes(field.value);
    } else if (field instanceof HTMLSelectElement && field.multiple) {
      for (const option of field.options) option.selected = values.includes(option.value);
    } else if (values[0] !== undefined) {
      field.value = values[0];
    }
  }
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

/**
 * Keeps what is typed. `data-draft-key` names the copy in this browser (add the object's id), `data-draft-url` the
 * address that stores it (answers 2xx; may answer JSON `{"url": …}` with the address to use from then on). The words
 * in `.draft-state` say when it was saved, and where if only here. Sending the form removes the copy, unless the answer
 * is an error. `data-draft-secret` keeps no copy in the browser at all (confidential orders).
 */
const connect: Connect = (element, signal) => {
  const form = element as HTMLFormElement;
  const key = `draft:${form.dataset["draftKey"] ?? location.pathname}`;
  const keeps = form.dataset["draftSecret"] === undefined;
  let state = form.querySelector<HTMLElement>(".draft-state");
  if (!state) {
    state = document.createElement("span");
    state.className = "draft-state";
    state.setAttribute("role", "status");
    (form.querySelector(".form-foot") ?? form).append(state);
  }
  const words = state;
  let timer = 0;
  let round = 0;
  let sent = false;
  let restoring = false;

  const tell = (text: string, where: "server" | "local" | "none"): void => {
    words.textContent = text;
    words.dataset["state"] = where;
  };
  const keep = (): boolean => {
    if (!keeps) return false;
    try {
      localStorage.setItem(key, JSON.stringify({ at: now(), fields: typed(form) } satisfies Kept));
      return true;
    } catch {
      return false; // Storage may be full or forbidden; the server's copy is then the only one.
    }
  };
  const forget = (): void => {
    try {
      localStorage.removeItem(key);
    } catch {
      // Forbidden storage holds nothing to forget.
    }
  };
  const kept = (): Kept | null => {
    try {
      const found = JSON.parse(localStorage.getItem(key) ?? "null") as Kept | null;
      return found && now() - found.at < OLDEST ? found : null;
    } catch {
      return null;
    }
  };

  const save = async (): Promise<void> => {
    const url = form.dataset["draftUrl"];
    const time = hourAndMinute(now());
    const mine = ++round;
    const local = keep();
    if (!url) {
      tell(local ? say({ zh: "已存在本机 {time}", en: "Kept in this browser {time}" }, { time }) : "", local ? "server" : "none");
      form.dispatchEvent(new CustomEvent("draft:saved"));
      return;
    }
    try {
      const body = new FormData(form);
      for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
      const token = form.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value;
      const response = await fetch(url, {
        method: "POST", body, signal, headers: { "HX-Request": "true", Accept: "application/json", ...(token ? { "X-CSRFToken": token } : {}) },
      });
      if (response.status === 401) document.body.dispatchEvent(new CustomEvent("session-expired"));
      if (!response.ok) throw new Error(String(response.status));
      if (response.headers.get("Content-Type")?.includes("json")) {
        const answer = (await response.json()) as { url?: string };
        if (answer.url) form.dataset["draftUrl"] = answer.url;
      }
      if (mine !== round) return;
      tell(say({ zh: "已保存 {time}", en: "Saved {time}" }, { time }), "server");
      form.dispatchEvent(new CustomEvent("draft:saved"));
    } catch {
      if (signal.aborted || mine !== round) return;
      tell(
        local
          ? say({ zh: "暂时连不上，已存在本机 {time}", en: "Not connected; kept in this browser {time}" }, { time })
          : say({ zh: "还没有保存，正在重试", en: "Not saved yet, trying again" }),
        "local",
      );
      timer = window.setTimeout(() => void save(), 10_000);
    }
  };

  const changed = (): void => {
    if (sent || restoring) return;
    keep();
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void save(), PAUSE);
  };
  form.addEventListener("input", changed, { signal });
  form.addEventListener("change", changed, { signal });
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    // Kept until the server has said yes: the next page of a sent form starts with `data-draft-done`.
    window.clearTimeout(timer);
    keep();
    if (!form.hasAttribute("hx-post")) sent = true;
  }, { signal });
  form.addEventListener("htmx:afterRequest", (event) => {
    const { successful, elt } = (event as CustomEvent<{ successful: boolean; elt: Element }>).detail;
    if (elt !== form) return;
    if (successful) forget();
    else changed();
  }, { signal });
  document.body.addEventListener("session:resumed", () => void save(), { signal });
  signal.addEventListener("abort", () => window.clearTimeout(timer));

  const before = kept();
  if (before && keeps) {
    const same = JSON.stringify(before.fields) === JSON.stringify(typed(form));
    const server = Date.parse(form.dataset["draftSavedAt"] ?? "");
    if (!same && (Number.isNaN(server) || before.at > server)) {
      restoring = true;
      putBack(form, before.fields);
      restoring = false;
      const time = hourAndMinute(before.at);
      tell(say({ zh: "已恢复 {time} 未提交的内容", en: "Brought back what was typed at {time}" }, { time }), "server");
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "btn btn-sm";
      drop.textContent = say({ zh: "不要了", en: "Discard" });
      drop.addEventListener("click", () => {
        forget();
        form.reset();
        drop.remove();
        tell("", "none");
      });
      words.after(drop);
    }
  }
};

export default connect;
