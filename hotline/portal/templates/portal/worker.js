// Keeps the shell of the photo report and a page for when there is no network; never an answer that is somebody's. {{ version }}
const KEPT = "portal-{{ version }}";
const PAGES = [{% for page in pages %}"{{ page|escapejs }}", {% endfor %}];
const FILES = [{% for file in files %}"{{ file|escapejs }}", {% endfor %}];
const SNAP = "{{ snap|escapejs }}";
const OFFLINE = "{{ offline|escapejs }}";
const OURS = /^\/($|snap\/|file\/|look-up\/|me\/|a\/|help\/|video\/)/;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(KEPT);
    await cache.addAll(FILES);
    // Without cookies: the page of nobody.
    for (const page of PAGES) await cache.put(page, await fetch(page, { credentials: "omit", cache: "no-store" }));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("portal-") && name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  })());
});

async function page(request, path) {
  try {
    return await fetch(request);
  } catch {
    const cache = await caches.open(KEPT);
    return (await cache.match(path === SNAP ? SNAP : OFFLINE)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (OURS.test(url.pathname)) event.respondWith(page(request, url.pathname));
    return;
  }
  if (FILES.includes(url.pathname)) event.respondWith(caches.match(request, { ignoreVary: true, cacheName: KEPT }).then((kept) => kept ?? fetch(request)));
});
