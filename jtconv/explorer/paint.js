// Elements, colours and canvases.

const byId = (id) => document.getElementById(id);

const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"].map(rgbOf);

function rgbOf(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

/** Viridis at t in [0, 1], between its listed colours. */
function viridis(t) {
  const at = Math.min(Math.max(t, 0), 1) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return VIRIDIS[low].map((channel, index) => Math.round(channel + (at - low) * (VIRIDIS[low + 1][index] - channel)));
}

const cssColour = (rgb, alpha = 1) => `rgb(${rgb.join(" ")} / ${alpha})`;

/** WCAG's relative luminance. */
function luminance(rgb) {
  const [r, g, b] = rgb.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever reads better on the colour. */
const textOn = (rgb) => (luminance(rgb) > 0.18 ? "#10131a" : "#ffffff");

/** Read the style sheet's colours, whenever the page turns dark or light. */
function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const colours = {};
  for (const name of ["paper", "card", "ink", "muted", "cell", "x", "y", "x-soft", "y-soft"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  colours.dark = luminance(rgbOf(colours.paper)) < 0.2;
  return colours;
}

/** A colour per tap, those nearest the ground left out. */
function tapColours(count, theme) {
  const [from, to] = theme.dark ? [0.24, 1] : [0.02, 0.93];
  return range(count).map((tap) => viridis(count === 1 ? 0.5 : from + ((to - from) * tap) / (count - 1)));
}

/** The canvas's context in CSS pixels, the canvas being of this size and as fine as the screen. */
function sizedContext(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.max(Math.round(width * ratio), 1), Math.max(Math.round(height * ratio), 1)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

const written = new WeakMap();

/** Write an element's content where it changes: the browser need not lay out the rest. */
function write(element, html) {
  if (written.get(element) === html) return false;
  written.set(element, html);
  element.innerHTML = html;
  return true;
}

/** A canvas behind another, for what changes less often. */
function canvasBehind(canvas) {
  const behind = document.createElement("canvas");
  behind.className = "still";
  behind.setAttribute("aria-hidden", "true");
  canvas.before(behind);
  return behind;
}

/** A four-cornered path. */
function path(context, corners) {
  context.beginPath();
  corners.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

function label(context, text, [x, y], size, colour) {
  context.font = `600 ${size}px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colour;
  context.fillText(text, x, y);
}
