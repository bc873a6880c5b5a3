// The sheet of keyboard shortcuts, opened by "?" or by a button, and whether keys that are single signs do anything:
// voice control and shaky hands press them by accident, so they can be switched off, and that is kept in this browser.

const KEPT_AS = "single-keys";
const sheet = document.getElementById("shortcuts");
const choice = document.getElementById("single-keys");

// A letter or a sign, but for the space bar, which presses buttons, while such keys are switched off.
export const isSwitchedOff = ({ key }) => !choice.checked && key.length === 1 && key !== " ";

// Single signs mean something unless they are switched off, typed into a field, or part of a longer shortcut.
export function isSingleKey(event, key) {
  if (isSwitchedOff(event) || event.key.toLowerCase() !== key || event.defaultPrevented) return false;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  return !event.target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");
}

function open() {
  if (!sheet.open) sheet.showModal();
}

choice.checked = localStorage.getItem(KEPT_AS) !== "off";
choice.addEventListener("change", () => localStorage.setItem(KEPT_AS, choice.checked ? "on" : "off"));

document.addEventListener("keydown", (event) => {
  if (!isSingleKey(event, "?")) return;
  event.preventDefault();
  open();
});

// What lies below must not hear the keys that are pressed in the sheet.
sheet.addEventListener("keydown", (event) => event.stopPropagation());
sheet.addEventListener("click", ({ target }) => {
  if (target === sheet) sheet.close(); // beside it
});

for (const button of document.querySelectorAll("[data-opens-shortcuts]")) {
  button.hidden = false;
  button.addEventListener("click", open);
}
