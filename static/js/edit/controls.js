// Tools, buttons, sliders and keys beside the photograph, and what they do.

const POINT_SHARE = 0.01; // a point's radius, of the short side
const STILL_MS = 350; // after which the cross has arrived, and its place is said

export function toolOf(root, { width, height }, { picksColor }) {
  const name = picksColor ? "pick" : root.querySelector("[name=tool]:checked").value;
  const isStroke = name === "stroke" || name === "grey";
  const share = isStroke ? Number(document.getElementById("brush-size").value) / 100 : POINT_SHARE;
  return { name, isStroke, movesView: name === "move", radius: share * Math.min(width, height) };
}

export function sayWhenStill(element) {
  let saying = 0;
  return (words) => {
    clearTimeout(saying);
    saying = setTimeout(() => (element.textContent = words), STILL_MS);
  };
}

// actions: by the names in data-do
export function bindButtons(root, actions) {
  for (const one of root.querySelectorAll("[data-do]")) {
    one.addEventListener("click", (event) => {
      if (one.getAttribute("aria-disabled") !== "true") actions[one.dataset.do](event);
    });
  }
}

// listener: { trying(setting, value), chosen(setting, value) }
export function bindSliders(sliders, { trying, chosen }) {
  for (const slider of sliders) {
    slider.addEventListener("input", () => trying(slider.dataset.setting, Number(slider.value)));
    slider.addEventListener("change", () => chosen(slider.dataset.setting, Number(slider.value)));
  }
}

// Undo and redo press their buttons; Escape closes the choice of a color.
export function bindKeys(button) {
  document.addEventListener("keydown", (event) => {
    const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (isUndo && !event.target.matches("input[type=text]")) {
      event.preventDefault();
      button(event.shiftKey ? "redo" : "undo").click();
    } else if (event.key === "Escape" && event.target.closest("#edit-color")) button("close").click();
  });
}
