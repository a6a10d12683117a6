// The matrix or its transpose, an entry in its tap's colour, the traced row and column lit.

const MAX_ENTRY_PX = 30;
const GAP_PX = 30;
const CAPTION_PX = 88;
const MIN_SHAPE_PX = 4; // smaller entries are drawn pixel by pixel
const MIN_LIT_PX = 7; // across a lit row or column

/** One size of entry for both matrices, so that they fit beside each other. */
function entrySize([rows, columns], width, height) {
  const room = width - GAP_PX;
  const besideCaption = (room - CAPTION_PX) / columns; // the transpose is narrow, its caption is not
  return Math.min(room / (rows + columns), besideCaption, height / Math.max(columns, rows), MAX_ENTRY_PX);
}

class MatrixView {
  constructor(canvas, isTransposed) {
    this.canvas = canvas;
    this.isTransposed = isTransposed;
    this.still = canvasBehind(canvas);
  }

  setModel(model, theme, colours, size) {
    Object.assign(this, { model, theme, colours, size });
    const [rows, columns] = model.entries.shape;
    [this.rows, this.columns] = this.isTransposed ? [columns, rows] : [rows, columns];
    this.width = this.columns * size + 2;
    this.height = this.rows * size + 2;
    for (const { style } of [this.canvas, this.still]) {
      [style.width, style.height] = [`${this.width}px`, `${this.height}px`];
    }
    const context = sizedContext(this.still, this.width, this.height);
    if (size < MIN_SHAPE_PX) return this.drawPixels(context);
    this.drawGround(context);
    this.drawEntries(context, model.ofTap);
  }

  /** Thousands of small entries, pixel by pixel: as shapes they would take most of a frame. */
  drawPixels(context) {
    const { width, height } = this.still;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const packed = ([r, g, b]) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
    pixels.fill(packed(rgbOf(this.theme.cell)));
    const { rows, columns, taps } = this.model.entries;
    const [down, across] = this.isTransposed ? [columns, rows] : [rows, columns];
    const fills = this.colours.map(packed);
    const [tall, wide] = [(height - 2) / this.rows, (width - 2) / this.columns];
    for (let index = 0; index < taps.length; index += 1) {
      const [left, top] = [Math.floor(1 + across[index] * wide), Math.floor(1 + down[index] * tall)];
      const [right, bottom] = [Math.max(left + 1, Math.floor(left + wide)), Math.max(top + 1, Math.floor(top + tall))];
      for (let y = top; y < bottom; y += 1) pixels.fill(fills[taps[index]], y * width + left, y * width + right);
    }
    context.putImageData(image, 0, 0);
  }

  /** Entries tap by tap: a change of colour costs more than a square. */
  drawEntries(context, lists) {
    const { rows, columns } = this.model.entries;
    const [down, across] = this.isTransposed ? [columns, rows] : [rows, columns];
    const side = Math.max(this.size - (this.size >= 7 ? 1 : 0), 1);
    lists.forEach((indices, tap) => {
      context.fillStyle = cssColour(this.colours[tap]);
      for (const index of indices) context.fillRect(...this.corner(down[index], across[index]), side, side);
    });
    if (this.size < 22) return;
    lists.forEach((indices, tap) => {
      for (const index of indices) {
        const [left, top] = this.corner(down[index], across[index]);
        label(context, this.model.values[index], [left + side / 2, top + side / 2 + 1], 12, textOn(this.colours[tap]));
      }
    });
  }

  corner(row, column) {
    return [Math.round(1 + column * this.size), Math.round(1 + row * this.size)]; // sharp
  }

  drawGround(context) {
    context.fillStyle = this.theme.cell;
    context.fillRect(0, 0, this.width, this.height);
    if (this.size < 7) return;
    context.strokeStyle = this.theme.card;
    context.lineWidth = 1;
    context.beginPath();
    for (const row of range(this.rows + 1)) {
      context.moveTo(0, 1 + row * this.size);
      context.lineTo(this.width, 1 + row * this.size);
    }
    for (const column of range(this.columns + 1)) {
      context.moveTo(1 + column * this.size, 0);
      context.lineTo(1 + column * this.size, this.height);
    }
    context.stroke();
  }

  draw(trace) {
    const context = sizedContext(this.canvas, this.width, this.height);
    if (!this.model) return;
    context.globalAlpha = 0.6; // a veil
    context.fillStyle = this.theme.cell;
    context.fillRect(0, 0, this.width, this.height);
    context.globalAlpha = 1;
    const isRow = (trace.side === "y") !== this.isTransposed;
    const thick = Math.max(this.size, MIN_LIT_PX);
    const middle = 1 + (trace.cell + 0.5) * this.size;
    const at = Math.min(Math.max(middle - thick / 2, 1), (isRow ? this.height : this.width) - 1 - thick);
    const band = isRow ? [1, at, this.width - 2, thick] : [at, 1, thick, this.height - 2];
    context.fillStyle = this.theme.card;
    context.fillRect(...band);
    const lit = entriesOf(this.model, trace);
    if (thick > this.size) for (const index of lit) this.drawThick(context, index, isRow, at, thick);
    else this.drawEntries(context, byTap(this.model, lit));
    context.strokeStyle = trace.side === "y" ? this.theme.y : this.theme.x;
    context.lineWidth = 2;
    context.strokeRect(...band);
  }

  /** An entry of a lit row or column that is thicker than the others. */
  drawThick(context, index, isRow, at, thick) {
    const { rows, columns, taps } = this.model.entries;
    const along = 1 + (isRow === this.isTransposed ? rows : columns)[index] * this.size;
    const long = Math.max(this.size, 1.5);
    context.fillStyle = cssColour(this.colours[taps[index]]);
    context.fillRect(...(isRow ? [along, at, long, thick] : [at, along, thick, long]));
  }

  /** The row or column at a point: rows of C and columns of Cᵀ are cells of y. */
  hit(px, py, side) {
    if (!this.model) return null;
    const along = (side === "y") !== this.isTransposed ? py : px;
    const count = this.model.entries.shape[side === "y" ? 0 : 1];
    return { side, cell: Math.min(Math.max(Math.floor((along - 1) / this.size), 0), count - 1) };
  }
}
