// Speaks short messages to screen readers, one after the other: say(words), from any module.

const region = document.getElementById("announcements");
const waiting = [];

export const say = (words) => document.dispatchEvent(new CustomEvent("announce", { detail: words }));

function speakNext() {
  if (!waiting.length) return;
  region.textContent = waiting.shift();
  setTimeout(() => {
    region.textContent = "";
    setTimeout(speakNext, 100);
  }, 1500);
}

document.addEventListener("announce", (event) => {
  waiting.push(event.detail);
  if (!region.textContent && waiting.length === 1) speakNext();
});
