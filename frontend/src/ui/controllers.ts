/**
 * Attaches behaviour to elements that ask for it with `data-controller="name other"`.
 *
 * A controller is one file `src/<package>/<name>.controller.ts` whose default export is a `Connect`. It is found by its
 * file name; nothing lists it. It runs once per element, also for elements that arrive by htmx or by morphing, and
 * ends when the element leaves the page: listeners, timers and requests given the signal end by themselves.
 */
export type Connect = (element: HTMLElement, signal: AbortSignal) => void;

interface Module {
  default: Connect;
}
type Loader = () => Promise<Module>;

const loaders = new Map<string, Loader>();
const attached = new WeakMap<Element, Map<string, AbortController>>();

/** The controller's name from its path: `../dispatch/pool.controller.ts` is `pool`. */
export function nameOf(path: string): string {
  return path.replace(/^.*\//, "").replace(/\.controller\.ts$/, "");
}

/** Makes a controller known; two files of one name are a mistake that must be seen at once. */
export function define(path: string, loader: Loader): void {
  const name = nameOf(path);
  if (loaders.has(name)) throw new Error(`Two controllers are called ${name}; the second is ${path}.`);
  loaders.set(name, loader);
}

function wanted(element: Element): string[] {
  return (element.getAttribute("data-controller") ?? "").split(/\s+/).filter(Boolean);
}

async function attach(element: HTMLElement): Promise<void> {
  const running = attached.get(element) ?? new Map<string, AbortController>();
  attached.set(element, running);
  const names = wanted(element);
  for (const [name, controller] of running) {
    if (!names.includes(name)) {
      controller.abort();
      running.delete(name);
    }
  }
  for (const name of names) {
    if (running.has(name)) continue;
    const loader = loaders.get(name);
    if (!loader) {
      console.error(`No controller is called ${name}.`, element);
      continue;
    }
    const controller = new AbortController();
    running.set(name, controller);
    try {
      const module = await loader();
      if (!controller.signal.aborted) module.default(element, controller.signal);
    } catch (error) {
      // One broken controller must not take the others, or the page, with it.
      console.error(`Controller ${name} failed.`, error);
    }
  }
}

function detach(element: Element): void {
  for (const controller of attached.get(element)?.values() ?? []) controller.abort();
  attached.delete(element);
}

function each(root: Node, visit: (element: HTMLElement) => void): void {
  if (!(root instanceof HTMLElement)) return;
  if (root.hasAttribute("data-controller")) visit(root);
  root.querySelectorAll<HTMLElement>("[data-controller]").forEach(visit);
}

/** Fetches what pages have not asked for yet, so that nobody's first click or word waits for a script. */
export function warm(): void {
  for (const load of loaders.values()) load().catch(() => undefined);
}

/** Starts to watch a tree. Returns what ends the watch and every controller in it. */
export function watch(root: HTMLElement): () => void {
  each(root, (element) => void attach(element));
  const observer = new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "attributes") {
        void attach(record.target as HTMLElement);
        continue;
      }
      record.removedNodes.forEach((node) => each(node, (element) => element.isConnected || detach(element)));
      record.addedNodes.forEach((node) => each(node, (element) => element.isConnected && void attach(element)));
    }
  });
  observer.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-controller"] });
  return () => {
    observer.disconnect();
    each(root, detach);
  };
}
