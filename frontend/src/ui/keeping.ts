import type { Idiomorph } from "idiomorph";

/**
 * What somebody has set by hand outlives a live refresh: an opened menu, a checked box, a typed word. The server's page
 * knows none of it, and morphing would put back what the page said when it was loaded.
 */
export function isTheirs(attribute: string, element: Element): boolean {
  if (element instanceof HTMLDetailsElement) return attribute === "open";
  if (element instanceof HTMLTextAreaElement) return attribute === "value" && element.value !== element.defaultValue;
  if (!(element instanceof HTMLInputElement)) return false;
  if (attribute === "checked") return element.checked !== element.defaultChecked;
  return attribute === "value" && element.value !== element.defaultValue;
}

/** Have every refresh by this morphing keep what is theirs. */
export function startKeeping(morphing: Pick<typeof Idiomorph, "defaults">): void {
  morphing.defaults.callbacks.beforeAttributeUpdated = (attribute, element) => !isTheirs(attribute, element);
}
