// One direction, drawn on its planes: the still picture, and on a canvas before it the traced cell.

class Figure extends Planes {
  constructor(canvas, isTransposed) {
    super();
    this.canvas = canvas;
    this.isTransposed = isTransposed;
    this.still = canvasBehind(canvas);
  }

  measure() {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
  }

  /** Lay out a model; `upTo` draws it. */
  setModel(model, theme, colours) {
    Object.assign(this, { theme, colours });
    this.layOut(model);
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
        const [v, u] = this.position(cell, model.spec.x);
        const value = this.isTransposed ? done.sums[cell] : model.inX[cell];
        if (!this.isTransposed || done.counts[cell]) label(context, value, this.at(this.x, v + 0.52, u + 0.5), size, theme.ink);
      });
    }
    this.planeName(context, this.x, this.isTransposed ? "Cᵀ y" : "x", theme.x);
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
    const [i, pads] = [this.model.spec.x, this.model.spec.pads];
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
    this.planeName(context, this.y, this.isTransposed ? "y" : "C x", theme.y);
  }

  planeName(context, plane, name, colour) {
    const [down, across] = this.axes;
    const [x, y] = this.at(plane, down.low, across.low);
    const beside = this.model.ndim > 1;
    context.font = `italic 700 ${beside ? 17 : 18}px Georgia, "Liberation Serif", serif`;
    context.textAlign = beside ? "right" : "left";
    context.textBaseline = "bottom";
    context.fillStyle = colour;
    const inside = context.measureText(name).width + 4; // of the canvas, where that is narrow
    context.fillText(name, beside ? Math.max(x - 9, inside) : x + 2, beside ? y + 14 : y - 5);
  }

  /** The still picture and the traced cell; `travel` in [0, 1] is how far its values have come. */
  draw(trace, travel) {
    const context = sizedContext(this.canvas, this.width, this.height);
    if (!this.model) return;
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

  drawTaps(context, cell, isPlaced) {
    const { model, colours } = this;
    const size = this.textSize;
    const placed = new Map(); // copied padding folds several taps onto one cell
    for (const { tap, v, u, source } of this.tapsOf(cell)) {
      const [inV, inU] = source < 0 ? [v, u] : this.position(source, model.spec.x);
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
    const [v, u] = this.position(cell, model.spec.x);
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
}
