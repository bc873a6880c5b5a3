// Keys for judging by eye: arrows choose a side, S skips.

const form = document.getElementById("judge");
const press = {
  ArrowLeft: () => form.querySelector("[value=left]").click(),
  ArrowRight: () => form.querySelector("[value=right]").click(),
  s: () => document.getElementById("skip").click(),
  S: () => document.getElementById("skip").click(),
};

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=hidden]), select, textarea")) return;
  const act = press[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// One choice for each picture, however often the button is pressed.
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
