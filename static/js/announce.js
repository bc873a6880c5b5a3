// Speaks short messages to screen readers: anyone may dispatch "announce" on the document.

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

document.addEventListener("announce", (event) => {
  waiting.push(event.detail);
  if (!region.textContent && waiting.length === 1) speakNext();
});
