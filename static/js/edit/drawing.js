// Draws the marks over the photograph: a numbered dot for each, and its area where it is looked at.

const SVG = "http://www.w3.org/2000/svg";

export class Drawing {
  // stage: has .edit-areas, an SVG in pixels of the photograph, .edit-dots, and .edit-cursor
  constructor(view, tool) {
    this.view = view;
    this.tool = tool;
    this.areas = view.stage.querySelector(".edit-areas");
    this.dots = view.stage.querySelector(".edit-dots");
    this.cursor = view.stage.querySelector(".edit-cursor");
  }

  // pending: a mark that has no color yet, or null. The area of one that is looked at in the list is shown; the
  // selected one has a ring alone, so that its color is seen while it is chosen.
  showMarks(marks, { pending, selectedId, lookedId }) {
    const isLit = ({ id }) => id === selectedId || id === lookedId;
    this.dots.replaceChildren(...marks.map((mark, index) => this.dotOf(mark, String(index + 1), isLit(mark))));
    if (pending) this.dots.append(this.dotOf({ ...pending, color: "#ffffff" }, "?", true));
    const looked = marks.find(({ id }) => id === lookedId);
    const areas = [pending && areaOf(pending, "#ffffff"), looked && areaOf(looked, looked.color ?? "#808080")];
    this.areas.replaceChildren(...areas.filter(Boolean));
  }

  showStroke(points, radius) {
    this.areas.replaceChildren(areaOf({ points, radius }, "#ffffff"));
  }

  dotOf({ points, color }, words, isLit) {
    const dot = document.createElement("span");
    const { width, height } = this.view.size;
    dot.className = isLit ? "edit-dot is-lit" : "edit-dot";
    dot.classList.toggle("is-grey", !color);
    dot.textContent = words;
    dot.style.left = `${(points[0].x / width) * 100}%`;
    dot.style.top = `${(points[0].y / height) * 100}%`;
    if (color) {
      dot.style.backgroundColor = color;
      dot.style.color = isLight(color) ? "#000" : "#fff";
    }
    return dot;
  }

  showCursor(place) {
    const { x, y } = this.view.onStage(place);
    this.cursor.style.transform = `translate(${x}px, ${y}px)`;
    this.cursor.style.setProperty("--reach", `${this.tool().radius * this.view.scale * 2}px`);
  }
}

// A line with round ends: of one point only it is a disc.
function areaOf({ points, radius }, color) {
  const [first, ...others] = points;
  const area = document.createElementNS(SVG, "path");
  const line = others.map(({ x, y }) => `L${x} ${y}`).join("");
  area.setAttribute("d", `M${first.x} ${first.y}${line || "h0.01"}`);
  area.setAttribute("stroke-width", radius * 2);
  area.setAttribute("stroke", color);
  return area;
}

function isLight(color) {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
  return red * 0.3 + green * 0.59 + blue * 0.11 > 140;
}
