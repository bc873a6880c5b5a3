// Follows a training run: asks for a few numbers every two seconds, and for the page itself when there is more to see.

const EVERY_MS = 2000;
const card = document.getElementById("run");
const offline = document.getElementById("run-offline");

// A text that did not change is not set again: screen readers would say it again.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(told) {
  for (const element of card.querySelectorAll("[data-field]")) {
    const text = String(told[element.dataset.field]);
    const isNote = "note" in element.dataset;
    setText(element, isNote ? text : text || "–");
    if (isNote) element.hidden = !text;
  }
  card.querySelector("[data-badge]").className = `loop-badge is-${told.state}`;
  const progress = card.querySelector("[data-progress]");
  progress.max = told.steps;
  // How many photographs the gate looks at is not known before it does.
  for (const element of card.querySelectorAll("[data-counted]")) element.hidden = !told.steps;
  progress.value = told.step;
}

async function ask(address) {
  try {
    const response = await fetch(address, { cache: "no-store" });
    return response.ok && !response.redirected ? response : null;
  } catch (error) {
    // The site is away for a moment.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

async function fetchPage() {
  const response = await ask(location.href);
  if (!response) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of ["run-outcome", "run-curves", "run-evaluations", "run-facts"]) {
    const here = document.getElementById(id);
    const there = page.getElementById(id);
    // What did not change stays: its pictures are not asked for again, and keep their place.
    if (here.isEqualNode(there)) continue;
    const isOpen = here.querySelector("details")?.open;
    here.replaceWith(there);
    const details = document.getElementById(id).querySelector("details");
    if (details && isOpen) details.open = true;
  }
  return true;
}

async function look() {
  const response = document.hidden ? null : await ask(card.dataset.stateUrl);
  offline.hidden = Boolean(response) || document.hidden;
  if (!response) return true;
  const told = await response.json();
  show(told);
  if (told.figures !== card.dataset.figures && (await fetchPage())) card.dataset.figures = told.figures;
  return told.is_live;
}

async function follow() {
  const goesOn = await look();
  if (goesOn) setTimeout(follow, EVERY_MS);
}

if ("live" in card.dataset) setTimeout(follow, EVERY_MS);
