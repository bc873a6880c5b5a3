// The page on which a person tells the model colors: puts together the photograph, the tools and the preview.

import { say } from "../announce.js";
import { Aim } from "./aim.js";
import { ColorChoice } from "./colors.js";
import { bindButtons, bindKeys, bindSliders, sayWhenStill, toolOf } from "./controls.js";
import { Drawing } from "./drawing.js";
import { colorAt } from "./dropper.js";
import { Gestures } from "./gestures.js";
import { Keeping } from "./keeping.js";
import { Looking } from "./looking.js";
import { Preview } from "./preview.js";
import { Server } from "./server.js";
import { History, markAt, markOf, moved, settingsOf, spotCount, stateFrom, withMark } from "./state.js";
import { ToldList } from "./told.js";
import { View } from "./view.js";
import { colorWords, placeWords } from "./words.js";

const GRAB_PX = 14; // a tap this near to a dot means the dot
const STILL_PX = 3; // a mark that is moved less is meant, not moved
const ZOOM_STEP = 1.5;

const root = document.getElementById("edit");
const stage = document.getElementById("edit-stage");
const texts = root.dataset;
const size = { width: Number(texts.width), height: Number(texts.height) };
const base = JSON.parse(document.getElementById("edit-settings").textContent);
const history = new History(stateFrom(base));
const server = new Server(root.querySelector("[name=csrfmiddlewaretoken]").value, texts);
const button = (name) => root.querySelector(`[data-do="${name}"]`);
const twoDigits = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2 });
const sliders = [...root.querySelectorAll("[data-setting]")];

let draft = null; // a state that is tried while a slider or the picker moves
let pending = null; // a mark that waits for its color
let selectedId = null;
let lookedId = null; // in the list

const state = () => draft ?? history.now;
const settings = () => ({ ...base, ...settingsOf(state()) });
const tool = () => toolOf(root, size, { picksColor: aim.isColor });

const view = new View(stage, size);
const drawing = new Drawing(view, tool);
const told = new ToldList(document.getElementById("edit-told"), size, {
  looked(id) {
    lookedId = id;
    showMarks();
  },
  opened: (id) => select(id, { takeFocus: true }),
  taken: takeUp,
  removed: remove,
});
const choice = new ColorChoice(document.getElementById("edit-color"), server, { chosen, trying });
const aim = new Aim(stage, document.getElementById("edit-aim"), button("pick"));
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
    slider.nextElementSibling.value = twoDigits.format(slider.value);
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

function colored(color) {
  const mark = pending ?? history.now.marks.find(({ id }) => id === selectedId);
  return withMark(history.now, { ...mark, color });
}

function trying(color) {
  draft = colored(color);
  preview.ask(settings());
}

function chosen(color) {
  const next = colored(color);
  if (pending) selectedId = pending.id;
  pending = null;
  change(next);
  say(texts.textColored.replace("{color}", colorWords(color)));
}

function tell(points, { byKeyboard }) {
  const { name, radius } = tool();
  if (name === "pick") {
    aim.end();
    return choice.choose(colorAt(stage, points[0], size));
  }
  const mark = markOf(points, radius, null);
  if (spotCount(history.now) + points.length > Number(texts.mostSpots)) {
    complain(texts.textTooMany);
    return select(null);
  }
  if (name !== "grey") return wait(mark, byKeyboard);
  select(null);
  change(withMark(history.now, mark));
  return say(texts.textGreyed);
}

function takeUp(id) {
  select(null);
  looking.show("now");
  aim.take(texts.textTake);
  const mark = history.now.marks.find((one) => one.id === id);
  stage.dataset.input = "keys";
  gestures.hold(mark, mark.points[0]);
}

function drag(mark, by) {
  draft = withMark(history.now, moved(mark, by, size));
  showMarks();
  preview.ask(settings());
}

function drop(mark, by) {
  const isMoved = Math.hypot(by.x, by.y) * view.scale >= STILL_PX;
  if (isMoved) change(withMark(history.now, moved(mark, by, size)));
  select(mark.id);
  if (isMoved) say(texts.textMoved);
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
  aim.end();
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
  pick() {
    if (aim.isColor) return aim.end();
    looking.show("now");
    return aim.take(texts.textPick, { isColor: true });
  },
  likely: () => choice.open(choice.mark, { takeFocus: true }),
  "zoom-in": () => view.zoomBy(ZOOM_STEP),
  "zoom-out": () => view.zoomBy(1 / ZOOM_STEP),
  "zoom-fit": () => view.fit(),
};
bindButtons(root, actions);
bindKeys(button);
bindSliders(sliders, {
  trying(setting, value) {
    draft = { ...history.now, [setting]: value };
    refresh();
  },
  chosen: (setting, value) => change({ ...history.now, [setting]: value }),
});

const sayPlace = sayWhenStill(document.getElementById("edit-place"));
const gestures = new Gestures(view, {
  tool,
  told: tell,
  grabbed: (place) => (tool().name === "point" ? markAt(history.now, place, GRAB_PX / view.scale) : null),
  dragging: drag,
  dropped: drop,
  drawing: (points) => drawing.showStroke(points, tool().radius),
  given() {
    aim.end();
    dropDraft();
    showMarks();
  },
  moved: (place) => sayPlace(placeWords(texts.textPlace, place, size)),
  escaped: () => (aim.isColor ? aim.end() : select(null)),
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
