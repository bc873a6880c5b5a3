// Says when everything that was uploaded together is done: a bar that stays on this page until it is put away, and on
// others until it was seen; and, where nobody looks, the page's title. The server decides what is done; this asks when photos have changed.

import { say } from "./announce.js";

const LOOK_AFTER_MS = 1_000;
const SEEN_AFTER_MS = 4_000;
const OUT_OF_SIGHT_EVERY_MS = 15_000;
const holder = document.getElementById("batch-notices");
const list = holder.querySelector("ul");
const title = document.title;
let soon = null;
// A page out of sight hears no events, so it asks, as long as something of its own is under way.
let expecting = false;

const ids = () => [...list.children].map((notice) => notice.dataset.batchId);

async function look() {
  const response = await fetch(holder.dataset.address).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const before = ids();
  const html = await response.text();
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = [...template.content.children].filter((notice) => !before.includes(notice.dataset.batchId));
  if (!fresh.length) return;
  list.prepend(...fresh);
  awaitSeen();
  expecting = false;
  const words = fresh[0].querySelector("[data-batch-words]").textContent;
  say(words);
  if (document.hidden) document.title = `● ${words}`;
}

function dismiss(form) {
  const headers = { Accept: "application/json" };
  return fetch(form.action, { method: "POST", body: new FormData(form), headers }).catch(() => null);
}

// What was seen is not shown on the next page.
function awaitSeen() {
  setTimeout(() => {
    if (document.hidden || !holder.checkVisibility()) return;
    for (const form of list.querySelectorAll("li:not([data-seen]) form")) {
      form.closest("li").dataset.seen = "";
      dismiss(form);
    }
  }, SEEN_AFTER_MS);
}

function lookSoon() {
  clearTimeout(soon);
  soon = setTimeout(look, LOOK_AFTER_MS);
}

document.addEventListener("photos-changed", lookSoon);
document.addEventListener("photos-added", () => {
  expecting = true;
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.title = title;
  lookSoon();
  awaitSeen();
});
setInterval(() => {
  if (document.hidden && expecting) look();
}, OUT_OF_SIGHT_EVERY_MS);

list.addEventListener("submit", async (event) => {
  event.preventDefault();
  const notice = event.target.closest("[data-batch-id]");
  const response = await dismiss(event.target);
  if (!response?.ok) return;
  notice.remove();
  document.getElementById("main").focus();
});

awaitSeen();
