// Buttons that copy what the field beside them holds: an address, a key.

import { say } from "./announce.js";

function copyWithoutPermission(field) {
  field.select();
  return document.execCommand("copy");
}

// Only a site on HTTPS, or on this very machine, is given the clipboard itself.
const copy = (field) =>
  navigator.clipboard?.writeText(field.value).catch(() => copyWithoutPermission(field)) ?? copyWithoutPermission(field);

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = button.parentElement.querySelector("[data-copy-from]");
  const words = button.querySelector("span");
  const plain = words.textContent;
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    await copy(field);
    words.textContent = button.dataset.copied;
    say(button.dataset.copy);
    setTimeout(() => {
      words.textContent = plain;
    }, 2000);
  });
}
