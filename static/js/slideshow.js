// A slideshow for PhotoSwipe: one photograph after another, at a pace that can be changed. Whoever touches, turns the
// wheel or presses a key takes over, and it pauses. Where less motion is wished for, it waits to be started.

import { isSingleKey, isSwitchedOff } from "./shortcuts.js";

const PACES_S = [3, 5, 10];
const svg = (path) =>
  `<svg class="pswp__icn" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true"><path d="${path}"/></svg>`;
const PLAY = svg("M11 7.5v17l14-8.5Z");
const PAUSE = svg("M10 8h4v16h-4Zm8 0h4v16h-4Z");
const OWN_BUTTONS = ".pswp__button--play, .pswp__button--pace, .pswp__button--swap";

export class Slideshow {
  constructor(pswp, words) {
    this.pswp = pswp;
    this.words = words;
    this.pace = PACES_S[1];
    this.timer = 0;
    pswp.on("change", () => this.isPlaying && this.wait());
    pswp.on("close", () => this.pause());
    for (const name of ["pointerDown", "wheel"]) {
      pswp.on(name, ({ originalEvent }) => {
        if (!originalEvent.target.closest?.(OWN_BUTTONS)) this.pause();
      });
    }
    pswp.on("keydown", ({ originalEvent }) => this.hear(originalEvent));
  }

  get isPlaying() {
    return this.timer !== 0;
  }

  addControls() {
    this.pswp.ui.registerElement({
      name: "play",
      order: 8,
      isButton: true,
      html: PLAY,
      onInit: (button) => {
        this.button = button;
        this.label();
      },
      onClick: () => this.toggle(),
    });
    this.pswp.ui.registerElement({
      name: "pace",
      order: 9,
      isButton: true,
      onInit: (button) => {
        this.paceButton = button;
        this.label();
      },
      onClick: () => {
        this.pace = PACES_S[(PACES_S.indexOf(this.pace) + 1) % PACES_S.length];
        this.label();
        if (this.isPlaying) this.wait();
      },
    });
  }

  hear(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isSwitchedOff(event)) return;
    if (isSingleKey(event, "s")) this.toggle();
    // Keys that press a button of its own are that button's.
    else if (!event.target.closest?.(OWN_BUTTONS) && !["Shift", "Tab", "b", "B"].includes(event.key)) this.pause();
  }

  begin() {
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play() {
    if (!this.button) return; // one photograph alone is no show
    this.wait();
    this.label();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.label();
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pswp.next(), this.pace * 1000);
  }

  label() {
    this.pswp.element?.classList.toggle("pswp--playing", this.isPlaying);
    if (this.button) {
      this.button.innerHTML = this.isPlaying ? PAUSE : PLAY;
      this.button.title = this.isPlaying ? this.words.pause : this.words.play;
      this.button.setAttribute("aria-label", this.button.title);
    }
    if (this.paceButton) {
      this.paceButton.textContent = this.words.seconds.replace("{seconds}", this.pace);
      this.paceButton.title = this.words.pace.replace("{seconds}", this.pace);
      this.paceButton.setAttribute("aria-label", this.paceButton.title);
    }
  }
}
