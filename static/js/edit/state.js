// What the model is told of one photograph: marks, vividness and warmth, and the way back to what was told before.
// A mark is one spot or one stroke, in color or kept grey; places and radii are pixels of the upright photograph
// at full size. A state is never changed in place.

const STROKE_STEP = 0.5; // radii between two spots of a stroke
const TOUCHING = 1.5; // radii: spots in a row, no farther apart, of one color and size, are one stroke

let lastId = 0;

const rounded = (value) => Math.round(value * 10) / 10;
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

// color: "#rrggbb"; null keeps the place grey.
export function markOf(points, radius, color) {
  lastId += 1;
  return { id: lastId, points, radius, color };
}

// The row of spots that leads on from the last one towards the next place.
export function pointsTo(last, next, radius) {
  const way = distance(last, next);
  const step = radius * STROKE_STEP;
  return Array.from({ length: Math.floor(way / step) }, (_, number) => {
    const share = ((number + 1) * step) / way;
    return { x: last.x + (next.x - last.x) * share, y: last.y + (next.y - last.y) * share };
  });
}

// A mark that is there is replaced.
export function withMark(state, mark) {
  const isThere = state.marks.some(({ id }) => id === mark.id);
  const marks = isThere ? state.marks.map((one) => (one.id === mark.id ? mark : one)) : [...state.marks, mark];
  return { ...state, marks };
}

// reach: in pixels of the photograph
export function markAt({ marks }, place, reach) {
  return marks.find(({ points }) => distance(points[0], place) < reach) ?? null;
}

// By so many pixels, but not beyond the photograph's edges.
export function moved(mark, by, size) {
  const bounded = (way, values, whole) => Math.min(Math.max(way, -Math.min(...values)), whole - 1 - Math.max(...values));
  const x = bounded(by.x, mark.points.map((point) => point.x), size.width);
  const y = bounded(by.y, mark.points.map((point) => point.y), size.height);
  return { ...mark, points: mark.points.map((point) => ({ x: point.x + x, y: point.y + y })) };
}

export function stateFrom({ hints = [], keep_grey: grey = [], vividness = 1, warmth = 0 }) {
  return { marks: [...marksFrom(hints), ...marksFrom(grey)], vividness, warmth };
}

function marksFrom(spots) {
  const marks = [];
  for (const { x, y, radius, color = null } of spots) {
    const mark = marks.at(-1);
    const goesOn =
      mark?.color === color && mark.radius === radius && distance(mark.points.at(-1), { x, y }) <= radius * TOUCHING;
    if (goesOn) mark.points.push({ x, y });
    else marks.push(markOf([{ x, y }], radius, color));
  }
  return marks;
}

export function settingsOf({ marks, vividness, warmth }) {
  const spotsOf = ({ points, radius }) =>
    points.map(({ x, y }) => ({ x: rounded(x), y: rounded(y), radius: rounded(radius) }));
  const inColor = marks.filter((mark) => mark.color);
  return {
    hints: inColor.flatMap((mark) => spotsOf(mark).map((spot) => ({ ...spot, color: mark.color }))),
    keep_grey: marks.filter((mark) => !mark.color).flatMap(spotsOf),
    vividness,
    warmth,
  };
}

export const spotCount = ({ marks }) => marks.reduce((sum, { points }) => sum + points.length, 0);

export class History {
  constructor(first) {
    this.states = [first];
    this.at = 0;
  }

  get now() {
    return this.states[this.at];
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.states.length - 1;
  }

  get isChanged() {
    return JSON.stringify(settingsOf(this.now)) !== JSON.stringify(settingsOf(this.states[0]));
  }

  push(state) {
    this.states.splice(this.at + 1, Infinity, state);
    this.at += 1;
  }

  undo() {
    if (this.canUndo) this.at -= 1;
  }

  redo() {
    if (this.canRedo) this.at += 1;
  }
}
