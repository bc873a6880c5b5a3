// Listens to the owner's event stream and turns it into "photos-changed" events on the document.
// When the stream fails twice in a row it asks every five seconds instead, and tries the stream
// again each minute. What to fetch and to redraw is decided by live.js and photo.js.

const ASK_EVERY_MS = 5_000;
const STREAM_AGAIN_MS = 60_000;
const RECONNECT_MS = 2_000;
const address = document.querySelector("[data-events]").dataset.events;

let source = null;
let failures = 0;
let asking = null;

function tell(ids) {
  document.dispatchEvent(new CustomEvent("photos-changed", { detail: { ids } }));
}

function ask() {
  if (!asking) asking = setInterval(() => tell(null), ASK_EVERY_MS);
}

function stopAsking() {
  clearInterval(asking);
  asking = null;
}

function close() {
  source?.close();
  source = null;
}

function open() {
  close();
  source = new EventSource(address);
  source.addEventListener("open", () => {
    failures = 0;
    stopAsking();
    // Something may have changed while nobody listened: null means "look at all you wait for".
    tell(null);
  });
  source.addEventListener("photos", (event) => tell(JSON.parse(event.data).ids));
  source.addEventListener("error", failed);
}

function failed() {
  failures += 1;
  if (failures >= 2) {
    close();
    ask();
    setTimeout(open, STREAM_AGAIN_MS);
  } else if (source.readyState === EventSource.CLOSED) {
    setTimeout(open, RECONNECT_MS);
  }
}

// An open stream would keep the page out of the browser's back/forward cache.
addEventListener("pagehide", () => {
  close();
  stopAsking();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) open();
});

open();
