// Menus are plain details elements; here they close as people expect: by Escape, or by a press anywhere else.

const opened = () => [...document.querySelectorAll("details.menu[open]")];

document.addEventListener("pointerdown", ({ target }) => {
  for (const menu of opened()) if (!menu.contains(target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const menu = opened().at(-1);
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.preventDefault(); // no one else has to leave anything
});
