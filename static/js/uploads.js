// Uploads one file per request, two at a time, each with its own row of progress and result; large files in pieces.
// The form works without this file; the server's rules are the same for both ways.

import { say } from "./announce.js";
import { knownAmong } from "./upload-known.js";
import { sendInPieces } from "./upload-resumable.js";
import { isPhotograph, pastedFiles, readFolders, takeDropped } from "./upload-sources.js";

const AT_ONCE = 2;
const ASKED_AT_ONCE = 50;
const IN_PIECES_FROM_BYTES = 20 * 1024 * 1024;
const STAYS_MS = 2_500;
const form = document.getElementById("upload");
const input = document.getElementById("upload-files");
const folderInput = document.getElementById("upload-folder");
const cameraInput = document.getElementById("upload-camera");
const token = () => form.elements.csrfmiddlewaretoken.value;
const rows = document.getElementById("upload-rows");
const rowTemplate = document.getElementById("upload-row");
const textWaiting = rowTemplate.content.querySelector(".upload-message").textContent;
const panel = document.getElementById("upload-panel");
const clear = document.getElementById("upload-clear");
const note = document.getElementById("upload-note");
const veil = document.getElementById("drop-veil");
const texts = form.dataset;

const waiting = [];
let active = 0;
let looking = 0;
let pausing = 0;
let tally = { accepted: 0, duplicates: 0, refused: 0 };


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
  panel.hidden = rows.childElementCount === 0 && note.hidden;
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

// More was sent in a minute than is taken: the file stays in the row and goes again when the server said.
function sendAgainLater(request, row, file) {
  const seconds = Number(request.getResponseHeader("Retry-After")) || 60;
  row.querySelector(".upload-message").textContent = texts.textTooMany.replace("{seconds}", seconds);
  pausing += 1;
  setTimeout(() => {
    pausing -= 1;
    waiting.push({ file, row });
    next();
  }, seconds * 1_000);
}

function settle(request, row, file) {
  if (request.status === 429) sendAgainLater(request, row, file);
  else if (request.responseURL === form.action) concludeBy(request.status, readAnswer(request), row, file);
  else refuse(row, file, texts.textSignedOut);
}

function concludeBy(status, answer, row, file) {
  if (status === 413) refuse(row, file, texts.textTooLarge);
  else if (status === 403) refuse(row, file, texts.textReload);
  else if (!answer?.accepted) refuse(row, file, texts.textTrouble, { again: true });
  else if (answer.accepted.length) {
    conclude(row, "accepted", texts.textAccepted);
    document.dispatchEvent(new CustomEvent("photos-added", { detail: answer.accepted }));
  } else if (answer.duplicates.length) conclude(row, "duplicates", duplicateMessage(answer.duplicates[0]));
  else refuse(row, file, answer.refused[0]?.reason ?? texts.textTrouble);
}

async function sendLarge(file, row) {
  const bar = row.querySelector("progress");
  const message = row.querySelector(".upload-message");
  message.textContent = texts.textSending;
  const sent = sendInPieces(file, {
    address: texts.resumable,
    token: token(),
    onProgress(share) {
      bar.value = share;
      if (share === 1) message.textContent = texts.textChecking;
    },
    onInterrupted: () => (message.textContent = texts.textInterrupted),
    onResumed: () => (message.textContent = texts.textResumed),
  });
  const response = await sent.catch(() => null); // what sends in pieces is fetched when it is first needed
  await concludeLarge(response, row, file).catch(() => refuse(row, file, texts.textOffline, { again: true }));
  finished();
}

async function concludeLarge(response, row, file) {
  if (!response) refuse(row, file, texts.textOffline, { again: true });
  else if (response.redirected) refuse(row, file, texts.textSignedOut);
  else if (response.headers.get("Content-Type") === "application/json") {
    concludeBy(response.status, await response.json(), row, file);
  } else if (response.status === 403) refuse(row, file, texts.textReload);
  else refuse(row, file, plainText(await response.text()) || texts.textTrouble, { again: true });
}

// A page in place of a sentence comes from something between us and the server.
const plainText = (text) => (text.startsWith("<") ? "" : text);

function send(file, row) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", token());
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
  if (!active && !waiting.length && !looking && !pausing) allDone();
}

function allDone() {
  fetch(texts.allSent, { method: "POST", headers: { "X-CSRFToken": token() } }).catch(() => null);
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
    if (file.size > IN_PIECES_FROM_BYTES) sendLarge(file, row);
    else send(file, row);
  }
}

// Duplicates are named before they are sent; the first of many files need not wait for the last to be looked at.
async function addFiles(files) {
  const rowsOf = new Map(files.map((file) => [file, makeRow(file)]));
  const fitting = files.filter((file) => file.size <= Number(texts.maxBytes));
  for (const file of files) if (!fitting.includes(file)) refuse(rowsOf.get(file), file, texts.textTooLarge);
  looking += 1;
  for (let start = 0; start < fitting.length; start += ASKED_AT_ONCE) {
    const some = fitting.slice(start, start + ASKED_AT_ONCE);
    for (const file of some) rowsOf.get(file).querySelector(".upload-message").textContent = texts.textLooking;
    const known = await knownAmong(some, { address: texts.known, token: token() });
    for (const file of some) {
      const row = rowsOf.get(file);
      row.querySelector(".upload-message").textContent = textWaiting;
      if (known.has(file)) conclude(row, "duplicates", duplicateMessage(known.get(file)));
      else waiting.push({ file, row });
    }
    next();
  }
  looking -= 1;
  if (files.length && !active && !waiting.length && !pausing) allDone();
}

// Whatever else lies in a folder is passed over, and said once.
function addFolder(files) {
  const photographs = files.filter(isPhotograph);
  const others = files.length - photographs.length;
  if (!photographs.length) tell(texts.textNothing);
  else if (others) tell(texts.textPassedOver.replace("{count}", others));
  addFiles(photographs);
}

function tell(words) {
  note.textContent = words;
  note.hidden = !words;
  panel.hidden = false;
  say(words);
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
  const { files, folders } = takeDropped(event.dataTransfer);
  addFiles(files);
  if (!folders.length) return;
  tell(texts.textReading);
  readFolders(folders).then((found) => {
    tell("");
    addFolder(found);
  });
});
document.addEventListener("paste", (event) => {
  if (event.target.closest("input, textarea, [contenteditable]")) return;
  const files = pastedFiles(event.clipboardData, texts.textPasted);
  if (!files.length) return;
  event.preventDefault();
  addFiles(files);
});

for (const [source, add] of [[input, addFiles], [cameraInput, addFiles], [folderInput, addFolder]]) {
  source.addEventListener("change", () => {
    add([...source.files]);
    source.value = "";
  });
}
clear.addEventListener("click", () => {
  for (const row of [...rows.querySelectorAll("[data-result]")]) drop(row);
  note.hidden = true;
  panel.hidden = rows.childElementCount === 0;
  input.focus();
});
addEventListener("beforeunload", (event) => {
  if (active || waiting.length || looking || pausing) event.preventDefault();
});
