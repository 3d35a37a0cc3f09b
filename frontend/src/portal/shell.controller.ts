import type { Connect } from "../ui/controllers.ts";

/** Registers the portal's service worker, `data-worker`: the shell of the photo report and a page for when there is no network. */
const connect: Connect = (element) => {
  const worker = element.dataset["worker"];
  if (!worker || !("serviceWorker" in navigator)) return;
  const register = (): void => void navigator.serviceWorker.register(worker, { scope: "/" }).catch(() => undefined);
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });
};

export default connect;
