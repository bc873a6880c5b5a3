// Says when everything that was uploaded together is done: a bar that stays until it is put away, and, where nobody
// looks, the page's title. The server decides what is done; this asks when photos have changed.

const LOOK_AFTER_MS = 1_000;
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
  const notices = [...template.content.children];
  if (notices.map((notice) => notice.dataset.batchId).join() === before.join()) return;
  list.replaceChildren(...notices);
  const fresh = notices.filter((notice) => !before.includes(notice.dataset.batchId));
  if (!fresh.length) return;
  expecting = false;
  const words = fresh[0].querySelector("[data-batch-words]").textContent;
  document.dispatchEvent(new CustomEvent("announce", { detail: words }));
  if (document.hidden) document.title = `● ${words}`;
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
});
setInterval(() => {
  if (document.hidden && expecting) look();
}, OUT_OF_SIGHT_EVERY_MS);

list.addEventListener("submit", async (event) => {
  event.preventDefault();
  const notice = event.target.closest("[data-batch-id]");
  const body = new FormData(event.target);
  const headers = { Accept: "application/json" };
  const response = await fetch(event.target.action, { method: "POST", body, headers }).catch(() => null);
  if (!response?.ok) return;
  notice.remove();
  document.getElementById("main").focus();
});
