import type { Connect } from "../ui/controllers.ts";

interface Unit {
  code: string;
  name: string;
  path: string;
}

/** Fills a datalist with units while somebody types into a field that names it: Chinese, pinyin or initials. */
const connect: Connect = (element, signal) => {
  const url = element.dataset["url"] ?? "";
  let running: AbortController | null = null;
  const fill = async (text: string): Promise<void> => {
    running?.abort();
    running = new AbortController();
    try {
      const response = await fetch(`${url}?q=${encodeURIComponent(text)}`, { signal: running.signal });
      const { units } = (await response.json()) as { units: Unit[] };
      element.replaceChildren(
        ...units.map((unit) => {
          const option = document.createElement("option");
          // The browser filters by value and label: what was typed stands in the label.
          option.value = `${unit.name} · ${unit.code}`;
          option.label = unit.path ? `${unit.path} (${text})` : text;
          return option;
        }),
      );
    } catch {
      // A newer question, or no connection: the present options stay.
    }
  };
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field instanceof HTMLInputElement && field.getAttribute("list") === element.id && !field.value.includes("·")) void fill(field.value);
  }, { signal });
};

export default connect;
