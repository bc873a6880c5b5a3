// Shows the page's photographs large: those elements that have data-view, in their order. PhotoSwipe does the showing;
// here are its caption, the way to the original, and addresses (#view-7) that Back leaves again.

import { isSingleKey, isSwitchedOff } from "./shortcuts.js";
import { Slideshow } from "./slideshow.js";

const words = document.getElementById("lightbox-words").dataset;
const ADDRESS = /^#view-(\d+)$/;
const HALVES =
  '<svg class="pswp__icn" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true"><path d="M16 5v22a11 11 0 0 1 0-22Z"/><path d="M17.5 6.6v18.8a9.5 9.5 0 0 0 0-18.8Z" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>';
const LAST_FEW = 10; // when so many are left, more are loaded
let shown = null;
let isOpening = false;

const photographs = () => [...document.querySelectorAll("[data-view]")];
const withoutAddress = () => location.pathname + location.search;

function slideOf({ dataset }) {
  return {
    id: dataset.viewId,
    src: dataset.view,
    before: dataset.viewBefore,
    width: Number(dataset.viewWidth),
    height: Number(dataset.viewHeight),
    alt: dataset.viewTitle,
  };
}

function caption(pswp, isOriginal) {
  const { alt, before } = pswp.currSlide.data;
  const about = isOriginal || !before ? words.original : words.color;
  const title = document.createElement("strong");
  title.textContent = alt;
  pswp.captionElement.replaceChildren(title, ` ${about}`);
}

// Both pictures have one size, so that only the source changes, whatever the zoom.
async function showOriginal(pswp, isOriginal) {
  const slide = pswp.currSlide;
  if (!slide.data.before || !slide.content.element) return;
  const picture = new Image();
  picture.src = isOriginal ? slide.data.before : slide.data.src;
  await picture.decode().catch(() => null);
  if (slide !== pswp.currSlide || !slide.content.element) return;
  slide.content.element.src = picture.src;
  pswp.swapButton.setAttribute("aria-pressed", String(isOriginal));
  caption(pswp, isOriginal);
}

const isOriginalShown = (pswp) => pswp.swapButton.getAttribute("aria-pressed") === "true";

function addControls(pswp) {
  pswp.ui.registerElement({
    name: "swap",
    order: 7,
    isButton: true,
    title: words.swap,
    html: HALVES,
    onInit: (button) => {
      pswp.swapButton = button;
      button.setAttribute("aria-pressed", "false");
    },
    onClick: () => showOriginal(pswp, !isOriginalShown(pswp)),
  });
  pswp.ui.registerElement({
    name: "caption",
    appendTo: "root",
    onInit: (element) => {
      pswp.captionElement = element;
      element.setAttribute("aria-live", "polite");
    },
  });
}

function onChange(pswp) {
  const { id, before, src } = pswp.currSlide.data;
  const picture = pswp.currSlide.content.element;
  if (picture && before && isOriginalShown(pswp)) picture.src = src;
  pswp.swapButton.setAttribute("aria-pressed", "false");
  pswp.swapButton.hidden = !before;
  caption(pswp, false);
  if (pswp.currIndex >= pswp.getNumItems() - LAST_FEW) document.dispatchEvent(new CustomEvent("photos-wanted"));
  history.replaceState({ view: true }, "", `#view-${id}`);
}

// PhotoSwipe hears nothing while it opens: whoever is quick is not forgotten.
function close(pswp) {
  if (pswp.opener.isOpen) pswp.close();
  else pswp.on("openingAnimationEnd", () => pswp.close());
}

async function open(index, { playing = false } = {}) {
  if (shown || isOpening) return;
  const slides = photographs().map(slideOf);
  isOpening = true;
  const { default: PhotoSwipe } = await import(words.library).finally(() => (isOpening = false));
  const pswp = new PhotoSwipe({
    dataSource: slides,
    index,
    bgOpacity: 1,
    showHideAnimationType: "fade",
    // Room for the caption, and for the arrows where there is any.
    paddingFn: ({ x }) => ({ top: 56, bottom: 64, left: x > 700 ? 72 : 0, right: x > 700 ? 72 : 0 }),
    closeTitle: words.close,
    zoomTitle: words.zoom,
    arrowPrevTitle: words.previous,
    arrowNextTitle: words.next,
    errorMsg: words.error,
  });
  shown = pswp;
  const slideshow = new Slideshow(pswp, words);
  pswp.on("uiRegister", () => {
    addControls(pswp);
    if (slides.length > 1) slideshow.addControls();
  });
  pswp.on("change", () => onChange(pswp));
  pswp.on("keydown", (event) => {
    // PhotoSwipe has Z itself.
    if (isSwitchedOff(event.originalEvent)) event.preventDefault();
    else if (isSingleKey(event.originalEvent, "b")) showOriginal(pswp, !isOriginalShown(pswp));
  });
  pswp.on("close", () => {
    shown = null;
    // Unless Back has closed it, its address is left behind.
    if (ADDRESS.test(location.hash)) history.back();
  });
  history.pushState({ view: true }, "", `#view-${slides[index].id}`);
  pswp.init();
  pswp.element.setAttribute("aria-label", words.dialog);
  pswp.element.setAttribute("aria-modal", "true");
  pswp.element.addEventListener("keydown", ({ key }) => key === "Escape" && close(pswp));
  pswp.element.focus();
  if (playing) slideshow.begin();
}

function openByAddress() {
  const [, id] = ADDRESS.exec(location.hash) ?? [];
  const index = photographs().findIndex(({ dataset }) => dataset.viewId === id);
  if (!id) return;
  // The page itself first, so that Back leads there.
  history.replaceState(null, "", withoutAddress());
  if (index >= 0) open(index);
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens-view]");
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const photograph = opener.closest("[data-view]");
  // The focus comes back to what has it now; a button that shows under the pointer alone cannot take it.
  (opener.tabIndex < 0 ? photograph.querySelector("a") : opener).focus();
  open(Math.max(0, photographs().indexOf(photograph)), { playing: "slideshow" in opener.dataset });
});

// Those that the page has loaded meanwhile stand behind those that are shown.
document.addEventListener("photos-appended", () => {
  if (!shown) return;
  const { dataSource } = shown.options;
  const known = new Set(dataSource.map(({ id }) => id));
  dataSource.push(...photographs().map(slideOf).filter(({ id }) => !known.has(id)));
  // Beside the one that is seen, first and last have been neighbors until now.
  for (const step of [-1, 1]) shown.refreshSlideContent(shown.getLoopedIndex(shown.currIndex + step));
});

// The key V: the photograph that has the focus, or the first.
document.addEventListener("keydown", (event) => {
  if (shown || !isSingleKey(event, "v")) return;
  const index = photographs().indexOf(event.target.closest("[data-view]"));
  if (photographs().length) open(Math.max(0, index));
});

addEventListener("popstate", () => {
  if (!ADDRESS.test(location.hash)) {
    if (shown) close(shown);
  } else if (!shown) openByAddress();
});

openByAddress();
