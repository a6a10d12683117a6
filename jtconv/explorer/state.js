// A layer as the part of the address after #, so that it can be linked: jtconv.explorer._link writes the same.

const FIRST = "y=3,3&k=3&s=2"; // what is shown when nothing is asked for
const LARGEST = 512; // a number beyond that is no layer to look at

const compressed = (texts) => (allEqual(texts) ? texts[0] : texts.join(","));

/** "y=3,3&k=4&s=2&p=1"; numbers that are alike on all axes once, the usual ones left out. */
function toHash(layer) {
  const pad = ([lo, hi]) => (lo === hi ? `${lo}` : `${lo}:${hi}`);
  const parts = {
    y: layer.y.join(","),
    k: compressed(layer.k.map(String)),
    s: compressed(layer.s.map(String)),
    p: Array.isArray(layer.p) ? compressed(layer.p.map(pad)) : layer.p,
    d: compressed(layer.d.map(String)),
    a: compressed(layer.a.map(String)),
    g: `${layer.g}`,
    m: layer.mode,
    c: layer.channels.join(","),
    b: layer.bias ? "1" : "0",
  };
  const usual = { s: "1", p: "0", d: "1", a: "0", g: "1", m: "zeros", c: "64,32", b: "1" };
  return Object.entries(parts)
    .filter(([name, text]) => text !== usual[name])
    .map(([name, text]) => `${name}=${text}`)
    .join("&");
}

/** The layer that an address asks for; null where it is not understood. */
function fromHash(hash) {
  const texts = new Map(hash.replace(/^#/, "").split("&").map((part) => part.split("=")));
  const y = integers(texts.get("y") ?? "", 1);
  if (!y || y.length > 2) return null;
  const each = (name, usual, minimum) => {
    const values = integers(texts.get(name) ?? usual, minimum);
    return values && (values.length === 1 ? y.map(() => values[0]) : values.length === y.length ? values : null);
  };
  const layer = {
    y,
    k: each("k", "", 1),
    s: each("s", "1", 1),
    p: paddingFrom(texts.get("p") ?? "0", y.length),
    d: each("d", "1", 1),
    a: each("a", "0", -LARGEST),
    g: integers(texts.get("g") ?? "1", 1)?.[0],
    mode: texts.get("m") ?? "zeros",
    channels: integers(texts.get("c") ?? "64,32", 1, 1_000_000),
    bias: texts.get("b") !== "0",
  };
  const complete = layer.k && layer.s && layer.p && layer.d && layer.a && layer.g && layer.channels?.length === 2;
  return complete && MODES.includes(layer.mode) ? layer : null;
}

function integers(text, minimum, largest = LARGEST) {
  const values = text.split(",").map((part) => (/^-?\d+$/.test(part) ? Number(part) : NaN));
  return values.every((value) => value >= minimum && value <= largest) ? values : null;
}

function paddingFrom(text, ndim) {
  if (PADDING_NAMES.includes(text)) return text;
  const pairs = text.split(",").map((entry) => integers(entry.replace(":", ","), -LARGEST));
  if (pairs.some((pair) => !pair || pair.length > 2) || ![1, ndim].includes(pairs.length)) return null;
  return range(ndim).map((axis) => {
    const [lo, hi = lo] = pairs[pairs.length === 1 ? 0 : axis];
    return [lo, hi];
  });
}
