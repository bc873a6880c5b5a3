// Keeps the page about queues and workers fresh: fetches it every three seconds and puts what changed in its place.

const EVERY_MS = 3000;
const offline = document.getElementById("queues-offline");

async function fetchPage() {
  try {
    const response = await fetch(location.href, { cache: "no-store" });
    return response.ok && !response.redirected ? response.text() : null;
  } catch (error) {
    // The site is away for a moment.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function place(text) {
  const here = document.getElementById("queues");
  const there = new DOMParser().parseFromString(text, "text/html").getElementById("queues");
  if (here.isEqualNode(there)) return;
  const focused = here.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = here.querySelector(".loop-scroll")?.scrollLeft ?? 0;
  here.replaceWith(there);
  const table = there.querySelector(".loop-scroll");
  if (table) table.scrollLeft = scrolled;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function follow() {
  if (!document.hidden) {
    const text = await fetchPage();
    offline.hidden = text !== null;
    if (text !== null) place(text);
  }
  setTimeout(follow, EVERY_MS);
}

setTimeout(follow, EVERY_MS);
