import type { Connect } from "../ui/controllers.ts";

/** A page that is small enough to be read anew after an act. */
const connect: Connect = (_element, signal) => {
  document.body.addEventListener("act-done", () => window.location.reload(), { signal });
};

export default connect;
