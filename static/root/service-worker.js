// Answers with an honest page when the site cannot be reached, and does nothing else. No photograph is kept: they are
// of people and belong to an account, and what lay here would outlast a log-out, a deletion and a link that ended.
// The address that registers it names the language, so that another one brings another worker with its own page.

const CACHE = `offline-${new URL(location.href).searchParams.get("language")}`;
const OFFLINE = "/offline/";
const NEEDED = [OFFLINE, "/static/css/base.css", "/static/css/layout.css", "/static/css/components.css", "/static/icons/favicon.svg"];
const PARTS = new Set(NEEDED.slice(1));

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(NEEDED.map((address) => new Request(address, { cache: "reload" })));
  await self.skipWaiting();
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function fromNetworkOr(request, address) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(address);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(fromNetworkOr(request, OFFLINE));
  else if (PARTS.has(pathname)) event.respondWith(fromNetworkOr(request, pathname));
});
