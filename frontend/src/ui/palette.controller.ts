import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";

interface Choice {
  element: HTMLElement;
  act: () => void;
}

/** Pages and actions of the page itself, found without asking the server: menu links and whatever has a key. */
function local(query: string): HTMLElement[] {
  const wanted = query.trim().toLowerCase();
  const rows: HTMLElement[] = [];
  for (const target of document.querySelectorAll<HTMLElement>(".side a, [data-key][data-key-label]")) {
    if (target.closest("[hidden]") || target.matches("[data-opens-palette], :disabled")) continue;
    const text = (target.dataset["keyLabel"] ?? target.textContent ?? "").trim();
    if (!text || (wanted && !text.toLowerCase().includes(wanted)) || rows.some((row) => row.textContent === text)) continue;
    const row = document.createElement("div");
    row.setAttribute("role", "option");
    row.textContent = text;
    row.addEventListener("click", () => target.click());
    rows.push(row);
  }
  return rows.slice(0, wanted ? 5 : 12);
}

/** Ctrl+K: an order, a citizen by full number, a unit, a page, an action. The server answers with `[role=option]` links. */
const connect: Connect = (element, signal) => {
  const url = element.dataset["paletteUrl"] ?? "";
  let open: HTMLDialogElement | null = null;

  const show = (): void => {
    if (open) return;
    const dialog = document.createElement("dialog");
    open = dialog;
    dialog.className = "dialog palette";
    dialog.setAttribute("aria-label", say({ zh: "查找", en: "Find" }));
    const input = document.createElement("input");
    input.className = "palette-input";
    input.type = "search";
    input.autocomplete = "off";
    input.spellcheck = false;
    input.placeholder = say({ zh: "工单号、完整电话、单位、页面或操作", en: "Order number, full phone number, unit, page or action" });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", "palette-list");
    input.setAttribute("aria-label", input.placeholder);
    const list = document.createElement("div");
    list.className = "palette-list";
    list.id = "palette-list";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", say({ zh: "查找结果", en: "Results" }));
    const foot = document.createElement("div");
    foot.className = "palette-foot";
    foot.textContent = say({ zh: "↑ ↓ 选择　Enter 打开　Esc 关闭", en: "↑ ↓ choose   Enter opens   Esc closes" });
    dialog.append(input, list, foot);
    document.body.append(dialog);

    let choices: Choice[] = [];
    let at = 0;
    let timer = 0;
    let asked = new AbortController();

    const point = (index: number): void => {
      at = choices.length === 0 ? 0 : (index + choices.length) % choices.length;
      choices.forEach(({ element: row }, i) => row.setAttribute("aria-selected", String(i === at)));
      const row = choices[at]?.element;
      row?.scrollIntoView({ block: "nearest" });
      if (row) input.setAttribute("aria-activedescendant", row.id);
      else input.removeAttribute("aria-activedescendant");
    };
    const fill = (rows: Node[], final: boolean): void => {
      list.replaceChildren(...rows);
      choices = [...list.querySelectorAll<HTMLElement>("[role=option]")].map((row, i) => {
        row.id ||= `palette-${i}`;
        row.tabIndex = -1;
        return { element: row, act: () => row.click() };
      });
      if (choices.length === 0 && final) {
        const none = document.createElement("p");
        none.className = "palette-none";
        none.textContent = input.value.trim()
          ? say({ zh: "没有找到，或不在您可见的范围内。", en: "Nothing found, or it is not for you to see." })
          : say({ zh: "输入几个字开始查找。", en: "Type to find." });
        list.append(none);
      }
      point(0);
    };
    const ask = async (): Promise<void> => {
      asked.abort();
      asked = new AbortController();
      const query = input.value.trim();
      const own = local(query);
      if (!query || !url) {
        fill(own, true);
        return;
      }
      try {
        // In the body, not in the address: what is typed may be a citizen's number, and addresses are written to logs.
        const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>;
        const response = await fetch(url, {
          method: "POST", body: new URLSearchParams({ q: query }), signal: asked.signal, headers: { "HX-Request": "true", ...token },
        });
        const html = response.ok ? await response.text() : "";
        const parsed = new DOMParser().parseFromString(html, "text/html");
        fill([...[...parsed.body.childNodes].map((node) => document.importNode(node, true)), ...own], true);
      } catch (error) {
        if (!(error instanceof DOMException && error.name === "AbortError")) fill(own, true);
      }
    };

    input.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void ask(), 120);
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        point(at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter") {
        event.preventDefault();
        choices[at]?.act();
      }
    });
    list.addEventListener("click", (event) => {
      if ((event.target as Element).closest("[role=option]")) dialog.close();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      window.clearTimeout(timer);
      asked.abort();
      dialog.remove();
      open = null;
    });
    dialog.showModal();
    input.focus();
    void ask();
  };

  element.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-opens-palette]")) show();
  }, { signal });
};

export default connect;
