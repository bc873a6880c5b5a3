// Says a color in words, for those who cannot see it or not tell it from others: the nearest of a list in the page;
// and a place in percent.

const known = [...document.querySelectorAll("#color-words [data-color]")].map((entry) => ({
  words: entry.textContent,
  place: oklab(entry.dataset.color),
}));

export function colorWords(color) {
  const place = oklab(color);
  const far = (other) => Math.hypot(...place.map((value, axis) => value - other[axis]));
  return known.reduce((nearest, other) => (far(other.place) < far(nearest.place) ? other : nearest)).words;
}

// template: has {left} and {top} · size: of the photograph
export function placeWords(template, { x, y }, { width, height }) {
  const share = (value, whole) => String(Math.round((value / whole) * 100));
  return template.replace("{left}", share(x, width)).replace("{top}", share(y, height));
}

// Ottosson 2020: a space in which distances are as large as they look.
function oklab(color) {
  const [r, g, b] = [1, 3, 5].map((start) => linear(parseInt(color.slice(start, start + 2), 16) / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function linear(value) {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}
