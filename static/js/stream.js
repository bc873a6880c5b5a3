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
let greeted = false;

// { ids } of changed photos, or { look: "waiting" | "shown" } when only the page knows which.
function tell(detail) {
  document.dispatchEvent(new CustomEvent("photos-changed", { detail }));
}

function ask() {
  if (!asking) asking = setInterval(() => tell({ look: "waiting" }), ASK_EVERY_MS);
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
  });
  // After the first greeting each further one means that something may have been missed.
  source.addEventListener("hello", () => {
    tell({ look: greeted ? "shown" : "waiting" });
    greeted = true;
  });
  source.addEventListener("photos", (event) => tell({ ids: JSON.parse(event.data).ids }));
  source.addEventListener("error", failed);
}

function failed() {
  failures += 1;
  if (failures >= 2) {
    close();
    ask();
    setTimeout(listenWhileVisible, STREAM_AGAIN_MS);
  } else if (source.readyState === EventSource.CLOSED) {
    setTimeout(listenWhileVisible, RECONNECT_MS);
  }
}

// A page out of sight gives its connection back: browsers allow six for each host.
function listenWhileVisible() {
  if (!document.hidden) open();
  else {
    close();
    stopAsking();
  }
}

document.addEventListener("visibilitychange", listenWhileVisible);
addEventListener("pagehide", close);
listenWhileVisible();
