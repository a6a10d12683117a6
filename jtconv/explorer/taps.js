// The position that each tap reads, and the matrix that follows from it. A spec is {x, y, k, s, d, pads: one entry per
// spatial axis; g; mode}: the convolution C from x to y, y being what goes into its transpose.

const { range } = $py;
const prod = (values) => values.reduce((total, value) => total * value, 1);
const allEqual = (values) => values.every((value) => value === values[0]);

/** The position of x that tap t of output o reads, on one axis: rows of k, -1 where padding is zero. */
function tapSource(spec, axis) {
  const [size, lo] = [spec.x[axis], spec.pads[axis][0]];
  const [s, d] = [spec.s[axis], spec.d[axis]];
  const copied = []; // by position of the padded axis: taps share most of them
  const source = (at) => (copied[at] ??= intoRange(at - lo, size, spec.mode));
  return range(spec.y[axis]).map((o) => range(spec.k[axis]).map((t) => source(s * o + d * t)));
}

/** Contributions to each position of x on one axis. */
function overlapCounts(source, size) {
  const counts = new Array(size).fill(0);
  for (const row of source) for (const position of row) if (position >= 0) counts[position] += 1;
  return counts;
}

/** Tell whether all positions away from the borders get equally many, on one axis. */
function isEven(layer, axis) {
  const s = layer.s[axis];
  const counts = new Array(s).fill(0);
  for (const t of range(layer.k[axis])) counts[(layer.d[axis] * t) % s] += 1;
  return allEqual(counts);
}

/** The entries of C: row (y), column (x) and tap of each, as flat numbers in C order. */
function matrixEntries(spec, sources) {
  const ndim = spec.x.length;
  const [rows, columns, taps] = [[], [], []];
  const [outer, inner] = ndim === 1 ? [[[0]], sources[0]] : sources;
  const [y1, x1, k1] = [spec.y[ndim - 1], spec.x[ndim - 1], spec.k[ndim - 1]];
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
  return { rows, columns, taps, shape: [prod(spec.y), prod(spec.x)] };
}
