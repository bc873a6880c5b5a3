// The order of an album: dragging, and the buttons of each photograph without fetching the page anew.

import "../vendor/sortablejs/Sortable.min.js";
import { say } from "./announce.js";

const list = document.getElementById("photos");
const token = document.querySelector("#arrange [name=csrfmiddlewaretoken]").value;
const trouble = document.getElementById("arrange-trouble");
const texts = list.dataset;

async function keep(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ csrfmiddlewaretoken: token, ...fields })) body.append(name, value);
  const response = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "application/json" } }).catch(
    () => null,
  );
  const isKept = Boolean(response?.ok) && !response.redirected; // to the page where one logs in
  trouble.hidden = isKept;
  if (!isKept) say(trouble.textContent.trim());
  return isKept;
}

function tell(card) {
  const cards = [...list.children];
  const words = texts.textMoved
    .replace("{name}", card.dataset.name)
    .replace("{place}", cards.indexOf(card) + 1)
    .replace("{count}", cards.length);
  say(words);
}

function keepPlace(card) {
  const before = card.nextElementSibling?.dataset.photoId ?? "";
  return keep({ do: "move", photo: card.dataset.photoId, before });
}

async function step(card, button) {
  const other = button.value === "earlier" ? card.previousElementSibling : card.nextElementSibling;
  if (!other) return;
  if (button.value === "earlier") other.before(card);
  else other.after(card);
  button.focus();
  if (await keepPlace(card)) tell(card);
}

async function makeCover(card) {
  if (!(await keep({ do: "cover", photo: card.dataset.photoId }))) return;
  for (const other of list.querySelectorAll("[data-cover]")) delete other.dataset.cover;
  card.dataset.cover = "";
  say(texts.textCover.replace("{name}", card.dataset.name));
}

document.addEventListener("submit", (event) => {
  const card = event.target.closest("[data-photo-id]");
  if (!card) return;
  event.preventDefault();
  if (event.submitter.value === "cover") makeCover(card);
  else step(card, event.submitter);
});

self.Sortable.create(list, {
  animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
  filter: "button",
  preventOnFilter: false,
  delay: 200,
  delayOnTouchOnly: true,
  ghostClass: "is-dragged",
  onEnd: async ({ item, oldIndex, newIndex }) => {
    if (oldIndex !== newIndex && (await keepPlace(item))) tell(item);
  },
});
