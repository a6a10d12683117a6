// Sentences and formulas, with the numbers put in. x and y are the arrays that C and Cᵀ take; their results are C x
// and Cᵀ y, which have other values in the same places.

const by = (sizes) => sizes.join("×");
const signed = (value) => (value < 0 ? `(−${-value})` : `${value}`);
const cellName = (array, position) => `${array}[${position.join(", ")}]`;

/** One sentence on the traced cell, in both directions. */
function traceSentence(model, trace) {
  return trace.side === "y" ? sentenceOfY(model, trace.cell) : sentenceOfX(model, trace.cell);
}

function sentenceOfY(model, cell) {
  const { entries, inX, inY, outY, kernel, spec } = model;
  const indices = entriesOf(model, { side: "y", cell });
  const at = unflat(cell, spec.y);
  const name = cellName("y", at);
  if (!indices.length) return `${cellName("(C x)", at)} = 0: it reads zero padding only, and Cᵀ places nothing of ${name}.`;
  const terms = indices.map((index) => `${kernel[entries.taps[index]]}·${inX[entries.columns[index]]}`);
  const value = inY[cell];
  const placed = indices.map((index) => value * kernel[entries.taps[index]]);
  const gathers = `C: ${cellName("(C x)", at)} = ${shortened(terms, " + ", 4)} = ${outY[cell]}.`;
  const distinct = new Set(indices.map((index) => entries.columns[index])).size;
  const cells = distinct === 1 ? "the same cell" : `the same ${distinct} cells`;
  return `${gathers} Cᵀ: ${name} = ${value} adds ${value}·kernel = ${shortened(placed, ", ", 5)} to ${cells} of Cᵀ y.`;
}

function sentenceOfX(model, cell) {
  const { entries, inX, inY, kernel, spec, whole } = model;
  const indices = entriesOf(model, { side: "x", cell });
  const at = unflat(cell, spec.x);
  const name = cellName("x", at);
  if (!indices.length) return `${name} is in no window: C never reads it, and ${cellName("(Cᵀ y)", at)} = 0.`;
  const terms = indices.map((index) => `${kernel[entries.taps[index]]}·${inY[entries.rows[index]]}`);
  const times = indices.length === 1 ? "once" : `${indices.length} times`;
  return (
    `C: ${name} = ${inX[cell]} is read ${times}. ` +
    `Cᵀ: ${cellName("(Cᵀ y)", at)} = ${shortened(terms, " + ", 5)} = ${whole.sums[cell]}, ` +
    (indices.length === 1 ? "a single contribution." : `${indices.length} contributions that overlap.`)
  );
}

function shortened(parts, between, most) {
  if (parts.length <= most + 1) return parts.join(between);
  return [...parts.slice(0, most - 1), "…", parts.at(-1)].join(between);
}

/** The size formulas of both directions, a line for each axis or one for all. */
function sizeFormulas(layer, spec) {
  const forward = spec.x.map((i, axis) => {
    const [k, s, d, [lo, hi]] = [spec.k[axis], spec.s[axis], spec.d[axis], spec.pads[axis]];
    return `⌊(${i} + ${signed(lo)} + ${signed(hi)} − ${d}·(${k} − 1) − 1) / ${s}⌋ + 1 = <b>${spec.y[axis]}</b>`;
  });
  const isSame = isCountedDown(valuesOf(layer));
  const transposed = spec.x.map((i, axis) => {
    const [k, s, d, [lo, hi]] = [spec.k[axis], spec.s[axis], spec.d[axis], spec.pads[axis]];
    const [o, a] = [spec.y[axis], signed(layer.a[axis])];
    if (isSame) return `${s}·${o} + ${a} = <b>${i}</b>`;
    return `${s}·(${o} − 1) + ${d}·(${k} − 1) + 1 − ${signed(lo)} − ${signed(hi)} + ${a} = <b>${i}</b>`;
  });
  const sizes = sizeRanges(valuesOf(layer));
  const span = ([low, high]) => (low === high ? `${low}` : `${low} to ${high}`);
  const ranges = allEqual(sizes.map(span)) ? span(sizes[0]) : sizes.map(span).join(" by ");
  const several = sizes.some(([low, high]) => low !== high);
  return `
    <p>C takes <i class="x">x</i> of ${by(spec.x)} to <i class="y">C x</i> of ${by(spec.y)}:</p>
    <p class="formula">o = ⌊(i + lo + hi − d(k − 1) − 1) / s⌋ + 1<br>${axisLines(forward)}</p>
    <p>Cᵀ takes <i class="y">y</i> of ${by(spec.y)} to <i class="x">Cᵀ y</i> of ${by(spec.x)}:</p>
    <p class="formula">i = ${isSame ? "s·o + a" : "s(o − 1) + d(k − 1) + 1 − lo − hi + a"}<br>${axisLines(transposed)}</p>
    <p class="note">C maps ${several ? "every size from " : "only "}${ranges} to ${by(spec.y)}${several ? "; output_padding a says which is meant" : ""}.
    ${Array.isArray(layer.p) || layer.p === "VALID" ? "" : `${layer.p} pads by ${padsText(spec.pads)} here.`}</p>`;
}

function axisLines(lines) {
  if (allEqual(lines)) return `&nbsp;&nbsp;= ${lines[0]}`;
  return lines.map((line, axis) => `&nbsp;&nbsp;= ${line} on axis ${axis}`).join("<br>");
}

/** Describe the overlaps away from the borders. */
function evenness(layer, even) {
  if (even.every(Boolean)) return "Even inside: away from the borders all cells get equally many.";
  const uneven = even.map((isSo, axis) => (isSo ? null : axis)).filter((axis) => axis !== null);
  const where = even.length > 1 && uneven.length === 1 ? ` on axis ${uneven[0]}` : "";
  const dilated = uneven.some((axis) => layer.d[axis] > 1) ? " and a dilation that has no divisor in common with it" : "";
  return (
    `Uneven${where}: results tend to show a checkerboard, unless the kernel corrects it. ` +
    `A kernel size that is a multiple of the stride${dilated} would make it even.`
  );
}

/** List the differences between an impossible layer and the possible one next to it. */
function changes(layer, near) {
  const each = (values) => (allEqual(values) ? `${values[0]}` : values.join(", "));
  const padding = (p) => (Array.isArray(p) ? padsText(p) : p);
  const pairs = [
    ["output_padding", each(layer.a), each(near.a)],
    ["padding", padding(layer.p), padding(near.p)],
    ["padding_mode", layer.mode, near.mode],
    ["channels", layer.channels.join(" → "), near.channels.join(" → ")],
  ];
  return pairs.filter(([, from, to]) => from !== to).map(([name, from, to]) => `${name} ${to} instead of ${from}`).join(", ");
}

const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

function tooLargeSentence(layer) {
  return (
    `The sizes and the code below are right, but this layer has too many cells to draw one by one. ` +
    `Take a smaller input size than ${by(layer.y)}: the pattern repeats.`
  );
}

/** Draw the channels that a group joins, as blocks of the matrix of all channels. */
function groupsHtml({ g, channels }) {
  if (g === 1) return "";
  const side = 66 / g;
  const blocks = range(g).map((group) => `<rect x="${group * side + 0.5}" y="${group * side + 0.5}" width="${side - 1}" height="${side - 1}" rx="1.5"/>`);
  return (
    `<svg width="68" height="68" viewBox="-1 -1 68 68" fill="var(--y)" aria-hidden="true">` +
    `<rect x="-0.5" y="-0.5" width="67" height="67" fill="var(--cell)" stroke="var(--line)"/>${blocks.join("")}</svg>` +
    `<span>${g} groups: of all channels only ${g} blocks on the diagonal are joined, each ${channels[0] / g} of y’s with ` +
    `${channels[1] / g} of x’s. What is drawn here is one channel of either.</span>`
  );
}
