// Looking at the original, or at the colors from before: as long as a button is held, or until it is pressed again.

const HELD_MS = 350; // a press longer than this is a hold

export class Looking {
  constructor(root, stage) {
    this.stage = stage;
    this.buttons = [...root.querySelectorAll("[data-look]")];
    for (const button of this.buttons) this.follow(button);
  }

  // "now", "original" or "earlier"
  show(name) {
    this.stage.dataset.shows = name;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.look === name));
  }

  follow(button) {
    const { look } = button.dataset;
    let pressedAt = 0;
    let before = "now";
    button.addEventListener("pointerdown", () => {
      pressedAt = performance.now();
      before = this.stage.dataset.shows;
      this.show(look);
    });
    button.addEventListener("click", ({ detail }) => {
      const byPointer = detail > 0;
      const isHeld = byPointer && performance.now() - pressedAt > HELD_MS;
      const shown = byPointer ? before : this.stage.dataset.shows;
      this.show(isHeld || shown === look ? "now" : look);
    });
  }
}
