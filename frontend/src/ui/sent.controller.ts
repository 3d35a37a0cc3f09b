import type { Connect } from "./controllers.ts";

/** Stands on the page that follows a sent form: `data-draft-done="key"` drops the copy kept in this browser. */
const connect: Connect = (element) => {
  try {
    for (const key of (element.dataset["draftDone"] ?? "").split(/\s+/)) if (key) localStorage.removeItem(`draft:${key}`);
  } catch {
    // Forbidden storage holds nothing to forget.
  }
};

export default connect;
