// <before-after>: two pictures of one size under a divider that follows pointer and keyboard.
// The markup holds both pictures and a labeled range; without this file they stand in a column.

class BeforeAfter extends HTMLElement {
  connectedCallback() {
    this.range = this.querySelector(".range");
    this.range.hidden = false;
    this.range.addEventListener("input", () => this.show());
    this.addEventListener("pointerdown", (event) => this.grab(event));
    this.addEventListener("pointermove", (event) => this.drag(event));
    // The pictures must not start the browser's own drag of an image.
    this.addEventListener("dragstart", (event) => event.preventDefault());
    this.show();
  }

  show() {
    const x = Number(this.range.value);
    this.style.setProperty("--x", `${x}%`);
    const words = this.range.dataset.valueText.replace("{percent}", String(Math.round(100 - x)));
    this.range.setAttribute("aria-valuetext", words);
  }

  grab(event) {
    if (event.button !== 0) return;
    this.setPointerCapture(event.pointerId);
    this.range.focus({ preventScroll: true, focusVisible: false });
    this.follow(event);
  }

  drag(event) {
    if (this.hasPointerCapture(event.pointerId)) this.follow(event);
  }

  follow(event) {
    const box = this.getBoundingClientRect();
    this.range.value = String(((event.clientX - box.left) / box.width) * 100);
    this.show();
  }
}

customElements.define("before-after", BeforeAfter);
