// Choosing many photographs: check marks, ranges with Shift, keys, and the bar of what can be done with them.
// The boxes and the bar are a plain form; without this file they are all there, and work.

import { say } from "./announce.js";

const grid = document.getElementById("photos");
const bar = document.getElementById("chosen");
const count = document.getElementById("chosen-count");
const clear = document.getElementById("chosen-clear");
const all = bar.querySelector('[name="all"]');
const texts = bar.dataset;
const FORWARD = document.documentElement.dir === "rtl" ? -1 : 1;
const ARROWS = { ArrowLeft: -FORWARD, ArrowRight: FORWARD, ArrowUp: "up", ArrowDown: "down" };

const TOLD_FOR_MS = 20_000;
const told = bar.nextElementSibling;
const refusal = document.getElementById("chosen-refusal");

let forgetting = null;
let anchor = null; // the card from which a range goes

const cards = () => [...grid.querySelectorAll("[data-photo-id]")];
const boxOf = (card) => card.querySelector(".card-check input");
const checked = () => cards().filter((card) => boxOf(card).checked);

function show() {
  const number = checked().length;
  const open = number > 0 || Boolean(all?.checked);
  bar.classList.toggle("is-open", open);
  if (open) told.replaceChildren();
  grid.classList.toggle("is-choosing", open);
  count.textContent = number === 1 ? texts.textOne : texts.textMany.replace("{count}", number);
  if (!open) for (const menu of bar.querySelectorAll("details[open]")) menu.open = false;
}

function choose(card, value) {
  boxOf(card).checked = value;
  anchor = card;
  show();
}

function chooseRange(to) {
  const shown = cards();
  const from = anchor?.isConnected ? shown.indexOf(anchor) : shown.indexOf(to);
  const [first, last] = [from, shown.indexOf(to)].sort((a, b) => a - b);
  for (const card of shown.slice(first, last + 1)) boxOf(card).checked = true;
  show();
}

function chooseNone() {
  for (const card of checked()) boxOf(card).checked = false;
  if (all) all.checked = false;
  anchor = null;
  show();
}

// Rows have no fixed columns: the nearest card of the row above or below.
function beside(card, way) {
  const shown = cards();
  if (typeof way === "number") return shown[shown.indexOf(card) + way];
  const { left, right, top } = card.getBoundingClientRect();
  const middle = (left + right) / 2;
  const distance = (other) => {
    const box = other.getBoundingClientRect();
    return Math.abs((box.left + box.right) / 2 - middle);
  };
  const tops = shown.map((other) => other.getBoundingClientRect().top);
  const row = way === "up" ? Math.max(...tops.filter((one) => one < top - 1)) : Math.min(...tops.filter((one) => one > top + 1));
  return shown.filter((_, index) => Math.abs(tops[index] - row) < 1).sort((a, b) => distance(a) - distance(b))[0];
}

// While some are chosen, a click on any photograph chooses, and opens nothing. In the capturing phase, before whoever
// opens photographs hears of it.
document.addEventListener(
  "click",
  (event) => {
    const card = event.target.closest("#photos [data-photo-id]");
    if (!card || event.target.closest("button")) return;
    const onBox = event.target.closest(".card-check");
    if (onBox && event.target.localName !== "input") return; // the label clicks its box right after
    if (!onBox && !event.shiftKey && !grid.classList.contains("is-choosing")) return;
    if (!onBox && (event.ctrlKey || event.metaKey)) return;
    if (!onBox) event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey && anchor) chooseRange(card);
    else choose(card, onBox ? boxOf(card).checked : !boxOf(card).checked);
  },
  true,
);

grid.addEventListener("keydown", (event) => {
  const card = event.target.closest("[data-photo-id]");
  if (!card || event.target.closest("button")) return;
  const onLink = event.target.matches(".card-link");
  if (event.key === " " && onLink) {
    event.preventDefault();
    choose(card, !boxOf(card).checked);
  } else if (event.shiftKey && event.key in ARROWS) {
    event.preventDefault();
    const next = beside(card, ARROWS[event.key]);
    if (!next) return;
    if (!anchor?.isConnected) anchor = card;
    chooseRange(next);
    next.querySelector(onLink ? ".card-link" : ".card-check input").focus();
  } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    for (const one of cards()) boxOf(one).checked = true;
    anchor = card;
    show();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !grid.classList.contains("is-choosing")) return;
  chooseNone();
  say(texts.textNone);
});

clear.addEventListener("click", () => {
  chooseNone();
  (cards()[0]?.querySelector("a") ?? document.getElementById("main")).focus();
});
all?.addEventListener("change", show);

// One field for all ids: a form may have a thousand fields at most.
bar.addEventListener("formdata", ({ formData }) => {
  const ids = formData.getAll("photo");
  formData.delete("photo");
  formData.append("photo", ids.join(","));
});

// What changes cards is told to this page by its stream; so the page stays, and only what was said is fetched.
async function send(button) {
  const body = new FormData(bar, button);
  const response = await fetch(bar.action, { method: "POST", body }).catch(() => null);
  if (!response?.ok) {
    tell(refusal.content.firstElementChild.cloneNode(true));
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (button.value === "remove" || !page.getElementById("photos")) {
    location.href = response.url; // where one logs in, if not the album
    return;
  }
  chooseNone();
  tell(page.querySelector("main > [role=status] .notices"));
  document.dispatchEvent(new CustomEvent("photos-changed", { detail: { look: "shown" } }));
}

function tell(notices) {
  if (!notices) return;
  told.replaceChildren(notices);
  say(notices.textContent.trim().replace(/\s+/g, " "));
  document.getElementById("main").focus({ preventScroll: true });
  clearTimeout(forgetting);
  forgetting = setTimeout(() => told.replaceChildren(), TOLD_FOR_MS);
}

bar.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || button.value === "download") return;
  event.preventDefault();
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  send(button).finally(() => button.removeAttribute("aria-busy"));
});

// Cards that arrive or go while some are chosen.
new MutationObserver(show).observe(grid, { childList: true });
show();
