// The list of what was told: each entry shows its mark on the photograph, opens it, and can be removed.

import { colorWords, placeWords } from "./words.js";

export class ToldList {
  // section: holds the list and the template of an entry · listener: { looked(id | null), opened(id), taken(id), removed(id) }
  constructor(section, size, listener) {
    this.size = size;
    this.listener = listener;
    this.texts = section.dataset;
    this.list = section.querySelector("ol");
    this.template = section.querySelector("template");
    this.none = section.querySelector('[data-part="none"]');
    const idOf = (target) => Number(target.closest("li")?.dataset.markId) || null;
    const leave = () => listener.looked(null);
    this.list.addEventListener("pointerover", ({ target }) => listener.looked(idOf(target)));
    this.list.addEventListener("focusin", ({ target }) => listener.looked(idOf(target)));
    this.list.addEventListener("pointerleave", leave);
    this.list.addEventListener("focusout", leave);
    this.list.addEventListener("keydown", (event) => {
      if (event.key === "Delete") this.remove(idOf(event.target));
    });
    this.list.addEventListener("click", ({ target }) => {
      if (target.closest(".told-remove")) this.remove(idOf(target));
      else if (target.closest(".told-move")) listener.taken(idOf(target));
      else if (target.closest(".told-open")) listener.opened(idOf(target));
    });
  }

  // Entries that are there already stay the same elements, so that the focus is not lost.
  show(marks, selectedId) {
    const before = new Map([...this.list.children].map((entry) => [Number(entry.dataset.markId), entry]));
    const entries = marks.map((mark, index) => {
      const entry = before.get(mark.id) ?? this.template.content.firstElementChild.cloneNode(true);
      this.fill(entry, mark, index + 1, mark.id === selectedId);
      return entry;
    });
    for (const entry of before.values()) if (!entries.includes(entry)) entry.remove();
    entries.forEach((entry, index) => {
      if (this.list.children[index] !== entry) this.list.insertBefore(entry, this.list.children[index] ?? null);
    });
    this.none.hidden = marks.length > 0;
  }

  fill(entry, mark, number, isSelected) {
    const part = (name) => entry.querySelector(`.told-${name}`);
    const words = mark.color ? `${colorWords(mark.color)}, ${mark.color}` : this.texts.textGrey;
    entry.dataset.markId = mark.id;
    part("open").setAttribute("aria-pressed", String(isSelected));
    part("dot").textContent = String(number);
    part("patch").style.backgroundColor = mark.color ?? "";
    part("patch").classList.toggle("is-grey", !mark.color);
    part("words").textContent = words;
    part("place").textContent = `, ${this.placeOf(mark)}`;
    for (const which of entry.querySelectorAll(".told-which")) which.textContent = `: ${number}, ${words}`;
  }

  placeOf({ points }) {
    const template = points.length > 1 ? this.texts.textStroke : this.texts.textSpot;
    return placeWords(template, points[0], this.size);
  }

  remove(id) {
    const entry = this.list.querySelector(`[data-mark-id="${id}"]`);
    const neighbor = entry.nextElementSibling ?? entry.previousElementSibling;
    this.listener.removed(id);
    (neighbor?.querySelector(".told-open") ?? this.list).focus();
  }
}
