// The layer in every framework's words, or why it has none there: jtconv._frameworks.

class NoEquivalent extends Error {}

// Python literals: a tuple is a `Tuple`, a list an array, a variable a `Name`.
class Tuple {
  constructor(items) {
    this.items = [...items];
  }
}
class Name {
  constructor(text) {
    this.text = text;
  }
}

function literal(value) {
  if (value instanceof Name) return value.text;
  if (value instanceof Tuple) return `(${value.items.map(literal).join(", ")}${value.items.length === 1 ? "," : ""})`;
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "boolean") return value ? "True" : "False";
  return value === null ? "None" : String(value);
}

/** The keywords that differ from their defaults. */
const given = (options) =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([, [value, usual]]) => literal(value) !== literal(usual))
      .map(([name, [value]]) => [name, value]),
  );

const call = (name, positional, keywords) =>
  `${name}(${[...positional.map(literal), ...Object.entries(keywords).map(([key, value]) => `${key}=${literal(value)}`)].join(", ")})`;

const oneOrEach = (values) => (allEqual(values.map(literal)) ? values[0] : new Tuple(values));
const tuples = (pairs) => new Tuple(pairs.map((pair) => new Tuple(pair)));
const alikeOrPairs = (pads) => (pads.every(([lo, hi]) => lo === hi) ? oneOrEach(pads.map(([lo]) => lo)) : tuples(pads));
const padsText = (pads) => (allEqual(pads.map(pairText)) ? pairText(pads[0]) : pads.map(pairText).join(", "));
const withBias = (text, layer) => (layer.bias ? `${text} + bias` : text);

/** Padding alike on both sides or without crops where that can be, and 0 <= output_padding < s. */
function padsAndRest(sized) {
  const both = wholePads(sized).map(([lo, hi], axis) => {
    const s = sized.s[axis];
    if (lo >= 0 && lo - hi >= 0 && lo - hi < s) return [[lo, lo], lo - hi];
    const rest = Math.min(Math.max(-hi, 0), s - 1);
    return [[lo, hi + rest], rest];
  });
  return [both.map(([pair]) => pair), both.map(([, rest]) => rest)];
}

const oneAxis = (sized, axis) => ({
  ...sized,
  ...Object.fromEntries(["x", "y", "k", "s", "d", "pads"].map((name) => [name, [sized[name][axis]]])),
});

function checkZeros(sized, name) {
  if (sized.mode !== "zeros") throw new NoEquivalent(`${name} has no transpose of ${sized.mode} padding`);
}

function checkGroups(sized, name) {
  if (sized.g !== 1) throw new NoEquivalent(`${name} has no groups`);
}

/** That a framework cannot crop as the layer does; and its layer to crop by hand, if there is one. */
function noSuchCrop(sized, rule, uncropped, block) {
  const pads = wholePads(sized);
  const full = sized.y.map((o, axis) => sized.s[axis] * (o - 1) + block(reachOf(sized.k[axis], sized.d[axis]), sized.s[axis]));
  const parts = pads.map(([lo], axis) => [lo, lo + sized.x[axis]]);
  let reason = `${rule}; this layer crops ${padsText(pads)} of the contributions`;
  if (parts.every(([lo, end], axis) => lo >= 0 && end <= full[axis])) {
    reason += `. With ${uncropped}, take [${parts.map(([lo, end]) => `${lo}:${end}`).join(", ")}] of its result`;
  }
  return new NoEquivalent(reason);
}

// Each writer takes the sized layer and {inCh, outCh, bias}, and gives [call, kernel shape, reversed].

function writeOurs(sized, layer) {
  let [pads, rest] = padsAndRest(sized);
  if (sized.mode !== "zeros") {
    pads = sized.pads; // what is folded back, too: it stays as it is
    rest = wholePads(sized).map(([, left], axis) => pads[axis][1] - left);
  }
  const options = given({
    strides: [oneOrEach(sized.s), 1],
    padding: [alikeOrPairs(pads), 0],
    output_padding: [oneOrEach(rest), 0],
    dilation: [oneOrEach(sized.d), 1],
    groups: [sized.g, 1],
    padding_mode: [sized.mode, "zeros"],
    use_bias: [layer.bias, true],
  });
  const text = call("jtconv.nn.ConvTranspose", [layer.inCh, layer.outCh, new Tuple(sized.k)], { ...options, rngs: new Name("rngs") });
  return [text, [...sized.k, layer.outCh / sized.g, layer.inCh], false];
}

function writeTorch(sized, layer) {
  checkZeros(sized, "torch");
  const pads = wholePads(sized);
  const starts = pads.map(([lo]) => lo);
  const rest = pads.map(([lo, hi]) => lo - hi);
  if (!isReadBy(sized, () => readTorch(sized, starts, rest))) {
    const rule = "torch crops alike before and after, and up to max(stride, dilation) - 1 less at the end";
    throw noSuchCrop(sized, rule, "padding=0", (reach) => reach);
  }
  const options = given({
    stride: [oneOrEach(sized.s), 1],
    padding: [oneOrEach(starts), 0],
    output_padding: [oneOrEach(rest), 0],
    groups: [sized.g, 1],
    dilation: [oneOrEach(sized.d), 1],
    bias: [layer.bias, true],
  });
  const text = call(`torch.nn.ConvTranspose${sized.x.length}d`, [layer.inCh, layer.outCh, oneOrEach(sized.k)], options);
  return [text, [layer.inCh, layer.outCh / sized.g, ...sized.k], false];
}

function writeKeras(sized, layer) {
  checkZeros(sized, "keras");
  checkGroups(sized, "keras");
  if (Math.max(...sized.s) > 1 && Math.max(...sized.d) > 1) {
    throw new NoEquivalent("keras layers take either strides > 1 or dilation_rate > 1, not both");
  }
  const [padding, rest] = kerasPadding(sized);
  const options = given({
    strides: [oneOrEach(sized.s), 1],
    padding: [padding, "valid"],
    output_padding: [rest, null],
    dilation_rate: [oneOrEach(sized.d), 1],
    use_bias: [layer.bias, true],
  });
  const text = call(`keras.layers.Conv${sized.x.length}DTranspose`, [layer.outCh, oneOrEach(sized.k)], options);
  return [text, [...sized.k, layer.outCh, layer.inCh], false];
}

function kerasPadding(sized) {
  for (const padding of ["valid", "same"]) {
    if (isReadBy(sized, () => readKeras(sized, padding, null))) return [padding, null];
  }
  for (const padding of ["valid", "same"]) {
    const found = sized.x.map((_, axis) => {
      const one = oneAxis(sized, axis);
      return range(one.s[0]).find((rest) => isReadBy(one, () => readKeras(one, padding, rest)));
    });
    if (!found.includes(undefined)) return [padding, oneOrEach(found)];
  }
  throw noSuchCrop(sized, 'keras has padding="valid" and "same" only', 'padding="valid"', Math.max);
}

function writeTf(sized, layer) {
  checkZeros(sized, "tf.nn");
  checkGroups(sized, "tf.nn");
  const options = given({ padding: [tfPadding(sized), "SAME"], dilations: [oneOrEach(sized.d), 1] });
  const shape = new Tuple([new Name("batch"), ...sized.x, layer.outCh]);
  const text = call(`tf.nn.conv${sized.x.length}d_transpose`, [new Name("y"), new Name("kernel"), shape], {
    strides: oneOrEach(sized.s),
    ...options,
  });
  return [withBias(text, layer), [...sized.k, layer.outCh, layer.inCh], false];
}

function tfPadding(sized) {
  for (const name of ["SAME", "VALID"]) if (isReadBy(sized, () => readTf(sized, name))) return name;
  const [pads] = padsAndRest(sized);
  if (pads.length === 2 && isReadBy(sized, () => readTf(sized, pads))) return [[0, 0], ...pads, [0, 0]];
  const rule = 'tf.nn has padding="SAME" and "VALID", and on two axes none that is negative';
  throw noSuchCrop(sized, rule, 'padding="VALID"', Math.max);
}

function laxPadding(sized) {
  for (const name of ["SAME", "VALID"]) if (isReadBy(sized, () => readLax(sized, name))) return name;
  const reach = sized.k.map((k, axis) => reachOf(k, sized.d[axis]) - 1);
  return tuples(wholePads(sized).map(([lo, hi], axis) => [reach[axis] - lo, reach[axis] - hi]));
}

function flaxOptions(sized, layer) {
  checkGroups(sized, "flax");
  let padding = "CIRCULAR";
  if (!isReadBy(sized, () => readFlaxCircular(sized))) {
    checkZeros(sized, "flax");
    padding = laxPadding(sized);
  }
  return given({
    strides: [oneOrEach(sized.s), 1],
    padding: [padding, "SAME"],
    kernel_dilation: [oneOrEach(sized.d), 1],
    use_bias: [layer.bias, true],
  });
}

function writeNnx(sized, layer) {
  const options = { ...flaxOptions(sized, layer), rngs: new Name("rngs") };
  const text = call("nnx.ConvTranspose", [layer.inCh, layer.outCh, new Tuple(sized.k)], options);
  return [text, [...sized.k, layer.inCh, layer.outCh], true];
}

function writeLinen(sized, layer) {
  const text = call("nn.ConvTranspose", [layer.outCh, new Tuple(sized.k)], flaxOptions(sized, layer));
  return [text, [...sized.k, layer.inCh, layer.outCh], true];
}

function writeLax(sized, layer) {
  checkZeros(sized, "lax.conv_transpose");
  if (sized.g !== 1) {
    throw new NoEquivalent(
      "lax.conv_transpose has no groups; lax.conv_general_dilated has (lhs_dilation, feature_group_count)",
    );
  }
  const options = sized.d.every((d) => d === 1) ? {} : { rhs_dilation: new Tuple(sized.d) };
  const positional = [new Name("y"), new Name("kernel"), new Tuple(sized.s), laxPadding(sized)];
  const text = call("lax.conv_transpose", positional, { ...options, transpose_kernel: true });
  return [withBias(text, layer), [...sized.k, layer.outCh, layer.inCh], false];
}

function writeOnnx(sized, layer) {
  checkZeros(sized, "ONNX");
  const [pads, rest] = padsAndRest(sized);
  const [starts, ends] = [pads.map(([lo]) => lo), pads.map(([, hi]) => hi)];
  if (!isReadBy(sized, () => readTorch(sized, starts, rest, ends))) {
    throw new NoEquivalent(
      "ONNX pads by 0 or more, and output_padding is smaller than the stride or dilation; this layer crops " +
        padsText(wholePads(sized)),
    );
  }
  const [ones, zeros] = [sized.x.map(() => 1), sized.x.map(() => 0)];
  const options = given({
    strides: [sized.s, ones],
    pads: [[...starts, ...ends], [...zeros, ...zeros]],
    output_padding: [rest, zeros],
    dilations: [sized.d, ones],
    group: [sized.g, 1],
  });
  const inputs = layer.bias ? ["X", "W", "B"] : ["X", "W"];
  const text = call("onnx.helper.make_node", ["ConvTranspose", inputs, ["Y"]], { kernel_shape: sized.k, ...options });
  return [text, [layer.inCh, layer.outCh / sized.g, ...sized.k], false];
}

function writeEquinox(sized, layer) {
  const options = given({
    stride: [oneOrEach(sized.s), 1],
    ...equinoxPadding(sized),
    dilation: [oneOrEach(sized.d), 1],
    groups: [sized.g, 1],
    use_bias: [layer.bias, true],
  });
  const text = call(`eqx.nn.ConvTranspose${sized.x.length}d`, [layer.inCh, layer.outCh, oneOrEach(sized.k)], {
    ...options,
    key: new Name("key"),
  });
  return [text, [layer.outCh, layer.inCh / sized.g, ...sized.k], true];
}

function equinoxPadding(sized) {
  if (sized.mode === "zeros") {
    const [pads, rest] = padsAndRest(sized);
    return { padding: [alikeOrPairs(pads), 0], output_padding: [oneOrEach(rest), 0] };
  }
  for (const padding of ["SAME", "SAME_LOWER"]) {
    if (isReadBy(sized, () => readEquinoxCircular(sized, padding))) {
      return { padding: [padding, 0], padding_mode: ["CIRCULAR", "ZEROS"] };
    }
  }
  throw new NoEquivalent(
    `equinox has no transpose of this ${sized.mode} padding: of circular padding, that of SAME and ` +
      "SAME_LOWER only, to s·o positions",
  );
}

function writeHaiku(sized, layer) {
  checkZeros(sized, "haiku");
  checkGroups(sized, "haiku's transposed convolution");
  if (sized.d.some((d) => d !== 1)) throw new NoEquivalent("haiku's transposed convolution has no dilation");
  const options = given({
    stride: [oneOrEach(sized.s), 1],
    padding: [laxPadding(sized), "SAME"],
    with_bias: [layer.bias, true],
  });
  const text = call(`hk.Conv${sized.x.length}DTranspose`, [layer.outCh, oneOrEach(sized.k)], options);
  return [text, [...sized.k, layer.outCh, layer.inCh], true];
}

const WRITERS = {
  jtconv: writeOurs,
  torch: writeTorch,
  keras: writeKeras,
  tf: writeTf,
  nnx: writeNnx,
  linen: writeLinen,
  lax: writeLax,
  onnx: writeOnnx,
  equinox: writeEquinox,
  haiku: writeHaiku,
};

/** {call, kernelShape, kernelReversed}, or {reason}. */
function equivalent(name, sized, layer) {
  const isEmpty = sized.x.some((size, axis) => !overlapCounts(tapSource(sized, axis), size).some((count) => count));
  if (isEmpty && name !== "jtconv") return { reason: "the result is zero everywhere: all contributions are cropped" };
  try {
    const [text, kernelShape, kernelReversed] = WRITERS[name](sized, layer);
    return { call: text, kernelShape, kernelReversed };
  } catch (error) {
    if (error instanceof NoEquivalent) return { reason: error.message };
    throw error;
  }
}
