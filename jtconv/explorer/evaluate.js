// The numbers of one layer. The size arithmetic, the rules and the frameworks' calls are the
// library's own functions, translated when the page is made; they take a layer's values by name, as a `Map`.
//
// A layer of the page is {y, k, s, p, d, a, g, mode, channels, bias}: the keys of FIELDS.

const valuesOf = (layer) => new Map(Object.entries(layer));

/** The layer as the part of the address after #. */
const toHash = (layer) => toLink(valuesOf(layer));

/** The layer that an address asks for; null where it is not understood. */
function fromHash(hash) {
  const values = fromLink(hash);
  return values && Object.fromEntries(values);
}

/** {spec, sources, counts, even, entries}, or {error, nearest} for an impossible layer; no entries of one too large. */
function evaluate(layer) {
  let spec;
  try {
    spec = inShort(specOf(valuesOf(layer)));
  } catch (error) {
    if (!(error instanceof $py.ValueError)) throw error;
    return { error: error.message, nearest: Object.fromEntries(nearestOf(valuesOf(layer))) };
  }
  const sources = spec.x.map((_, axis) => tapSource(spec, axis));
  return {
    spec,
    sources,
    counts: sources.map((source, axis) => overlapCounts(source, spec.x[axis])),
    even: spec.x.map((_, axis) => isEven(layer, axis)),
    entries: isDrawable(layer) ? matrixEntries(spec, sources) : null,
  };
}

/** A spec by the letters that the formulas use. */
const inShort = (spec) => ({
  x: spec.input_size,
  y: spec.output_size,
  k: spec.kernel_size,
  s: spec.strides,
  d: spec.dilation,
  pads: spec.pads,
  g: spec.groups,
  mode: spec.padding_mode,
});

/** Stands in for jtconv's overlap_counts, which counts with NumPy. */
const overlapCountsOf = (spec, axis) => overlapCounts(tapSource(inShort(spec), axis), spec.input_size[axis]);

/** The layer's call in every framework: {call, kernelShape, kernelReversed}, or {reason}. */
function equivalents(layer) {
  const words = ([name, { call, kernel_shape, kernel_reversed, reason }]) => [
    name,
    call === null ? { reason } : { call, kernelShape: kernel_shape, kernelReversed: kernel_reversed },
  ];
  return Object.fromEntries(Array.from(equivalentsOf(valuesOf(layer)), words));
}
