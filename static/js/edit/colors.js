// The choice of a color for one mark: what is likely there first, then any color or an exact one, then recent ones.

import { colorWords } from "./words.js";

const RECENT = 10;
const EXACT = /^#?([0-9a-f]{6})$/i;

export class ColorChoice {
  // panel: the section in the page · listener: { chosen(color), trying(color) }
  constructor(panel, server, listener) {
    this.panel = panel;
    this.server = server;
    this.listener = listener;
    this.texts = panel.dataset;
    const part = (name) => panel.querySelector(`[data-part="${name}"]`);
    this.likely = part("likely");
    this.note = part("note");
    this.again = part("again");
    this.recent = part("recent");
    this.recentRow = part("recent-row");
    this.picker = part("picker");
    this.exact = part("exact");
    this.exactError = part("exact-error");
    this.picker.addEventListener("input", () => listener.trying(this.picker.value));
    this.picker.addEventListener("change", () => this.choose(this.picker.value));
    this.exact.addEventListener("change", () => this.readExact());
    panel.addEventListener("click", ({ target }) => {
      const swatch = target.closest(".swatch");
      if (swatch) this.choose(swatch.dataset.color);
    });
  }

  // mark: whose color is asked for; null when none is.
  async open(mark, { takeFocus = false } = {}) {
    this.asking?.abort();
    this.panel.hidden = !mark;
    this.mark = mark;
    if (!mark) return;
    this.panel.scrollIntoView({ block: "nearest" });
    this.showRecent();
    this.showColor(mark.color);
    this.likely.replaceChildren();
    this.note.textContent = this.texts.textLooking;
    this.again.hidden = true;
    const asking = new AbortController();
    this.asking = asking;
    try {
      await this.showLikely(mark, asking.signal);
      if (takeFocus) this.likely.querySelector("button")?.focus();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.note.textContent = error.message;
      this.again.hidden = false;
      if (takeFocus) this.exact.focus();
    }
  }

  async showLikely({ points, color }, signal) {
    const { x, y } = points[Math.floor(points.length / 2)];
    const place = new URLSearchParams({ x: x.toFixed(1), y: y.toFixed(1) });
    const response = await this.server.ask(`${this.texts.palette}?${place}`, { signal });
    const { colors } = await response.json();
    if (signal.aborted) return;
    this.likely.replaceChildren(...colors.map(swatchOf));
    this.note.textContent = "";
    this.showColor(this.mark?.color ?? color);
  }

  showColor(color) {
    for (const swatch of this.panel.querySelectorAll(".swatch"))
      swatch.setAttribute("aria-pressed", String(swatch.dataset.color === color));
    if (color) this.picker.value = color;
    this.exact.value = color ?? "";
    this.complain(false);
  }

  choose(color) {
    this.mark = { ...this.mark, color };
    this.remember(color);
    this.showRecent();
    this.showColor(color);
    this.listener.chosen(color);
  }

  readExact() {
    const found = EXACT.exec(this.exact.value.trim());
    this.complain(!found);
    if (found) this.choose(`#${found[1].toLowerCase()}`);
  }

  complain(isWrong) {
    this.exact.setAttribute("aria-invalid", String(isWrong));
    this.exactError.hidden = !isWrong;
    if (isWrong) this.exactError.scrollIntoView({ block: "nearest" });
  }

  readRecent() {
    const stored = localStorage.getItem(this.texts.recentKey)?.split(" ") ?? [];
    return stored.filter((color) => EXACT.test(color));
  }

  remember(color) {
    const others = this.readRecent().filter((other) => other !== color);
    localStorage.setItem(this.texts.recentKey, [color, ...others].slice(0, RECENT).join(" "));
  }

  // Rebuilt only when the panel opens or a color is new, so that the focus stays where it is.
  showRecent() {
    const colors = this.readRecent();
    const shown = [...this.recent.querySelectorAll(".swatch")].map(({ dataset }) => dataset.color);
    this.recentRow.hidden = !colors.length;
    if (colors.every((color) => shown.includes(color))) return;
    this.recent.replaceChildren(...colors.map(swatchOf));
  }
}

function swatchOf(color) {
  const entry = document.createElement("li");
  const swatch = document.createElement("button");
  swatch.type = "button";
  swatch.className = "swatch";
  swatch.dataset.color = color;
  swatch.style.backgroundColor = color;
  swatch.title = `${colorWords(color)}, ${color}`;
  swatch.setAttribute("aria-label", swatch.title);
  entry.append(swatch);
  return entry;
}
