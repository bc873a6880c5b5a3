// Registers what shows a page while the site is out of reach. Without https, browsers offer no such thing.

const { lang } = document.documentElement;
navigator.serviceWorker?.register(`/service-worker.js?language=${lang}`).catch(() => {
  // The site went away in between, or this browser keeps nothing: everything else works.
});
