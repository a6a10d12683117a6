// All that the page shows of one layer, in numbers.

/** {sized, sources, counts, even, entries}, or {error, nearest} for an impossible layer. */
function evaluate(layer, { entries = true } = {}) {
  let sized;
  try {
    sized = sizedLayer(layer);
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    return { error: error.message, nearest: nearestPossible(layer) };
  }
  const sources = sized.x.map((_, axis) => tapSource(sized, axis));
  return {
    sized,
    sources,
    counts: sources.map((source, axis) => overlapCounts(source, sized.x[axis])),
    even: sized.x.map((_, axis) => isEven(layer, axis)),
    entries: entries ? matrixEntries(sized, sources) : null,
  };
}

/** The layer's words in every framework. */
function equivalents(layer, sized) {
  const words = { inCh: layer.channels[0], outCh: layer.channels[1], bias: layer.bias };
  return Object.fromEntries(Object.keys(WRITERS).map((name) => [name, equivalent(name, sized, words)]));
}
