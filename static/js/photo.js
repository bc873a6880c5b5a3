// One photo's page: brings the state up to date when it changes, and steps to its neighbors by arrow keys.
// Only what differs is changed, and nothing that the visitor has set: the divider, the map of doubt, what is open.

import { say } from "./announce.js";
import { showLocalTimes } from "./times.js";

const POSITION_EVERY_MS = 10_000;
const holder = document.getElementById("photo-state");
const { photoId, status: address } = holder.dataset;
const state = () => holder.firstElementChild.dataset.state;
// A job can be done before the page has asked once: the state is as before then, but of another job.
const jobAndState = () => `${holder.firstElementChild.dataset.jobId} ${state()}`;
let isLeaving = false;
const isWaiting = () => ["queued", "running"].includes(state());

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  showLocalTimes(template.content);
  return template.content.firstElementChild;
}

const callbacks = {
  beforeNodeMorphed: (before) => !before.matches?.("[data-kept]"),
  // The server sends none of these.
  beforeAttributeUpdated: (name) => !["style", "open"].includes(name),
};

async function put(next) {
  const { Idiomorph } = await import("../vendor/idiomorph/idiomorph.esm.js");
  const before = jobAndState();
  const hadFocus = holder.contains(document.activeElement);
  Idiomorph.morph(holder.firstElementChild, next, { callbacks });
  if (jobAndState() === before) return;
  const words = holder.firstElementChild.dataset.announce;
  if (words) say(words);
  if (hadFocus && !holder.contains(document.activeElement)) holder.focus();
}

async function refresh() {
  if (isLeaving) return; // what was sent has its own answer, such as that the photo is in the trash
  const response = await fetch(address).catch(() => null);
  if (isLeaving) return;
  if (response?.status === 404) location.href = holder.dataset.gallery;
  if (!response?.ok || response.redirected) return;
  await put(parse(await response.text()));
}

showLocalTimes(holder);
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.method === "post") isLeaving = true;
});
document.addEventListener("photos-changed", ({ detail }) => {
  const concerned = detail.ids?.includes(Number(photoId)) ?? (detail.look === "shown" || isWaiting());
  if (concerned) refresh();
});
setInterval(() => {
  if (isWaiting() && !document.hidden) refresh();
}, POSITION_EVERY_MS);

// To the side where the newer one's arrow is.
const isMirrored = document.documentElement.dir === "rtl";
const STEPS = { [isMirrored ? "ArrowRight" : "ArrowLeft"]: "newer", [isMirrored ? "ArrowLeft" : "ArrowRight"]: "older" };

document.addEventListener("keydown", (event) => {
  // The slider and every other field keep their own arrow keys.
  if (event.target.closest("input, textarea, select, .pswp") || event.defaultPrevented) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = STEPS[event.key] && document.querySelector(`a[data-step="${STEPS[event.key]}"]`);
  if (link) location.href = link.href;
});
