// Links to share: copied by a button, and points in time by the visitor's own clock.

import { say } from "./announce.js";
import { showLocalTimes } from "./times.js";

showLocalTimes(document);

function copyWithoutPermission(field) {
  field.select();
  return document.execCommand("copy");
}

// Only a site on HTTPS, or on this very machine, is given the clipboard itself.
const copy = (field) =>
  navigator.clipboard?.writeText(field.value).catch(() => copyWithoutPermission(field)) ?? copyWithoutPermission(field);

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = button.parentElement.querySelector("[data-share-address]");
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
