// The arithmetic of jtconv._sizes, ._geometry and ._sized, in the same words.
// tests/browser holds every function here against the Python.

const MODES = ["zeros", "circular", "reflect", "replicate"];
const PADDING_NAMES = ["VALID", "SAME", "SAME_LOWER", "CAUSAL"];

const mod = (n, period) => ((n % period) + period) % period;
const prod = (values) => values.reduce((total, value) => total * value, 1);
const range = (n) => Array.from({ length: Math.max(n, 0) }, (_, index) => index);
const allEqual = (values) => values.every((value) => value === values[0]);

/** Extent of a kernel of k taps spaced d apart. */
const reachOf = (k, d) => d * (k - 1) + 1;

/** What C makes of i; below 1 where the kernel does not fit. */
const convSize = (i, k, s, [lo, hi], d) => Math.floor((i + lo + hi - reachOf(k, d)) / s) + 1;

/** The input size that C maps to o; a says which of them. */
const transposedSize = (o, k, s, [lo, hi], d, a) => s * (o - 1) + reachOf(k, d) - lo - hi + a;

function samePads(i, k, s, d, lower) {
  const total = Math.max(s * Math.floor((i - 1) / s) + reachOf(k, d) - i, 0);
  const small = Math.floor(total / 2);
  return lower ? [total - small, small] : [small, total - small];
}

/** An impossible layer: the message is the rule that it breaks. */
class Impossible extends Error {}

// A layer is {y, k, s, d, a: one number per spatial axis; p: a name or a pair per axis; g; mode}:
// the convolution C from x to y, y being what goes into its transpose.

const sizesDepend = (layer) => layer.p === "SAME" || layer.p === "SAME_LOWER";

/** The padding that C adds to an input of size i. */
function padsOn(layer, axis, i) {
  const [k, s, d] = [layer.k[axis], layer.s[axis], layer.d[axis]];
  if (Array.isArray(layer.p)) return layer.p[axis];
  if (layer.p === "VALID") return [0, 0];
  if (layer.p === "CAUSAL") return [reachOf(k, d) - 1, 0];
  return samePads(i, k, s, d, layer.p === "SAME_LOWER");
}

const pairText = ([lo, hi]) => `(${lo}, ${hi})`;
const paddingText = (layer, axis) => (Array.isArray(layer.p) ? pairText(layer.p[axis]) : `'${layer.p}'`);

/** The transposed size at output_padding 0. */
function baseSize(layer, axis) {
  const o = layer.y[axis];
  if (sizesDepend(layer)) return layer.s[axis] * o;
  return transposedSize(o, layer.k[axis], layer.s[axis], padsOn(layer, axis, 0), layer.d[axis], 0);
}

/** Smallest and largest size of x that C maps to y's. */
function sizeRange(layer, axis) {
  const base = baseSize(layer, axis);
  const s = layer.s[axis];
  const [low, high] = sizesDepend(layer) ? [base - s + 1, base] : [base, base + s - 1];
  if (high < 1) {
    throw new Impossible(
      `no input size gives an output of ${layer.y[axis]} on spatial axis ${axis}: \`padding\` ` +
        `${paddingText(layer, axis)} leaves ${high} positions. Pad less.`,
    );
  }
  return [Math.max(low, 1), high];
}

/** Size of x on one axis. */
function paddedSize(layer, axis) {
  const base = baseSize(layer, axis);
  const [low, high] = sizeRange(layer, axis);
  const a = layer.a[axis];
  if (base + a < low || base + a > high) {
    throw new Impossible(
      `\`output_padding\` must be in [${low - base}, ${high - base}] on spatial axis ${axis} (stride ` +
        `${layer.s[axis]}, padding ${paddingText(layer, axis)}), got ${a}: it says which of the sizes ` +
        `${low} to ${high}, all of which the convolution maps to ${layer.y[axis]}, is meant. For a larger result crop ` +
        `less, with padding (p, p - a).`,
    );
  }
  return base + a;
}

function checkedOutput(layer, axis, i, pads) {
  const [lo, hi] = pads;
  if (Math.min(i + lo, i + hi) < 1) {
    throw new Impossible(`\`padding\` ${pairText(pads)} crops all of \`input_size\` ${i} on spatial axis ${axis}. Crop less.`);
  }
  if (layer.mode === "reflect" && i === 1 && Math.max(lo, hi) > 0) {
    throw new Impossible(
      `\`padding_mode\`='reflect' needs at least 2 positions to reflect, but \`input_size\` is 1 on spatial ` +
        `axis ${axis}. Use 'replicate' there.`,
    );
  }
  return convSize(i, layer.k[axis], layer.s[axis], pads, layer.d[axis]);
}

function checkChannels(layer) {
  for (const [name, count] of [["in_ch", layer.channels[0]], ["out_ch", layer.channels[1]]]) {
    if (count % layer.g) throw new Impossible(`\`${name}\` must be a multiple of \`groups\` ${layer.g}, got ${count}.`);
  }
}

/** The layer with the size of x and all padding fixed. Throws `Impossible`. */
function sizedLayer(layer) {
  const x = layer.y.map((_, axis) => paddedSize(layer, axis));
  if (layer.channels) checkChannels(layer);
  const pads = x.map((i, axis) => padsOn(layer, axis, i));
  const y = x.map((i, axis) => checkedOutput(layer, axis, i, pads[axis]));
  return { x, y, k: layer.k, s: layer.s, d: layer.d, pads, g: layer.g, mode: layer.mode };
}

/** The possible layer next to an impossible one: as jtconv._possible.nearest_possible. */
function nearestPossible(layer) {
  const near = { ...layer, a: [...layer.a], p: Array.isArray(layer.p) ? layer.p.map((pair) => [...pair]) : layer.p };
  near.y.forEach((o, axis) => {
    const s = near.s[axis];
    const span = sizesDepend(near) ? [1 - s, 0] : [0, s - 1];
    near.a[axis] = Math.min(Math.max(near.a[axis], span[0]), span[1]);
    if (Array.isArray(near.p)) near.p[axis] = croppedLess(near, axis);
  });
  if (near.channels) near.channels = near.channels.map((count) => Math.ceil(count / near.g) * near.g);
  if (near.mode === "reflect" && !isPossible(near)) near.mode = "replicate";
  return near;
}

/** Padding that leaves at least one position of all that contributes, on either side and together. */
function croppedLess(layer, axis) {
  const most = transposedSize(layer.y[axis], layer.k[axis], layer.s[axis], [0, 0], layer.d[axis], layer.a[axis]) - 1;
  let [lo, hi] = layer.p[axis].map((p) => Math.min(p, most));
  while (lo + hi > most) {
    if (lo > hi) lo -= 1;
    else hi -= 1;
  }
  return [lo, hi];
}

function isPossible(layer) {
  try {
    sizedLayer(layer);
    return true;
  } catch (error) {
    if (error instanceof Impossible) return false;
    throw error;
  }
}

/** Which position of x tap t of output o reads, on one axis: rows of k, -1 where padding is zero. */
function tapSource(sized, axis) {
  const [size, lo] = [sized.x[axis], sized.pads[axis][0]];
  const [s, d] = [sized.s[axis], sized.d[axis]];
  return range(sized.y[axis]).map((o) =>
    range(sized.k[axis]).map((t) => intoRange(s * o + d * t - lo, size, sized.mode)),
  );
}

function intoRange(position, size, mode) {
  if (mode === "zeros") return position >= 0 && position < size ? position : -1;
  if (mode === "circular") return mod(position, size);
  if (mode === "replicate") return Math.min(Math.max(position, 0), size - 1);
  const folded = mod(position, Math.max(2 * (size - 1), 1));
  return Math.min(folded, 2 * (size - 1) - folded);
}

/** Contributions to each position of x on one axis. */
function overlapCounts(source, size) {
  const counts = new Array(size).fill(0);
  for (const row of source) for (const position of row) if (position >= 0) counts[position] += 1;
  return counts;
}

/** Whether all positions away from the borders get equally many, on one axis. */
function isEven(layer, axis) {
  const s = layer.s[axis];
  const counts = new Array(s).fill(0);
  for (const t of range(layer.k[axis])) counts[(layer.d[axis] * t) % s] += 1;
  return allEqual(counts);
}

/** The entries of C: row (y), column (x) and tap of each, as flat numbers in C order. */
function matrixEntries(sized, sources) {
  const ndim = sized.x.length;
  const [rows, columns, taps] = [[], [], []];
  const [outer, inner] = ndim === 1 ? [[[0]], sources[0]] : sources;
  const [y1, x1, k1] = [sized.y[ndim - 1], sized.x[ndim - 1], sized.k[ndim - 1]];
  outer.forEach((outerTaps, o0) =>
    inner.forEach((innerTaps, o1) =>
      outerTaps.forEach((from0, t0) =>
        innerTaps.forEach((from1, t1) => {
          if (from0 < 0 || from1 < 0) return;
          rows.push(o0 * y1 + o1);
          columns.push(from0 * x1 + from1);
          taps.push(t0 * k1 + t1);
        }),
      ),
    ),
  );
  return { rows, columns, taps, shape: [prod(sized.y), prod(sized.x)] };
}
