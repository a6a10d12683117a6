// The numbers that are drawn: a possible layer with small example values in x, y and the kernel.

const MAX_ENTRIES = 60_000;
const MAX_CELLS = 20_000;

/** Tell whether the layer is small enough to be drawn cell by cell. */
function isDrawable(layer) {
  const sizes = layer.y.map((o, axis) => layer.s[axis] * (o - 1) + reachOf(layer.k[axis], layer.d[axis]));
  return prod(layer.y) * prod(layer.k) <= MAX_ENTRIES && prod(sizes) <= MAX_CELLS;
}

function makeModel(layer, result) {
  const { spec, entries } = result;
  const ndim = spec.x.length;
  const kernel = range(prod(spec.k)).map((tap) => kernelValue(tap, spec.k));
  const inY = range(entries.shape[0]).map((cell) => 1 + ((2 * cell + 1) % 4));
  const inX = range(entries.shape[1]).map((cell) => 1 + ((3 * cell + 1) % 5));
  const outY = new Array(entries.shape[0]).fill(0);
  entries.rows.forEach((row, index) => (outY[row] += kernel[entries.taps[index]] * inX[entries.columns[index]]));
  const model = { layer, ...result, ndim, kernel, inY, inX, outY };
  model.firstOfRow = firstOfRow(entries);
  model.ofColumn = grouped(entries.columns, entries.shape[1]);
  model.ofTap = grouped(entries.taps, kernel.length);
  model.values = entryValues(model);
  model.whole = accumulated(model, entries.shape[0] - 1);
  return model;
}

/** Uneven in every direction, so that a kernel turned round would be seen. */
function kernelValue(tap, k) {
  if (k.length === 1) return tap + 1;
  const [row, column] = unflat(tap, k);
  return 1 + ((2 * row + column) % 5);
}

/** The number at each entry: of several taps at the same place, as copied padding has them, the sum. */
function entryValues({ entries: { rows, columns, taps, shape }, kernel }) {
  const place = (index) => rows[index] * shape[1] + columns[index];
  const sums = new Map();
  taps.forEach((tap, index) => sums.set(place(index), (sums.get(place(index)) ?? 0) + kernel[tap]));
  return taps.map((_, index) => sums.get(place(index)));
}

/** Sums and contributions of Cᵀ's result with the cells of y up to and with `last`. */
function accumulated({ entries, kernel, inY, firstOfRow: first }, last) {
  const sums = new Array(entries.shape[1]).fill(0);
  const counts = new Array(entries.shape[1]).fill(0);
  for (let index = 0; index < first[last + 1]; index += 1) {
    sums[entries.columns[index]] += kernel[entries.taps[index]] * inY[entries.rows[index]];
    counts[entries.columns[index]] += 1;
  }
  return { sums, counts, most: Math.max(...counts, 1) };
}

/** Find the first entry of each row: entries come row by row. */
function firstOfRow({ rows, shape }) {
  const first = new Array(shape[0] + 1).fill(0);
  for (const row of rows) first[row + 1] += 1;
  for (const row of range(shape[0])) first[row + 1] += first[row];
  return first;
}

/** For each group, the numbers of the entries in it. */
function grouped(groups, count) {
  const lists = range(count).map(() => []);
  groups.forEach((group, index) => lists[group].push(index));
  return lists;
}

/** These entries, tap by tap. */
function byTap({ entries, kernel }, indices) {
  const lists = range(kernel.length).map(() => []);
  for (const index of indices) lists[entries.taps[index]].push(index);
  return lists;
}

/** The numbers of the entries of a cell of y (a row of C) or of x (a column). */
function entriesOf(model, trace) {
  if (trace.side === "x") return model.ofColumn[trace.cell];
  const start = model.firstOfRow[trace.cell];
  return range(model.firstOfRow[trace.cell + 1] - start).map((index) => start + index);
}

function unflat(cell, sizes) {
  return sizes.length === 1 ? [cell] : [Math.floor(cell / sizes[1]), cell % sizes[1]];
}

const flat = (position, sizes) => (sizes.length === 1 ? position[0] : position[0] * sizes[1] + position[1]);
