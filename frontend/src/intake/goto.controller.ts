import type { Connect } from "../ui/controllers.ts";

/** Opens the page of what a type-ahead field chose: `data-pattern` with CODE where the value goes. */
const connect: Connect = (element, signal) => {
  element.addEventListener("submit", (event) => event.preventDefault(), { signal });
  element.addEventListener("suggest:chosen", (event) => {
    const { value } = (event as CustomEvent<{ value: string }>).detail;
    const pattern = element.dataset["pattern"];
    if (value && pattern) location.assign(pattern.replace("CODE", encodeURIComponent(value)));
  }, { signal });
};

export default connect;
