// The page on which a person tells the model colors: puts together the photograph, the tools and the preview.

import { ColorChoice } from "./colors.js";
import { Drawing } from "./drawing.js";
import { Gestures } from "./gestures.js";
import { Preview } from "./preview.js";
import { Server } from "./server.js";
import { History, markOf, settingsOf, spotCount, stateFrom } from "./state.js";
import { ToldList } from "./told.js";
import { View } from "./view.js";
import { colorWords } from "./words.js";

const POINT_SHARE = 0.01; // a point's radius, of the short side
const GRAB_PX = 14; // a tap this near to a dot means the dot
const HELD_MS = 350; // a press longer than this shows only as long as it lasts
const ZOOM_STEP = 1.5;

const root = document.getElementById("edit");
const stage = document.getElementById("edit-stage");
const texts = root.dataset;
const size = { width: Number(texts.width), height: Number(texts.height) };
const shortSide = Math.min(size.width, size.height);
const base = JSON.parse(document.getElementById("edit-settings").textContent);
const history = new History(stateFrom(base));
const server = new Server(root.querySelector("[name=csrfmiddlewaretoken]").value, texts);
const button = (name) => root.querySelector(`[data-do="${name}"]`);
const sliders = [...root.querySelectorAll("[data-setting]")];
const place = document.getElementById("edit-place");

let draft = null; // a state that is tried while a slider or the picker moves
let pending = null; // a mark that waits for its color
let selectedId = null;
let lookedId = null; // in the list
let isLeaving = false;

const state = () => draft ?? history.now;
const settings = () => ({ ...base, ...settingsOf(state()) });
const markById = (id) => state().marks.find((mark) => mark.id === id);
const say = (detail) => document.dispatchEvent(new CustomEvent("announce", { detail }));

function tool() {
  const name = root.querySelector("[name=tool]:checked").value;
  const brush = (Number(document.getElementById("brush-size").value) / 100) * shortSide;
  return { name, isStroke: name !== "point", radius: name === "point" ? POINT_SHARE * shortSide : brush };
}

// What is seen

const view = new View(stage, size);
const drawing = new Drawing(view, tool);
const told = new ToldList(document.getElementById("edit-told"), size, {
  looked(id) {
    lookedId = id;
    showMarks();
  },
  opened: (id) => select(id, { takeFocus: true }),
  removed: remove,
});
const choice = new ColorChoice(document.getElementById("edit-color"), server, { chosen, trying });
const preview = new Preview(server, texts.preview, document.getElementById("edit-preview"), {
  waiting: (isWaiting) => (document.getElementById("edit-waiting").hidden = !isWaiting),
  shown: () => complain(""),
  failed: (message) => complain(message),
});

function showMarks() {
  drawing.showMarks(state().marks, pending, new Set([selectedId, lookedId]));
}

function show() {
  showMarks();
  told.show(state().marks, selectedId);
  for (const slider of sliders) {
    slider.value = state()[slider.dataset.setting];
    slider.nextElementSibling.value = Number(slider.value).toFixed(2);
  }
  button("undo").setAttribute("aria-disabled", String(!history.canUndo && !pending));
  button("redo").setAttribute("aria-disabled", String(!history.canRedo));
  button("clear").hidden = !state().marks.length;
}

function complain(message) {
  const trouble = document.getElementById("edit-trouble");
  trouble.hidden = !message;
  trouble.querySelector("p").textContent = message;
}

function refresh() {
  look("now");
  show();
  preview.ask(settings());
}

// What is told

function change(next) {
  draft = null;
  if (JSON.stringify(settingsOf(next)) !== JSON.stringify(settingsOf(history.now))) history.push(next);
  refresh();
}

function attempt(next) {
  draft = next;
  refresh();
}

function withColor(color) {
  const { marks } = history.now;
  const next = pending
    ? [...marks, { ...pending, color }]
    : marks.map((mark) => (mark.id === selectedId ? { ...mark, color } : mark));
  return { ...history.now, marks: next };
}

function trying(color) {
  draft = withColor(color);
  preview.ask(settings());
}

function chosen(color) {
  const next = withColor(color);
  if (pending) selectedId = pending.id;
  pending = null;
  change(next);
  say(texts.textColored.replace("{color}", colorWords(color)));
}

function tell(points, { byKeyboard }) {
  const { name, radius } = tool();
  const near = name === "point" && !byKeyboard && markNear(points[0]);
  if (near) return select(near.id);
  const mark = markOf(points, radius, null);
  if (spotCount(history.now) + points.length > Number(texts.mostSpots)) {
    complain(texts.textTooMany);
    return select(null);
  }
  if (name !== "grey") return wait(mark, byKeyboard);
  select(null);
  change({ ...history.now, marks: [...history.now.marks, mark] });
  return say(texts.textGreyed);
}

function markNear({ x, y }) {
  const far = ({ points }) => Math.hypot(points[0].x - x, points[0].y - y) * view.scale;
  return state().marks.find((mark) => mark.color && far(mark) < GRAB_PX);
}

function wait(mark, byKeyboard) {
  draft = null;
  selectedId = null;
  pending = mark;
  look("now");
  show();
  choice.open(mark, { takeFocus: byKeyboard });
}

function select(id, options) {
  draft = null;
  pending = null;
  selectedId = id;
  const mark = markById(id);
  show();
  choice.open(mark?.color ? mark : null, options);
}

function remove(id) {
  select(null);
  change({ ...history.now, marks: history.now.marks.filter((mark) => mark.id !== id) });
  say(texts.textRemoved);
}

function walk(step) {
  const hadFocus = document.activeElement.closest("#edit-color");
  if (!pending || step === "redo") history[step]();
  select(null);
  if (hadFocus) stage.focus();
  refresh();
  say(texts[step === "undo" ? "textUndone" : "textRedone"]);
}

// Looking at the original or at the colors before, as long as a button is held, or until it is pressed again.

function look(name) {
  stage.dataset.shows = name;
  for (const one of root.querySelectorAll("[data-look]"))
    one.setAttribute("aria-pressed", String(one.dataset.look === name));
}

for (const one of root.querySelectorAll("[data-look]")) {
  let pressedAt = 0;
  let shownBefore = "now";
  one.addEventListener("pointerdown", () => {
    pressedAt = performance.now();
    shownBefore = stage.dataset.shows;
    look(one.dataset.look);
  });
  one.addEventListener("click", ({ detail }) => {
    const isHeld = detail > 0 && performance.now() - pressedAt > HELD_MS;
    const before = detail > 0 ? shownBefore : stage.dataset.shows;
    look(isHeld || before === one.dataset.look ? "now" : one.dataset.look);
  });
}

// Keeping

async function keep() {
  const response = await server.ask(texts.variant, { send: settings() });
  return (await response.json()).job_id;
}

async function leave(event, addressOf) {
  const pressed = event.currentTarget;
  if (pressed.getAttribute("aria-busy") === "true") return;
  pressed.setAttribute("aria-busy", "true");
  try {
    const jobId = history.isChanged || !texts.shownJob ? await keep() : texts.shownJob;
    isLeaving = true;
    location.href = addressOf(jobId);
  } catch (error) {
    complain(error.message);
  } finally {
    pressed.removeAttribute("aria-busy");
  }
}

addEventListener("beforeunload", (event) => {
  if (!isLeaving && (history.isChanged || pending)) event.preventDefault();
});

// Buttons, sliders and keys

const actions = {
  undo: () => walk("undo"),
  redo: () => walk("redo"),
  clear() {
    select(null);
    change({ ...history.now, marks: [] });
    stage.focus();
  },
  close() {
    select(null);
    stage.focus();
  },
  retry: () => preview.ask(settings()),
  keep: (event) => leave(event, () => texts.photo),
  copy: (event) => leave(event, (jobId) => texts.copy.replace("/0/", `/${jobId}/`)),
  "zoom-in": () => view.zoomBy(ZOOM_STEP),
  "zoom-out": () => view.zoomBy(1 / ZOOM_STEP),
  "zoom-fit": () => view.fit(),
};
for (const one of root.querySelectorAll("[data-do]")) {
  one.addEventListener("click", (event) => {
    if (one.getAttribute("aria-disabled") !== "true") actions[one.dataset.do](event);
  });
}

for (const slider of sliders) {
  const next = () => ({ ...history.now, [slider.dataset.setting]: Number(slider.value) });
  slider.addEventListener("input", () => attempt(next()));
  slider.addEventListener("change", () => change(next()));
}

document.addEventListener("keydown", (event) => {
  const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
  if (isUndo && !event.target.matches("input[type=text]")) {
    event.preventDefault();
    const step = event.shiftKey ? "redo" : "undo";
    if (button(step).getAttribute("aria-disabled") !== "true") walk(step);
  } else if (event.key === "Escape" && event.target.closest("#edit-color")) actions.close();
});

let saying = 0;
const gestures = new Gestures(view, {
  tool,
  told: tell,
  drawing: (points) => (points ? drawing.showStroke(points, tool().radius) : showMarks()),
  moved({ x, y }) {
    const share = (value, whole) => String(Math.round((value / whole) * 100));
    clearTimeout(saying);
    saying = setTimeout(() => {
      place.textContent = texts.textPlace
        .replace("{left}", share(x, size.width))
        .replace("{top}", share(y, size.height));
    }, HELD_MS);
  },
  escaped: () => select(null),
});
const showCursor = () => drawing.showCursor(gestures.cursor);
stage.addEventListener("view-moved", showCursor);
root.addEventListener("change", showCursor);
new ResizeObserver(() => view.apply()).observe(stage);

select(null);
if (!texts.shownJob) preview.ask(settings());
