// The page on which a person tells the model colors: puts together the photograph, the tools and the preview.

import { ColorChoice } from "./colors.js";
import { Drawing } from "./drawing.js";
import { Gestures } from "./gestures.js";
import { Keeping } from "./keeping.js";
import { Looking } from "./looking.js";
import { Preview } from "./preview.js";
import { Server } from "./server.js";
import { History, markOf, settingsOf, spotCount, stateFrom } from "./state.js";
import { ToldList } from "./told.js";
import { View } from "./view.js";
import { colorWords } from "./words.js";

const POINT_SHARE = 0.01; // a point's radius, of the short side
const GRAB_PX = 14; // a tap this near to a dot means the dot
const STILL_MS = 350; // after which the cross has arrived, and its place is said
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

let draft = null; // a state that is tried while a slider or the picker moves
let pending = null; // a mark that waits for its color
let selectedId = null;
let lookedId = null; // in the list

const state = () => draft ?? history.now;
const settings = () => ({ ...base, ...settingsOf(state()) });
const say = (detail) => document.dispatchEvent(new CustomEvent("announce", { detail }));

function tool() {
  const name = root.querySelector("[name=tool]:checked").value;
  const isStroke = name === "stroke" || name === "grey";
  const share = isStroke ? Number(document.getElementById("brush-size").value) / 100 : POINT_SHARE;
  return { name, isStroke, movesView: name === "move", radius: share * shortSide };
}

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
const looking = new Looking(root, stage);
const keeping = new Keeping(root, server, {
  settings,
  isChanged: () => history.isChanged,
  hasMore: () => pending !== null,
  failed: complain,
});
const preview = new Preview(server, texts.preview, document.getElementById("edit-preview"), {
  waiting: (isWaiting) => (document.getElementById("edit-waiting").hidden = !isWaiting),
  shown: () => complain(""),
  failed: complain,
});

function showMarks() {
  drawing.showMarks(state().marks, { pending, selectedId, lookedId });
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
  looking.show("now");
  show();
  preview.ask(settings());
}

function change(next) {
  draft = null;
  if (JSON.stringify(settingsOf(next)) !== JSON.stringify(settingsOf(history.now))) history.push(next);
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
  dropDraft();
  selectedId = null;
  pending = mark;
  looking.show("now");
  show();
  choice.open(mark, { takeFocus: byKeyboard });
}

// A color that was only tried in the picker.
function dropDraft() {
  if (!draft) return;
  draft = null;
  preview.ask(settings());
}

function select(id, options) {
  dropDraft();
  pending = null;
  selectedId = id;
  const mark = state().marks.find((one) => one.id === id);
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
  keep: ({ currentTarget }) => keeping.keep(currentTarget),
  copy: ({ currentTarget }) => keeping.copy(currentTarget),
  likely: () => choice.open(choice.mark, { takeFocus: true }),
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
  slider.addEventListener("input", () => {
    draft = next();
    refresh();
  });
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
      document.getElementById("edit-place").textContent = texts.textPlace
        .replace("{left}", share(x, size.width))
        .replace("{top}", share(y, size.height));
    }, STILL_MS);
  },
  escaped: () => select(null),
});
const showCursor = () => drawing.showCursor(gestures.cursor);
stage.addEventListener("view-moved", showCursor);
root.addEventListener("change", () => {
  stage.dataset.tool = tool().name;
  showCursor();
});
new ResizeObserver(() => view.apply()).observe(stage);

select(null);
if (!texts.shownJob) preview.ask(settings());
