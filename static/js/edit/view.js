// The photograph's window: zoom and pan, and the way between the screen and the pixels of the photograph.

const LARGEST = 8;

const within = (value, least, most) => Math.min(Math.max(value, least), most);

export class View {
  // stage: the box that stands still · size: { width, height } of the photograph at full size
  constructor(stage, size) {
    this.stage = stage;
    this.sheet = stage.querySelector(".edit-sheet");
    this.size = size;
    this.zoom = 1;
    this.left = 0;
    this.top = 0;
  }

  // Of a place on the screen; what lies outside is drawn to the edge.
  placeAt(clientX, clientY) {
    const box = this.sheet.getBoundingClientRect();
    return this.inside({
      x: ((clientX - box.left) / box.width) * this.size.width,
      y: ((clientY - box.top) / box.height) * this.size.height,
    });
  }

  inside({ x, y }) {
    return { x: within(x, 0, this.size.width - 1), y: within(y, 0, this.size.height - 1) };
  }

  // In pixels of the screen, from the stage's corner.
  onStage({ x, y }) {
    return { x: this.left + x * this.scale, y: this.top + y * this.scale };
  }

  // Pixels of the screen for one of the photograph.
  get scale() {
    return (this.stage.clientWidth * this.zoom) / this.size.width;
  }

  zoomBy(factor, clientX, clientY) {
    const box = this.stage.getBoundingClientRect();
    const zoom = within(this.zoom * factor, 1, LARGEST);
    const x = (clientX ?? box.left + box.width / 2) - box.left;
    const y = (clientY ?? box.top + box.height / 2) - box.top;
    this.left = x - ((x - this.left) * zoom) / this.zoom;
    this.top = y - ((y - this.top) * zoom) / this.zoom;
    this.zoom = zoom;
    this.apply();
  }

  pan(x, y) {
    this.left += x;
    this.top += y;
    this.apply();
  }

  fit() {
    this.zoom = 1;
    this.apply();
  }

  // Pans just so far that the place is seen.
  reveal(place) {
    const { x, y } = this.onStage(place);
    const { clientWidth, clientHeight } = this.stage;
    this.pan(within(x, 0, clientWidth) - x, within(y, 0, clientHeight) - y);
  }

  apply() {
    const { clientWidth, clientHeight } = this.stage;
    this.left = within(this.left, clientWidth * (1 - this.zoom), 0);
    this.top = within(this.top, clientHeight * (1 - this.zoom), 0);
    this.sheet.style.transform = `translate(${this.left}px, ${this.top}px) scale(${this.zoom})`;
    this.sheet.style.setProperty("--zoom", String(this.zoom));
    this.stage.dispatchEvent(new Event("view-moved"));
  }
}
