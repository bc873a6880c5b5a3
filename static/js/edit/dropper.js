// Takes a color from the photograph as it is seen now: of a small square, since grain is no color.

const AROUND = 2; // pixels of the preview on each side

// stage: has the preview, once there is one, over the colors from before and the original · place: of the photograph,
// whose width and height are `size`
export function colorAt(stage, { x, y }, size) {
  const seen = ["#edit-preview:not([hidden])", ".edit-earlier", ".edit-original"];
  const picture = seen.map((name) => stage.querySelector(name)).find(Boolean);
  const [width, height] = [picture.naturalWidth ?? picture.width, picture.naturalHeight ?? picture.height];
  const side = 2 * AROUND + 1;
  const context = Object.assign(document.createElement("canvas"), { width: side, height: side }).getContext("2d");
  const first = (at, whole) => Math.min(Math.max(Math.floor(at * whole) - AROUND, 0), whole - side);
  context.drawImage(picture, first(x / size.width, width), first(y / size.height, height), side, side, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  return `#${[0, 1, 2].map((channel) => mean(data, channel).toString(16).padStart(2, "0")).join("")}`;
}

function mean(data, channel) {
  const values = data.filter((_, index) => index % 4 === channel);
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
