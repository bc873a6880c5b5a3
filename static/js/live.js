// Keeps the gallery's cards true: fetches those that changed and puts them in place.

import { say } from "./announce.js";
import "./more.js";

const POSITIONS_EVERY_MS = 10_000;
const AT_ONCE = 60;
const grid = document.getElementById("photos");
const total = document.getElementById("photo-count");
const texts = grid.dataset;

const cardOf = (id) => grid.querySelector(`[data-photo-id="${id}"]`);
const isWaiting = (card) => ["queued", "running"].includes(card.dataset.state);
const shown = () => [...grid.querySelectorAll("[data-photo-id]")];
const idOf = (card) => Number(card.dataset.photoId);
const waitingIds = () => shown().filter(isWaiting).map(idOf);
const shownIds = () => shown().map(idOf);

const announce = (template, card) => say(template.replace("{name}", card.dataset.name));

function parseCard(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

function announceChange(before, card) {
  // Of another job the same state is news: it can be done before the page has asked once.
  if (before.dataset.state === card.dataset.state && before.dataset.jobId === card.dataset.jobId) return;
  if (card.dataset.state !== "queued") document.getElementById("no-worker")?.remove();
  if (card.dataset.state === "done") {
    card.classList.add("is-new");
    announce(texts.textDone, card);
  }
  if (card.dataset.state === "failed") announce(texts.textFailed, card);
}

function replace(before, card) {
  if (before.outerHTML === card.outerHTML) return;
  announceChange(before, card);
  const hadFocus = before.contains(document.activeElement);
  const [was, is] = [before, card].map((one) => one.querySelector(".card-check input"));
  if (was && is) is.checked = was.checked;
  before.replaceWith(card);
  if (hadFocus) card.querySelector("a").focus();
}

function place(id, html) {
  const card = parseCard(html);
  const before = cardOf(id);
  if (before) {
    replace(before, card);
    return;
  }
  // Whether it belongs to what was searched for, or to an album, only the server knows.
  if ("selection" in texts) return;
  // Newest first: a photo older than the last card belongs to a page not loaded yet.
  const next = [...grid.children].find((other) => idOf(other) < id);
  if (next === grid.firstElementChild && next && !("newest" in texts)) return;
  if (next) next.before(card);
  else if (!document.getElementById("more")) grid.append(card);
  else return;
  count(1);
}

function count(difference) {
  total.textContent = Number(total.textContent) + difference;
  total.parentElement.hidden = total.textContent === "0";
  document.getElementById("empty").hidden = grid.childElementCount > 0;
}

function remove(id) {
  const card = cardOf(id);
  if (!card) return;
  const neighbor = card.nextElementSibling || card.previousElementSibling;
  const hadFocus = card.contains(document.activeElement);
  card.remove();
  count(-1);
  if (hadFocus) (neighbor?.querySelector("a") || document.getElementById("main")).focus();
}

// All of them, not the first few only: the oldest are colored first, and they stand last.
async function refresh(ids) {
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    if (!(await refreshSome(ids.slice(start, start + AT_ONCE)))) return;
  }
}

// False when there was no answer, so that the rest need not be asked for now.
async function refreshSome(ids) {
  const address = `${texts.cards}?ids=${ids.join(",")}`;
  let answer;
  try {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) return false;
    answer = await response.json();
  } catch (error) {
    // The network is away for a moment; the next event or the next look brings it up to date.
    if (error instanceof TypeError) return false;
    throw error;
  }
  for (const [id, html] of Object.entries(answer.cards)) place(Number(id), html);
  answer.gone.forEach(remove);
  return true;
}

document.addEventListener("photos-changed", ({ detail }) => {
  refresh(detail.ids ?? (detail.look === "shown" ? shownIds() : waitingIds()));
});
document.addEventListener("photos-added", (event) => {
  for (const { id, card } of event.detail) place(id, card);
});

// Places in the queue move on without any change to one's own photos.
setInterval(() => {
  if (!document.hidden) refresh(waitingIds());
}, POSITIONS_EVERY_MS);

// "Try again" on a card stays on the page.
document.addEventListener("submit", async (event) => {
  if (event.target.id !== "card-actions" || !event.submitter) return;
  event.preventDefault();
  const card = event.submitter.closest("[data-photo-id]");
  const body = new FormData(event.target);
  await fetch(event.submitter.formAction, { method: "POST", body }).catch(() => null);
  refresh([idOf(card)]);
});
