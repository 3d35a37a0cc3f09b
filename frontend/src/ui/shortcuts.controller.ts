import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";

/** Milliseconds within which the second key of a sequence such as `g p` counts. */
const SEQUENCE = 1_200;

/** How a key press is written in `data-key`: "j", "ctrl+k", "f9", "shift+enter". */
export function written(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key.toLowerCase().replace("escape", "esc");
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push("ctrl");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey && event.key.length > 1) parts.push("shift");
  return [...parts, key === " " ? "space" : key].join("+");
}

/** True while somebody types; then only keys that type nothing (F8, Ctrl+…) act. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) {
    return !["checkbox", "radio", "button", "submit", "reset", "file", "range", "color"].includes(target.type);
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function typesNothing(keys: string): boolean {
  return /^(ctrl|alt)\+/.test(keys) || /^f\d{1,2}$/.test(keys);
}

function usable(element: HTMLElement): boolean {
  if (element.closest("[hidden], [inert]") || element.matches(":disabled, [aria-disabled=true]")) return false;
  const open = document.querySelector("dialog:modal, dialog[open]");
  return !open || open.contains(element);
}

function perform(element: HTMLElement): void {
  if (element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")) element.focus();
  else element.click();
}

function label(element: HTMLElement): string {
  return (
    element.dataset["keyLabel"] ?? element.getAttribute("aria-label") ??
    [...element.childNodes].filter((n) => !(n instanceof Element && n.matches(".keys, svg"))).map((n) => n.textContent)
      .join("").trim().replace(/\s+/g, " ")
  );
}

/** What the page can do by keys, read from the page itself, each key once. */
export function keysOnPage(root: ParentNode = document): { keys: string; label: string }[] {
  const found = new Map<string, string>();
  for (const element of root.querySelectorAll<HTMLElement>("[data-key]")) {
    const keys = element.dataset["key"] ?? "";
    if (keys && !found.has(keys)) found.set(keys, label(element));
  }
  if (root.querySelector("[data-controller~=rows]")) {
    found.set("j", say({ zh: "下一行", en: "Next row" }));
    found.set("k", say({ zh: "上一行", en: "Previous row" }));
    found.set("enter", say({ zh: "打开这一行", en: "Open the row" }));
  }
  found.set("?", say({ zh: "显示这张表", en: "Show this list" }));
  return [...found].map(([keys, text]) => ({ keys, label: text }));
}

function showKeys(): void {
  if (document.querySelector("dialog.keys-dialog")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog dialog-wide keys-dialog";
  dialog.setAttribute("aria-label", say({ zh: "快捷键", en: "Keyboard shortcuts" }));
  const head = document.createElement("header");
  head.className = "dialog-head";
  const title = document.createElement("h2");
  title.className = "dialog-title";
  title.textContent = say({ zh: "快捷键", en: "Keyboard shortcuts" });
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", say({ zh: "关闭", en: "Close" }));
  close.addEventListener("click", () => dialog.close());
  head.append(title, close);
  const list = document.createElement("ul");
  list.className = "key-list";
  for (const { keys, label: text } of keysOnPage()) {
    const item = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = text;
    const caps = document.createElement("span");
    for (const key of keys.split(/[+ ]/)) {
      const cap = document.createElement("kbd");
      cap.textContent = key.length === 1 || /^f\d/.test(key) ? key.toUpperCase() : key[0]?.toUpperCase() + key.slice(1);
      caps.append(cap, " ");
    }
    item.append(words, caps);
    list.append(item);
  }
  const body = document.createElement("div");
  body.className = "dialog-body";
  body.append(list);
  dialog.append(head, body);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

/** Keys of the whole page: `data-key` on whatever can be clicked or focused. */
const connect: Connect = (element, signal) => {
  let first = "";
  let firstAt = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat) return;
    const keys = written(event);
    if (isTyping(event.target) && !typesNothing(keys)) return;
    const sequence = first && performance.now() - firstAt < SEQUENCE ? `${first} ${keys}` : "";
    const candidates = [...document.querySelectorAll<HTMLElement>("[data-key]")];
    const pressed = (wanted: string): HTMLElement | undefined =>
      wanted ? candidates.find((c) => c.dataset["key"]?.toLowerCase() === wanted && usable(c)) : undefined;
    const target = pressed(sequence) ?? pressed(keys);
    if (target) {
      event.preventDefault();
      first = "";
      perform(target);
      return;
    }
    if (keys === "?") {
      event.preventDefault();
      showKeys();
      return;
    }
    const begins = candidates.some((c) => c.dataset["key"]?.toLowerCase().startsWith(`${keys} `));
    first = begins ? keys : "";
    firstAt = performance.now();
  }, { signal });
  element.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-opens-keys]")) showKeys();
  }, { signal });
};

export default connect;
