// Speaks short messages to screen readers, one after the other: say(words), from any module.

const region = document.getElementById("announcements");
const waiting = [];

function speakNext() {
  if (!waiting.length) return;
  region.textContent = waiting.shift();
  setTimeout(() => {
    region.textContent = "";
    setTimeout(speakNext, 100);
  }, 1500);
}

export function say(words) {
  waiting.push(words);
  if (!region.textContent && waiting.length === 1) speakNext();
}
