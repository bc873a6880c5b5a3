// Comforts for plain forms: the show-password button, and no second submit by a double click.

const SENT_FOR_MS = 5_000;

for (const button of document.querySelectorAll("[data-show-password]")) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.firstElementChild.textContent = shown ? button.dataset.hide : button.dataset.show;
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (event.submitter?.hasAttribute("data-stays")) return; // a download: the page stays, and may be asked again
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, SENT_FOR_MS); // who stays, asked whether to leave, may send it again
});

// A page that comes back from the browser's cache may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
});

const firstError = document.querySelector('[aria-invalid="true"]');
if (firstError) firstError.focus();
