// "Where is it a guess?": lays a map over the photograph, with its meaning in words. The map is fetched once. It may take
// a while beside other work: that is said, and whoever does not want to wait cancels, or presses the button again.

const SLOW_AFTER_MS = 4_000;
const PART = (name) => document.querySelector(`[data-doubt-${name}]`);
let asking = null;

async function fetchDoubt(address, signal) {
  const response = await fetch(address, { signal }).catch(() => null);
  const isJson = response?.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJson && !response.redirected ? await response.json() : {};
  return response?.ok ? answer : { error: answer.error };
}

function show(button, isShown) {
  button.setAttribute("aria-pressed", String(isShown));
  PART("map").hidden = !isShown || !PART("map").src;
  PART("note").hidden = !isShown;
}

async function ask(button) {
  const { textLooking, textSlow, textOffline } = PART("note").dataset;
  const request = new AbortController();
  asking = request;
  PART("words").textContent = textLooking;
  PART("cancel").hidden = false;
  const slow = setTimeout(() => (PART("words").textContent = textSlow), SLOW_AFTER_MS);
  const { map, sentence, error } = await fetchDoubt(button.dataset.doubt, request.signal);
  clearTimeout(slow);
  if (request.signal.aborted) return;
  asking = null;
  PART("cancel").hidden = true;
  PART("words").textContent = sentence ?? error ?? textOffline;
  PART("legend").hidden = !sentence;
  if (sentence) PART("map").src = map;
  else button.setAttribute("aria-pressed", "false"); // pressed again, it tries again
  PART("map").hidden = !sentence;
}

function hide(button) {
  asking?.abort();
  asking = null;
  show(button, false);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-doubt]");
  if (target.closest("[data-doubt-cancel]")) {
    const shown = document.querySelector("[data-doubt]");
    hide(shown);
    shown.focus();
  } else if (button?.getAttribute("aria-pressed") === "true") hide(button);
  else if (button) {
    show(button, true);
    if (!PART("map").src) ask(button);
  }
});
