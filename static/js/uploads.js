// Uploads one file per request, two at a time, each with its own row of progress and result.
// The form works without this file; the server's rules are the same for both ways.

const AT_ONCE = 2;
const STAYS_MS = 2_500;
const form = document.getElementById("upload");
const input = form.querySelector('input[type="file"]');
const rows = document.getElementById("upload-rows");
const rowTemplate = document.getElementById("upload-row");
const panel = document.getElementById("upload-panel");
const clear = document.getElementById("upload-clear");
const veil = document.getElementById("drop-veil");
const texts = form.dataset;

const waiting = [];
let active = 0;
let tally = { accepted: 0, duplicates: 0, refused: 0 };

const say = (detail) => document.dispatchEvent(new CustomEvent("announce", { detail }));

function makeRow(file) {
  const row = rowTemplate.content.firstElementChild.cloneNode(true);
  row.querySelector(".upload-name").textContent = file.name;
  row.querySelector("progress").setAttribute("aria-label", file.name);
  rows.append(row);
  panel.hidden = false;
  return row;
}

function conclude(row, result, message) {
  row.dataset.result = result;
  row.querySelector("progress").remove();
  row.querySelector(".upload-message").replaceChildren(message);
  tally[result] += 1;
  if (result === "accepted") setTimeout(() => drop(row), STAYS_MS);
}

function drop(row) {
  row.remove();
  panel.hidden = rows.childElementCount === 0;
}

function duplicateMessage({ message, url }) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = texts.textShow;
  const words = document.createElement("span");
  words.append(`${message} `, link);
  return words;
}

function refuse(row, file, reason, { again = false } = {}) {
  conclude(row, "refused", reason);
  if (!again) return;
  const button = row.querySelector(".upload-again");
  button.hidden = false;
  button.addEventListener("click", () => {
    row.remove();
    addFiles([file]);
  });
}

function readAnswer(request) {
  if (request.getResponseHeader("Content-Type")?.startsWith("application/json")) return JSON.parse(request.responseText);
  return null;
}

function settle(request, row, file) {
  const answer = readAnswer(request);
  if (request.status === 413) refuse(row, file, texts.textTooLarge);
  else if (request.responseURL !== form.action) refuse(row, file, texts.textSignedOut);
  else if (request.status === 403) refuse(row, file, texts.textReload);
  else if (!answer?.accepted) refuse(row, file, texts.textTrouble, { again: true });
  else if (answer.accepted.length) {
    conclude(row, "accepted", texts.textAccepted);
    document.dispatchEvent(new CustomEvent("photos-added", { detail: answer.accepted }));
  } else if (answer.duplicates.length) conclude(row, "duplicates", duplicateMessage(answer.duplicates[0]));
  else refuse(row, file, answer.refused[0]?.reason ?? texts.textTrouble);
}

function send(file, row) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.append("file", file);
  const request = new XMLHttpRequest();
  const bar = row.querySelector("progress");
  const message = row.querySelector(".upload-message");
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.loaded / event.total;
    message.textContent = event.loaded < event.total ? texts.textSending : texts.textChecking;
  });
  request.addEventListener("load", () => settle(request, row, file));
  request.addEventListener("error", () => refuse(row, file, texts.textOffline, { again: true }));
  request.addEventListener("loadend", finished);
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.send(body);
}

function finished() {
  active -= 1;
  next();
  if (active || waiting.length) return;
  const words = texts.textTally
    .replace("{accepted}", tally.accepted)
    .replace("{duplicates}", tally.duplicates)
    .replace("{refused}", tally.refused);
  say(words);
  tally = { accepted: 0, duplicates: 0, refused: 0 };
}

function next() {
  while (active < AT_ONCE && waiting.length) {
    const { file, row } = waiting.shift();
    active += 1;
    send(file, row);
  }
}

function addFiles(files) {
  for (const file of files) {
    const row = makeRow(file);
    if (file.size > Number(texts.maxBytes)) refuse(row, file, texts.textTooLarge);
    else waiting.push({ file, row });
  }
  next();
}

// A dropped folder looks like a file without content.
function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const folders = items.filter((item) => item.webkitGetAsEntry?.()?.isDirectory);
  if (folders.length) say(texts.textFolder);
  for (const folder of folders) {
    const file = folder.getAsFile();
    if (file) refuse(makeRow(file), file, texts.textFolder);
  }
  return items.filter((item) => !folders.includes(item)).map((item) => item.getAsFile());
}

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  veil.hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) veil.hidden = true;
});
document.addEventListener("drop", (event) => {
  veil.hidden = true;
  if (!carriesFiles(event)) return;
  event.preventDefault();
  addFiles(droppedFiles(event.dataTransfer));
});

input.addEventListener("change", () => {
  addFiles([...input.files]);
  input.value = "";
});
clear.addEventListener("click", () => {
  for (const row of [...rows.querySelectorAll("[data-result]")]) drop(row);
  input.focus();
});
addEventListener("beforeunload", (event) => {
  if (active || waiting.length) event.preventDefault();
});
