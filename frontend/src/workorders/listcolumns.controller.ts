import type { Connect } from "../ui/controllers.ts";

/** Puts the chosen columns into the address, beside the filters that stand there. */
const connect: Connect = (element, signal) => {
  element.addEventListener("click", (event) => event.stopPropagation(), { signal });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const names = [...element.querySelectorAll<HTMLInputElement>("input[type=checkbox]:checked")].map((box) => box.value);
    const address = new URL(window.location.href);
    address.searchParams.set("columns", names.join(",") || "none");
    address.searchParams.delete("cursor");
    window.location.assign(address);
  }, { signal });
};

export default connect;
