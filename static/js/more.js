// "Load more" is a link to the next page. Its cards are added to this one, when the link comes near, when it is clicked,
// or when somebody who looks at photographs large comes to the last of them.

const grid = document.getElementById("photos");
const linkToMore = () => document.querySelector("#more a");
const isShown = (card) => grid.querySelector(`[data-photo-id="${card.dataset.photoId}"]`);

// The cards that came, or null if none did.
async function loadMore(link) {
  if (!link || link.hasAttribute("aria-busy")) return null;
  link.setAttribute("aria-busy", "true");
  const response = await fetch(link.href).catch(() => null);
  if (!response?.ok || response.redirected) {
    link.removeAttribute("aria-busy");
    return null;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const cards = [...(page.getElementById("photos")?.children ?? [])].filter((card) => !isShown(card));
  grid.append(...cards);
  const more = page.getElementById("more");
  const here = document.getElementById("more");
  if (more) here.replaceWith(more);
  else here.remove();
  watch();
  document.dispatchEvent(new CustomEvent("photos-appended"));
  return cards;
}

// Well before it is seen, so that nothing that is seen moves.
const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) loadMore(target);
  },
  { rootMargin: "2500px" },
);

function watch() {
  const link = linkToMore();
  if (link) near.observe(link);
}

watch();
document.addEventListener("photos-wanted", () => loadMore(linkToMore()));
document.addEventListener("click", async (event) => {
  const link = event.target.closest("#more a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const cards = await loadMore(link);
  if (cards) cards[0]?.querySelector("a").focus();
  else if (!link.hasAttribute("aria-busy")) location.href = link.href;
});
