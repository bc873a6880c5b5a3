// The contact sheet fills in while its variants are colored: frames whose state changed are put in place.

import { say } from "./announce.js";

const sheet = document.getElementById("sheet");

async function refresh() {
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const frame of page.querySelectorAll("#sheet > li")) place(frame);
}

function place(frame) {
  const before = sheet.querySelector(`[data-job-id="${frame.dataset.jobId}"]`);
  if (!before || before.dataset.state === frame.dataset.state) return;
  const hadFocus = before.contains(document.activeElement);
  before.replaceWith(frame);
  if (frame.dataset.announce) say(frame.dataset.announce);
  if (hadFocus) frame.querySelector("button, input")?.focus();
}

document.addEventListener("photos-changed", ({ detail }) => {
  if (detail.ids?.includes(Number(sheet.dataset.photoId)) ?? true) refresh();
});
