// The convolution that a framework's arguments say: jtconv._frameworks, as far as equivalents ask for it.

/** x and padding of a layer in a framework's words, output_padding as torch and ONNX mean it. */
function readLayer({ y, k, s, p, d, a, g = 1, mode = "zeros" }) {
  const rest = a ?? y.map(() => 0);
  y.forEach((o, axis) => {
    if (rest[axis] >= s[axis] && p[axis][0] >= transposedSize(o, k[axis], s[axis], [0, 0], d[axis], 0)) {
      throw new Impossible("the padding crops all that is computed");
    }
  });
  const pads = p.map(([lo, hi], axis) => (rest[axis] < s[axis] ? [lo, hi] : [lo, hi - rest[axis]]));
  return sizedLayer({ y, k, s, p: pads, d, a: rest.map((r, axis) => (r < s[axis] ? r : 0)), g, mode });
}

/** The same, said as a stride-1 convolution of y with s - 1 zeros between its positions. */
function readDilatedInput({ y, k, s, p, d }) {
  const reach = k.map((taps, axis) => reachOf(taps, d[axis]) - 1);
  p.forEach(([lo, hi], axis) => {
    const dilated = s[axis] * (y[axis] - 1) + 1;
    if (dilated + lo + hi - reach[axis] < 1 || Math.min(dilated + lo, dilated + hi) < 1) {
      throw new Impossible("nothing is left");
    }
  });
  return readLayer({ y, k, s, d, p: p.map(([lo, hi], axis) => [reach[axis] - lo, reach[axis] - hi]) });
}

/** torch's padding, alike on both sides, and its output_padding; ONNX's where `ends` are given. */
function readTorch(sized, starts, rests, ends = starts) {
  const { y, k, s, d, g } = sized;
  y.forEach((o, axis) => {
    const [lo, hi, a] = [starts[axis], ends[axis], rests[axis]];
    const size = transposedSize(o, k[axis], s[axis], [lo, hi], d[axis], a);
    if (Math.min(lo, hi, a) < 0 || a >= Math.max(s[axis], d[axis]) || size < 1) throw new Impossible("out of range");
  });
  return readLayer({ y, k, s, d, p: starts.map((lo, axis) => [lo, ends[axis]]), a: rests, g });
}

/** Keras's layers; `rest` is null, one number, or one per axis. */
function readKeras(sized, padding, rest) {
  const { y, k, s, d } = sized;
  const rests = y.map((_, axis) => (Array.isArray(rest) ? rest[axis] : rest));
  if (rests.some((a, axis) => a !== null && (a < 0 || a >= s[axis]))) throw new Impossible("out of range");
  const p = y.map((_, axis) => kerasPads(padding, reachOf(k[axis], d[axis]), s[axis], rests[axis]));
  return readDilatedInput({ y, k, s, d, p });
}

function kerasPads(padding, reach, s, a) {
  if (padding === "valid") return [reach - 1, reach - 1 + (a ?? Math.max(s - reach, 0))];
  const total = a === null ? s + reach - 2 : reach + (reach % 2) - 2 + a;
  const lo = Math.min(Math.floor((total + 1) / 2), reach - 1);
  return [lo, total - lo];
}

/** lax's "SAME" and "VALID". */
function readLax(sized, padding) {
  const { y, k, s, d } = sized;
  const p = y.map((_, axis) => {
    const reach = reachOf(k[axis], d[axis]);
    if (padding === "VALID") return [reach - 1, Math.max(reach, s[axis]) - 1];
    const lo = Math.floor(Math.max(reach - s[axis], 0) / 2);
    return [reach - 1 - lo, s[axis] - 1 + lo];
  });
  return readDilatedInput({ y, k, s, d, p });
}

/** Flax's "CIRCULAR", without `transpose_kernel`. */
function readFlaxCircular(sized) {
  const { y, k, s, d } = sized;
  const p = y.map((_, axis) => {
    const reach = reachOf(k[axis], d[axis]);
    const lo = Math.floor(Math.max(reach - s[axis], 0) / 2);
    return [lo, reach - s[axis] - lo];
  });
  return readLayer({ y, k, s, d, p, mode: "circular" });
}

/** Equinox's "SAME" and "SAME_LOWER" with circular padding. */
function readEquinoxCircular(sized, padding) {
  const { y, k, s, d, g } = sized;
  const totals = y.map((_, axis) => reachOf(k[axis], d[axis]) - s[axis]);
  const p = totals.map((total) => {
    const lo = Math.floor((Math.max(total, 0) + (padding === "SAME_LOWER" ? 1 : 0)) / 2);
    return [lo, Math.max(total, 0) - lo];
  });
  return readLayer({ y, k, s, d, p, a: totals.map((total) => Math.max(-total, 0)), g, mode: "circular" });
}

/** TensorFlow's name or pairs, with the size of x as its output_shape. */
function readTf(sized, padding) {
  const { x, y, k, s, d } = sized;
  if (Array.isArray(padding) && padding.some((pair) => Math.min(...pair) < 0)) throw new Impossible("negative");
  const layer = { x, y, k, s, d, p: padding, g: 1, mode: "zeros" };
  return sizedLayer({ ...layer, a: x.map((i, axis) => i - baseSize(layer, axis)) });
}

/** (lo, hi) per axis of the same layer with nothing of x left over at its end. */
function wholePads(sized) {
  return sized.x.map((i, axis) => {
    const lo = sized.pads[axis][0];
    return [lo, sized.s[axis] * (sized.y[axis] - 1) + reachOf(sized.k[axis], sized.d[axis]) - lo - i];
  });
}

/** What is the same of two layers exactly if they give the same numbers. */
function essence(sized) {
  const pads = wholePads(sized).map(([lo, hi], axis) => (sized.mode === "circular" ? [mod(lo, sized.x[axis]), 0] : [lo, hi]));
  return JSON.stringify([sized.x, sized.y, sized.k, sized.s, pads, sized.d, sized.g, sized.mode]);
}

/** Whether what `read` reads is this very layer. */
function isReadBy(sized, read) {
  try {
    return essence(read()) === essence(sized);
  } catch (error) {
    if (error instanceof Impossible) return false;
    throw error;
  }
}
