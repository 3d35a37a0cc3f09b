import type { Connect } from "../ui/controllers.ts";
import { Photos } from "./photos.ts";
import { Shelf } from "./shelf.ts";

/** The page's token, and a fresh one for a page that was kept longer than its session. */
export function door(element: HTMLElement): { token: () => string; renew: () => Promise<void> } {
  const field = (): HTMLInputElement | null => (element.closest("form") ?? element).querySelector("input[name=csrfmiddlewaretoken]");
  const renew = async (): Promise<void> => {
    const answer = await fetch(element.dataset["door"] ?? "", { credentials: "same-origin", cache: "no-store" });
    const said = (await answer.json()) as { token: string };
    for (const one of document.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]")) one.value = said.token;
  };
  return { token: () => field()?.value ?? "", renew };
}

/** A file field whose files go on after a cut and after a reload: `data-uploads` (tus), `data-draft`, `data-remove`, `data-door`, `data-max`. */
const connect: Connect = (element, signal) => {
  const input = element.querySelector<HTMLInputElement>("input[type=file]");
  const list = element.querySelector<HTMLElement>(".upload-list");
  const url = element.dataset["uploads"];
  if (!input || !list || !url) return;
  const { token, renew } = door(element);
  void Shelf.open().then(async (shelf) => {
    if (signal.aborted) return;
    const photos = new Photos({
      list, url, token, renew, signal, draft: () => element.dataset["draft"] ?? "", most: Number(element.dataset["max"] ?? 0),
      remove: (attachment) => {
        const body = new FormData(element.closest("form") ?? undefined);
        body.delete("file");
        void fetch((element.dataset["remove"] ?? "").replace("/0/", `/${attachment}/`), { method: "POST", body, headers: { "X-CSRFToken": token() } }).catch(() => undefined);
      },
    }, shelf);
    input.addEventListener("change", () => { photos.add(input.files ?? []); input.value = ""; }, { signal });
    element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("is-over"); }, { signal });
    element.addEventListener("dragleave", () => element.classList.remove("is-over"), { signal });
    element.addEventListener("drop", (event) => { event.preventDefault(); element.classList.remove("is-over"); photos.add(event.dataTransfer?.files ?? []); }, { signal });
    // What the server listed already is not shown twice.
    const there = new Set([...list.querySelectorAll("[data-stored]")].map((row) => Number(row.getAttribute("data-stored"))));
    for (const one of (await shelf?.files(element.dataset["draft"] ?? "")) ?? []) if (there.has(one.attachment)) await shelf?.drop(one.id);
    await photos.resume();
    element.dataset["ready"] = "";
  });
};

export default connect;
