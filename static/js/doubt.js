// "Where is it a guess?": lays a map over the photograph, with its meaning in words. The map is fetched once.

const PART = (name) => document.querySelector(`[data-doubt-${name}]`);

async function fetchDoubt(address) {
  const response = await fetch(address).catch(() => null);
  const isJson = response?.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJson && !response.redirected ? await response.json() : {};
  return response?.ok ? answer : { error: answer.error };
}

async function toggle(button) {
  const map = PART("map");
  const note = PART("note");
  const isShown = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!isShown));
  note.hidden = isShown;
  map.hidden = isShown || !map.src;
  if (isShown || map.src) return;
  PART("words").textContent = note.dataset.textLooking;
  const { map: picture, sentence, error } = await fetchDoubt(button.dataset.doubt);
  PART("words").textContent = sentence ?? error ?? note.dataset.textOffline;
  PART("legend").hidden = !sentence;
  if (!sentence) return;
  map.src = picture;
  map.hidden = button.getAttribute("aria-pressed") !== "true";
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-doubt]");
  if (button && button.getAttribute("aria-busy") !== "true") toggle(button);
});
