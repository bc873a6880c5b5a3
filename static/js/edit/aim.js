// What the next place on the photograph is for, if not for a mark: it gives its color, or a mark is put there.

import { say } from "../announce.js";

export class Aim {
  // words: the element that says what to do · pick: the button that asks for a color
  constructor(stage, words, pick) {
    this.stage = stage;
    this.words = words;
    this.pick = pick;
  }

  get isColor() {
    return this.pick.getAttribute("aria-pressed") === "true";
  }

  take(words, { isColor = false } = {}) {
    this.words.hidden = false;
    this.words.textContent = words;
    this.pick.setAttribute("aria-pressed", String(isColor));
    this.stage.scrollIntoView({ block: "nearest" });
    this.stage.focus({ preventScroll: true });
    say(words);
  }

  end() {
    this.words.hidden = true;
    this.pick.setAttribute("aria-pressed", "false");
  }
}
