// Pointers and keys on the photograph. One finger, the mouse or Enter tells; two fingers, the wheel, or one finger
// with the tool for it move the view. A mark that is held follows pointer and keys until it is let go.
// What has been told is given to `listener.told(points, { byKeyboard })`; what is being drawn to `listener.drawing`.

import { isSwitchedOff } from "../shortcuts.js";
import { pointsTo } from "./state.js";

const STEP = 0.01; // of the short side, for an arrow key
const LONG_STEP = 0.05; // with Shift
const WHEEL = 0.002;
const ZOOM_STEP = 1.5;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Gestures {
  // listener: { tool() -> { isStroke, movesView, radius }, told, drawing(points), given() up, moved(place), escaped(),
  // grabbed(place) -> mark | null, dragging(mark, by), dropped(mark, by) }
  constructor(view, listener) {
    this.view = view;
    this.listener = listener;
    this.pointers = new Map();
    this.cursor = { x: view.size.width / 2, y: view.size.height / 2 };
    this.points = null; // of the stroke that is being drawn
    this.held = null; // a mark, and from where it came
    const { stage } = view;
    stage.addEventListener("pointerdown", (event) => this.press(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.release(event));
    stage.addEventListener("pointercancel", (event) => this.lose(event));
    stage.addEventListener("pointerleave", () => delete stage.dataset.hovered);
    stage.addEventListener("dragstart", (event) => event.preventDefault());
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("keydown", (event) => this.key(event));
    stage.addEventListener("blur", () => this.drop());
  }

  press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    const { stage } = this.view;
    stage.focus({ preventScroll: true, focusVisible: false });
    stage.dataset.input = "pointer";
    stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    const place = this.view.placeAt(event.clientX, event.clientY);
    if (this.pointers.size > 1) this.drop();
    else if (this.held) this.extend(place);
    else if (!this.listener.tool().movesView) this.take(place);
  }

  take(place) {
    const mark = this.listener.grabbed(place);
    if (mark) this.hold(mark, place);
    else this.begin(place);
  }

  move(event) {
    const { stage } = this.view;
    if (event.pointerType === "mouse" && !this.pointers.size) {
      stage.dataset.input = "pointer";
      stage.dataset.hovered = "";
      const place = this.view.placeAt(event.clientX, event.clientY);
      if (this.held) this.extend(place);
      else this.point(place);
    }
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) this.pinch(before, event);
    else if (this.points) this.extend(this.view.placeAt(event.clientX, event.clientY));
    else if (this.listener.tool().movesView) {
      this.view.pan(event.clientX - before.clientX, event.clientY - before.clientY);
    }
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId) || !this.points) return;
    this.finish({ byKeyboard: false });
  }

  lose(event) {
    this.pointers.delete(event.pointerId);
    this.drop();
  }

  pinch(before, event) {
    const other = [...this.pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = (one) => [(one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2];
    const [x, y] = middle(event);
    const [oldX, oldY] = middle(before);
    this.view.pan(x - oldX, y - oldY);
    if (apart(before)) this.view.zoomBy(apart(event) / apart(before), x, y);
  }

  wheel(event) {
    if (event.ctrlKey) this.view.zoomBy(Math.exp(-event.deltaY * WHEEL * 4), event.clientX, event.clientY);
    else if (this.view.zoom > 1) this.view.pan(-event.deltaX, -event.deltaY);
    else return;
    event.preventDefault();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isSwitchedOff(event)) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.step(arrow, event.shiftKey ? LONG_STEP : STEP);
    else if (event.key === "Enter" || event.key === " ") this.enter();
    else if (event.key === "Escape") this.escape();
    else if (event.key === "+" || event.key === "=") this.view.zoomBy(ZOOM_STEP, ...this.cursorOnScreen());
    else if (event.key === "-") this.view.zoomBy(1 / ZOOM_STEP, ...this.cursorOnScreen());
    else if (event.key === "0") this.view.fit();
    else return;
    event.preventDefault();
  }

  cursorOnScreen() {
    const box = this.view.stage.getBoundingClientRect();
    const { x, y } = this.view.onStage(this.cursor);
    return [box.left + x, box.top + y];
  }

  step([x, y], share) {
    const { width, height } = this.view.size;
    const pixels = Math.max(1, share * Math.min(width, height));
    this.view.stage.dataset.input = "keys";
    const place = this.view.inside({ x: this.cursor.x + x * pixels, y: this.cursor.y + y * pixels });
    this.view.reveal(place);
    if (this.points) this.extend(place);
    else this.point(place);
    this.listener.moved(place);
  }

  // A stroke begins with one Enter and ends with the next.
  enter() {
    this.view.stage.dataset.input = "keys";
    const { isStroke, movesView } = this.listener.tool();
    if (movesView && !this.held) return;
    const isEnd = this.points || !isStroke;
    if (!this.points) this.begin(this.cursor);
    if (isEnd) this.finish({ byKeyboard: true });
  }

  escape() {
    if (this.points) this.drop();
    else this.listener.escaped();
  }

  begin(place) {
    this.points = [place];
    this.point(place);
    this.listener.drawing(this.points);
  }

  // place: where it is taken hold of
  hold(mark, place) {
    this.held = { mark, from: place };
    this.points = [place];
    this.point(place);
  }

  // A single spot follows the pointer until it is let go, and so does a mark that is held; a stroke grows.
  extend(place) {
    const { isStroke, radius } = this.listener.tool();
    if (isStroke && !this.held) this.points.push(...pointsTo(this.points.at(-1), place, radius));
    else this.points = [place];
    this.point(place);
    if (this.held) this.listener.dragging(this.held.mark, this.way);
    else this.listener.drawing(this.points);
  }

  // Of what is held.
  get way() {
    return { x: this.points[0].x - this.held.from.x, y: this.points[0].y - this.held.from.y };
  }

  finish(how) {
    const { points, held } = this;
    const way = held && this.way;
    this.points = this.held = null;
    if (held) this.listener.dropped(held.mark, way);
    else this.listener.told(points, how);
  }

  // What is being drawn and not yet told.
  drop() {
    if (!this.points) return;
    this.points = this.held = null;
    this.listener.given();
  }

  point(place) {
    this.cursor = place;
    this.view.stage.dispatchEvent(new Event("view-moved"));
  }
}
