// Keeps the page, never anybody's data: answers of the API pass by untouched. {{ version }}
const KEPT = "frontline-{{ version }}";
const FILES = [{% for file in files %}"{{ file|escapejs }}", {% endfor %}];
const SHELL = "{{ shell|escapejs }}";
const PATIENCE = 2500;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("frontline-") && name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  })());
});

async function page(request) {
  const cache = await caches.open(KEPT);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const fresh = await fetch(request, { signal: stop.signal });
    if (fresh.ok && !fresh.redirected) await cache.put(SHELL, fresh.clone());
    return fresh.ok ? fresh : (await cache.match(SHELL)) ?? fresh;
  } catch {
    return (await cache.match(SHELL)) ?? Response.error();
  } finally {
    clearTimeout(timer);
  }
}

async function asset(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) (await caches.open(KEPT)).put(request, fresh.clone());
  return fresh;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === SHELL || url.pathname.startsWith(`${SHELL}tasks/`)) event.respondWith(page(request));
    return;
  }
  // Outlines of districts and streets are public facts, and their address names their version.
  if (url.pathname.startsWith("{{ outlines|escapejs }}") && url.searchParams.get("v")) {
    event.respondWith(asset(request));
    return;
  }
  if (url.pathname.includes("/dist/assets/") || url.pathname === "/ui/city.css" || url.pathname.endsWith("manifest.webmanifest")) {
    event.respondWith(asset(request));
  }
});
