// One direction as two planes of cells, the one it reads above the one it writes.
//
// The cells of y stand in the middle of the windows that they belong to, so both directions are the
// same picture with the arrows turned round. Lengths are in cells of x; cell j of x is [j, j + 1].

const SHEAR = 0.26; // of the planes of two axes, as seen from above and to the left
const SQUASH = 0.62;

/** Where everything is, per axis: the extent drawn, and the middle and width of y's cells. */
function axisLayout({ sized }, axis) {
  const [i, o, s, [lo, hi]] = [sized.x[axis], sized.y[axis], sized.s[axis], sized.pads[axis]];
  const reach = reachOf(sized.k[axis], sized.d[axis]);
  const width = Math.min(Math.max(1, 0.6 * s), reach);
  const middle = (cell) => s * cell - lo + reach / 2;
  const low = Math.min(0, -lo, middle(0) - width / 2);
  const high = Math.max(i, i + hi, s * (o - 1) + reach - lo, middle(o - 1) + width / 2);
  return { low, high, length: high - low, width, middle, o, i, start: (cell) => s * cell - lo, reach };
}

class Figure {
  constructor(canvas, isTransposed) {
    this.canvas = canvas;
    this.isTransposed = isTransposed;
    this.still = canvasBehind(canvas);
  }

  measure() {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
  }

  /** Lay out and draw all that does not change with the traced cell. */
  setModel(model, theme, colours) {
    Object.assign(this, { model, theme, colours });
    this.axes = range(model.ndim).map((axis) => axisLayout(model, axis));
    if (model.ndim === 1) this.axes.unshift({ low: 0, high: 1, length: 1, width: 1, middle: () => 0.5, o: 1, i: 1 });
    this.place();
    this.upTo(model.entries.shape[0] - 1);
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
    const position = this.position(cell, this.model.sized.y);
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
    const position = this.position(cell, this.model.sized.y);
    return this.axes.map((axis, index) =>
      axis.start ? [axis.start(position[index]), axis.start(position[index]) + axis.reach] : [0, 1],
    );
  }

  get textSize() {
    const room = this.unit * Math.min(1, this.squash * 1.25);
    return room >= 15 ? Math.min(room * 0.5, 17) : 0;
  }

  /** Draw the planes with Cᵀ's result summed up to and with a cell of y. */
  upTo(last) {
    if (!this.model) return;
    this.last = last;
    const context = sizedContext(this.still, this.width, this.height);
    this.drawX(context, last);
    this.drawY(context, last);
  }

  drawX(context, last) {
    const { model, theme } = this;
    const all = model.entries.shape[0] - 1;
    const done = last === all ? model.whole : accumulated(model, last);
    this.drawPadding(context);
    const [rows, columns] = [this.axes[0].i, this.axes[1].i];
    this.fillX(context, [0, 0, rows, columns], theme.cell, 1);
    if (this.isTransposed) this.drawCounts(context, done.counts);
    else this.fillX(context, [0, 0, rows, columns], theme["x-soft"], 0.45);
    this.drawGrid(context, rows, columns);
    const size = this.textSize;
    if (size) {
      range(rows * columns).forEach((cell) => {
        const [v, u] = this.position(cell, model.sized.x);
        const value = this.isTransposed ? done.sums[cell] : model.inX[cell];
        if (!this.isTransposed || done.counts[cell]) label(context, value, this.at(this.x, v + 0.52, u + 0.5), size, theme.ink);
      });
    }
    this.planeName(context, this.x, "x", theme.x);
  }

  fillX(context, [v0, u0, v1, u1], colour, alpha) {
    path(context, this.quad(this.x, v0, u0, v1, u1));
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }

  /** A shade by contributions, cells beside each other that have equally many at once. */
  drawCounts(context, counts) {
    const [rows, columns] = [this.axes[0].i, this.axes[1].i];
    for (const v of range(rows)) {
      for (let from = 0, to; from < columns; from = to) {
        const count = counts[v * columns + from];
        for (to = from + 1; to < columns && counts[v * columns + to] === count; ) to += 1;
        if (count) this.fillX(context, [v, from, v + 1, to], this.theme["x-soft"], count / this.model.whole.most);
      }
    }
  }

  /** Lines between the cells: far fewer than there are cells. */
  drawGrid(context, rows, columns) {
    context.strokeStyle = this.theme.card;
    context.lineWidth = Math.min(Math.max(this.unit * 0.08, 0.6), 2.5);
    context.beginPath();
    for (const v of range(rows + 1)) {
      context.moveTo(...this.at(this.x, v, 0));
      context.lineTo(...this.at(this.x, v, columns));
    }
    for (const u of range(columns + 1)) {
      context.moveTo(...this.at(this.x, 0, u));
      context.lineTo(...this.at(this.x, rows, u));
    }
    context.stroke();
  }

  /** The padding of C, around x. */
  drawPadding(context) {
    const [i, pads] = [this.model.sized.x, this.model.sized.pads];
    const spans = this.model.ndim === 1 ? [[0, 0], pads[0]] : pads;
    const sizes = this.model.ndim === 1 ? [1, i[0]] : i;
    if (spans.flat().every((p) => p <= 0)) return;
    context.strokeStyle = this.theme.muted;
    context.lineWidth = 0.8;
    context.setLineDash([2, 2]);
    const [[v0, v1], [u0, u1]] = spans.map(([lo, hi], axis) => [Math.min(-lo, 0), sizes[axis] + Math.max(hi, 0)]);
    if (this.unit < 12) {
      path(context, this.quad(this.x, v0, u0, v1, u1)); // its outline: the cells would be all dashes
      context.stroke();
      context.setLineDash([]);
      return;
    }
    for (let v = v0; v < v1; v += 1) {
      for (let u = u0; u < u1; u += 1) {
        if (v >= 0 && v < sizes[0] && u >= 0 && u < sizes[1]) continue;
        path(context, this.xQuad(v, u, 0.08));
        context.stroke();
      }
    }
    context.setLineDash([]);
  }

  drawY(context, last) {
    const { model, theme } = this;
    const size = this.textSize;
    for (const cell of range(model.entries.shape[0])) {
      path(context, this.yQuad(cell));
      const pending = cell > last;
      context.fillStyle = pending && !this.isTransposed ? theme.cell : theme["y-soft"];
      context.fill();
      if (size && !(pending && !this.isTransposed)) {
        const value = this.isTransposed ? model.inY[cell] : model.outY[cell];
        label(context, value, this.middleOf(cell), size, theme.ink);
      }
    }
    this.planeName(context, this.y, "y", theme.y);
  }

  middleOf(cell) {
    const [[v0, v1], [u0, u1]] = this.yBox(cell);
    return this.at(this.y, (v0 + v1) / 2 + 0.02, (u0 + u1) / 2);
  }

  planeName(context, plane, name, colour) {
    const [down, across] = this.axes;
    const [x, y] = this.at(plane, down.low, across.low);
    const beside = this.model.ndim > 1;
    context.font = `italic 700 ${beside ? 17 : 18}px Georgia, "Liberation Serif", serif`;
    context.textAlign = beside ? "right" : "left";
    context.textBaseline = "bottom";
    context.fillStyle = colour;
    context.fillText(name, beside ? x - 9 : x + 2, beside ? y + 14 : y - 5);
  }

  /** The still picture and the traced cell; `travel` in [0, 1] is how far its values have come. */
  draw(trace, travel) {
    const context = sizedContext(this.canvas, this.width, this.height);
    if (!this.model) return;
    if (!trace) return;
    if (trace.side === "y") this.drawWindow(context, trace.cell, travel);
    else this.drawReaders(context, trace.cell);
  }

  /** A cell of y and its window on x, tap by tap. */
  drawWindow(context, cell, travel) {
    const [[v0, v1], [u0, u1]] = this.windowBox(cell);
    const [from, to] = [this.yQuad(cell), this.quad(this.x, v0, u0, v1, u1)];
    this.drawBeam(context, from, to);
    const landed = travel >= 1;
    if (landed || !this.isTransposed) this.drawTaps(context, cell, this.isTransposed);
    this.outline(context, from, this.theme.y, this.theme["y-soft"]);
    if (this.textSize) {
      const value = this.isTransposed ? this.model.inY[cell] : this.model.outY[cell];
      if (this.isTransposed || landed) label(context, value, this.middleOf(cell), this.textSize, this.theme.ink);
    }
    if (!landed) this.drawTravelling(context, cell, this.isTransposed ? travel : 1 - travel);
    this.outline(context, to, this.theme.ink);
  }

  /** Both planes' quadrangles joined corner by corner. */
  drawBeam(context, from, to) {
    context.fillStyle = this.theme.y;
    context.globalAlpha = this.theme.dark ? 0.1 : 0.07;
    for (const side of range(4)) {
      const next = (side + 1) % 4;
      path(context, [from[side], from[next], to[next], to[side]]);
      context.fill();
    }
    context.globalAlpha = 0.45;
    context.strokeStyle = this.theme.y;
    context.lineWidth = 1;
    context.beginPath();
    for (const corner of range(4)) {
      context.moveTo(...from[corner]);
      context.lineTo(...to[corner]);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  outline(context, corners, colour, fill = null) {
    path(context, corners);
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.stroke();
  }

  /** Position, tap, and where it is read, for every tap of a window; -1 is zero padding. */
  tapsOf(cell) {
    const { sized, sources, ndim } = this.model;
    const position = unflat(cell, sized.y);
    const [[v0], [u0]] = this.windowBox(cell);
    return range(prod(sized.k)).map((tap) => {
      const each = unflat(tap, sized.k);
      const read = each.map((t, axis) => sources[axis][position[axis]][t]);
      const [t0, t1] = ndim === 1 ? [0, each[0]] : each;
      const [d0, d1] = ndim === 1 ? [1, sized.d[0]] : sized.d;
      return { tap, v: v0 + d0 * t0, u: u0 + d1 * t1, source: read.includes(-1) ? -1 : flat(read, sized.x) };
    });
  }

  drawTaps(context, cell, isPlaced) {
    const { model, colours } = this;
    const size = this.textSize;
    const placed = new Map(); // copied padding folds several taps onto one cell
    for (const { tap, v, u, source } of this.tapsOf(cell)) {
      const [inV, inU] = source < 0 ? [v, u] : this.position(source, model.sized.x);
      const isCopy = source >= 0 && (inV !== v || inU !== u); // in padding that is not zeros
      if (source < 0 || isCopy) this.fillTap(context, this.xQuad(v, u, 0.08), colours[tap], 0.3);
      if (source < 0) continue;
      this.fillTap(context, this.xQuad(inV, inU), colours[tap], 1);
      if (size) {
        placed.set(source, (placed.get(source) ?? 0) + model.kernel[tap] * model.inY[cell]);
        const text = isPlaced ? `+${placed.get(source)}` : model.inX[source];
        label(context, text, this.at(this.x, inV + 0.52, inU + 0.5), size, textOn(colours[tap]));
      }
    }
  }

  fillTap(context, corners, colour, alpha) {
    path(context, corners);
    context.fillStyle = cssColour(colour, alpha);
    context.fill();
  }

  /** The taps on their way between the cell of y (0) and the window (1). */
  drawTravelling(context, cell, where) {
    const { colours } = this;
    const [[v0, v1], [u0, u1]] = this.windowBox(cell);
    const [[cv0, cv1], [cu0, cu1]] = this.yBox(cell);
    const eased = where * where * (3 - 2 * where);
    const between = (v, u) => {
      const from = this.at(this.y, cv0 + ((v - v0) / (v1 - v0)) * (cv1 - cv0), cu0 + ((u - u0) / (u1 - u0)) * (cu1 - cu0));
      const to = this.at(this.x, v, u);
      return from.map((value, index) => value + eased * (to[index] - value));
    };
    for (const { tap, v, u } of this.tapsOf(cell)) {
      const [a, b] = [0.06, 0.94];
      const corners = [between(v + a, u + a), between(v + a, u + b), between(v + b, u + b), between(v + b, u + a)];
      this.fillTap(context, corners, colours[tap], 0.92);
    }
  }

  /** A cell of x and all cells of y whose windows hold it. */
  drawReaders(context, cell) {
    const { model, theme, colours } = this;
    const [v, u] = this.position(cell, model.sized.x);
    const middle = this.at(this.x, v + 0.5, u + 0.5);
    const size = this.textSize;
    const entries = entriesOf(model, { side: "x", cell });
    context.lineWidth = 2;
    for (const index of entries) {
      const [row, tap] = [model.entries.rows[index], model.entries.taps[index]];
      context.strokeStyle = cssColour(colours[tap]);
      context.beginPath();
      context.moveTo(...middle);
      context.lineTo(...this.middleOf(row));
      context.stroke();
      this.fillTap(context, this.yQuad(row), colours[tap], 1);
      const value = this.isTransposed ? model.inY[row] : model.outY[row];
      if (size) label(context, value, this.middleOf(row), size, textOn(colours[tap]));
    }
    this.outline(context, this.xQuad(v, u), theme.x, theme["x-soft"]);
    const value = this.isTransposed ? model.whole.sums[cell] : model.inX[cell];
    if (size) label(context, value, this.at(this.x, v + 0.52, u + 0.5), size, theme.ink);
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
    const sizes = this.model.sized[side];
    return this.model.ndim === 1 ? position[1] : flat(position, sizes);
  }
}
