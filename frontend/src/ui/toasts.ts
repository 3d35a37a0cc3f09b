import { say } from "./language.ts";

export interface Toast {
  text: string;
  tone?: "info" | "success" | "warning" | "danger";
  /** Address to POST to in order to take the last act back. */
  undo?: string;
  seconds?: number;
}

function region(): HTMLElement {
  const found = document.getElementById("toasts");
  if (found) return found;
  const made = document.createElement("div");
  made.id = "toasts";
  made.className = "toasts";
  made.setAttribute("role", "status");
  made.setAttribute("aria-live", "polite");
  document.body.append(made);
  return made;
}

/** Says something in passing. Bad news stays until it is read; the rest goes by itself unless the pointer is on it. */
export function toast({ text, tone = "info", undo, seconds }: Toast): HTMLElement {
  const item = document.createElement("div");
  item.className = "toast-item";
  item.dataset["tone"] = tone;
  const words = document.createElement("span");
  words.textContent = text;
  item.append(words);
  if (undo) {
    const back = document.createElement("button");
    back.type = "button";
    back.className = "btn btn-sm";
    back.textContent = say({ zh: "撤销", en: "Undo" });
    back.addEventListener("click", () => {
      item.remove();
      document.body.dispatchEvent(new CustomEvent("toast:undo", { detail: { url: undo } }));
    });
    item.append(back);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", say({ zh: "关闭提示", en: "Dismiss" }));
  close.addEventListener("click", () => item.remove());
  item.append(close);
  region().append(item);
  if (tone !== "danger") expire(item, (seconds ?? (undo ? 12 : 5)) * 1000);
  return item;
}

/** Also for toasts the server rendered. */
export function expire(item: HTMLElement, milliseconds: number): void {
  let timer = window.setTimeout(() => item.remove(), milliseconds);
  item.addEventListener("pointerenter", () => window.clearTimeout(timer));
  item.addEventListener("pointerleave", () => {
    timer = window.setTimeout(() => item.remove(), milliseconds);
  });
}
