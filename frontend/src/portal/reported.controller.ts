import type { Connect } from "../ui/controllers.ts";
import { Shelf } from "./shelf.ts";

/** What was sent, or everything of whoever signed out here, goes from the device: `data-draft`, or none for all. */
const connect: Connect = (element) => {
  const draft = element.dataset["draft"];
  void Shelf.open().then((shelf) => (draft ? shelf?.forget(draft) : shelf?.clear()));
};

export default connect;
