import type { Connect } from "./controllers.ts";

/** A form that says so before typed things are left behind; quiet once sent or while a draft is safely kept. */
const connect: Connect = (element, signal) => {
  let dirty = false;
  const form = element as HTMLFormElement;
  form.addEventListener("input", () => { dirty = true; }, { signal });
  form.addEventListener("submit", () => { dirty = false; }, { signal });
  form.addEventListener("reset", () => { dirty = false; }, { signal });
  form.addEventListener("draft:saved", () => { dirty = false; }, { signal });
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  }, { signal });
};

export default connect;
