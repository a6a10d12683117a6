// The places of one direction's cells, on two planes: the one it reads above the one it writes.
//
// The cells of y stand in the middle of the windows that they belong to, so both directions are the
// same picture with the arrows turned round. Lengths are in cells of x; cell j of x is [j, j + 1].

const SHEAR = 0.26; // of the planes of two axes, as seen from above and to the left
const SQUASH = 0.62;

/** Lay out one axis: the extent drawn, and the middle and width of y's cells. */
function axisLayout({ spec }, axis) {
  const [i, o, s, [lo, hi]] = [spec.x[axis], spec.y[axis], spec.s[axis], spec.pads[axis]];
  const reach = reachOf(spec.k[axis], spec.d[axis]);
  const width = Math.min(Math.max(1, 0.6 * s), reach);
  const middle = (cell) => s * cell - lo + reach / 2;
  const low = Math.min(0, -lo, middle(0) - width / 2);
  const high = Math.max(i, i + hi, s * (o - 1) + reach - lo, middle(o - 1) + width / 2);
  return { low, high, length: high - low, width, middle, o, i, start: (cell) => s * cell - lo, reach };
}

class Planes {
  /** Lay out a model on a canvas of `width` by `height`. */
  layOut(model) {
    this.model = model;
    this.axes = range(model.ndim).map((axis) => axisLayout(model, axis));
    if (model.ndim === 1) this.axes.unshift({ low: 0, high: 1, length: 1, width: 1, middle: () => 0.5, o: 1, i: 1 });
    this.place();
  }

  /** The unit and the upper left corners of both planes. */
  place() {
    const [down, across] = this.axes;
    const flatView = this.model.ndim === 1;
    [this.shear, this.squash] = flatView ? [0, 1] : [SHEAR, SQUASH];
    const margin = Math.min(16, this.width * 0.05);
    const gap = flatView ? 60 : this.height * 0.12;
    const units = across.length + this.shear * down.length;
    const fits = (this.height - 2 * margin - gap) / (2 * this.squash * down.length);
    this.unit = Math.min((this.width - 2 * margin) / units, fits, flatView ? 46 : 60);
    const left = (this.width - units * this.unit) / 2 + this.shear * down.length * this.unit;
    const tall = this.squash * down.length * this.unit;
    const spare = Math.min((this.height - 2 * margin - 2 * tall - gap) / 2, flatView ? 60 : 1e9);
    const top = flatView ? (this.height - 2 * tall - gap - spare) / 2 : margin + spare * 0.6;
    const bottom = this.height - (flatView ? top : margin + spare * 0.6) - tall;
    const source = { left, top };
    const result = { left, top: bottom };
    [this.y, this.x] = this.isTransposed ? [source, result] : [result, source];
  }

  /** A point of a plane on the canvas. */
  at(plane, v, u) {
    const [down, across] = this.axes;
    return [
      plane.left + (u - across.low) * this.unit - (v - down.low) * this.unit * this.shear,
      plane.top + (v - down.low) * this.unit * this.squash,
    ];
  }

  quad(plane, v0, u0, v1, u1) {
    return [this.at(plane, v0, u0), this.at(plane, v0, u1), this.at(plane, v1, u1), this.at(plane, v1, u0)];
  }

  /** Row and column of a cell in the figure, which has two axes always. */
  position(cell, sizes) {
    return this.model.ndim === 1 ? [0, cell] : unflat(cell, sizes);
  }

  xQuad(v, u, inset = 0.04) {
    return this.quad(this.x, v + inset, u + inset, v + 1 - inset, u + 1 - inset);
  }

  yBox(cell) {
    const position = this.position(cell, this.model.spec.y);
    return this.axes.map((axis, index) => {
      const middle = axis.middle(position[index]);
      return [middle - axis.width / 2, middle + axis.width / 2];
    });
  }

  yQuad(cell, inset = 0.05) {
    const [[v0, v1], [u0, u1]] = this.yBox(cell);
    return this.quad(this.y, v0 + inset, u0 + inset, v1 - inset, u1 - inset);
  }

  /** The window of a cell of y: [[from, to] down, [from, to] across]. */
  windowBox(cell) {
    const position = this.position(cell, this.model.spec.y);
    return this.axes.map((axis, index) =>
      axis.start ? [axis.start(position[index]), axis.start(position[index]) + axis.reach] : [0, 1],
    );
  }

  get textSize() {
    const room = this.unit * Math.min(1, this.squash * 1.25);
    return room >= 15 ? Math.min(room * 0.5, 17) : 0;
  }

  middleOf(cell) {
    const [[v0, v1], [u0, u1]] = this.yBox(cell);
    return this.at(this.y, (v0 + v1) / 2 + 0.02, (u0 + u1) / 2);
  }

  /** Position, tap, and where it is read, for every tap of a window; -1 is zero padding. */
  tapsOf(cell) {
    const { spec, sources, ndim } = this.model;
    const position = unflat(cell, spec.y);
    const [[v0], [u0]] = this.windowBox(cell);
    return range(prod(spec.k)).map((tap) => {
      const each = unflat(tap, spec.k);
      const read = each.map((t, axis) => sources[axis][position[axis]][t]);
      const [t0, t1] = ndim === 1 ? [0, each[0]] : each;
      const [d0, d1] = ndim === 1 ? [1, spec.d[0]] : spec.d;
      return { tap, v: v0 + d0 * t0, u: u0 + d1 * t1, source: read.includes(-1) ? -1 : flat(read, spec.x) };
    });
  }

  /** The cell at a point of the canvas. */
  hit(px, py) {
    if (!this.model) return null;
    const [down, across] = this.axes;
    for (const side of ["y", "x"]) {
      const plane = this[side];
      const v = (py - plane.top) / (this.unit * this.squash) + down.low;
      const u = (px - plane.left + (v - down.low) * this.unit * this.shear) / this.unit + across.low;
      const margin = Math.min(14 / this.unit, 1.5);
      if (v < down.low - margin || v > down.high + margin || u < across.low - margin || u > across.high + margin) continue;
      return { side, cell: this.nearest(side, v, u) };
    }
    return null;
  }

  nearest(side, v, u) {
    const position = [v, u].map((at, index) => {
      const axis = this.axes[index];
      const [count, cell] =
        side === "x" ? [axis.i, Math.floor(at)] : [axis.o, Math.round((at - axis.middle(0)) / (axis.middle(1) - axis.middle(0) || 1))];
      return Math.min(Math.max(cell, 0), count - 1);
    });
    const sizes = this.model.spec[side];
    return this.model.ndim === 1 ? position[1] : flat(position, sizes);
  }
}
