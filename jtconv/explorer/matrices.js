// The matrix or its transpose, an entry in its tap's colour, the traced row and column lit.

const LARGEST_ENTRY = 30;
const LEAST_LIT = 7; // pixels across a lit row or column

/** One size of entry for both matrices, so that they fit beside each other. */
function entrySize([rows, columns], width, height) {
  const [gap, wide] = [30, rows + columns];
  return Math.min((width - gap) / wide, height / Math.max(columns, rows), LARGEST_ENTRY);
}

class MatrixView {
  constructor(canvas, isTransposed) {
    this.canvas = canvas;
    this.isTransposed = isTransposed;
    this.still = document.createElement("canvas");
  }

  setModel(model, theme, colours, size) {
    Object.assign(this, { model, theme, colours, size });
    const [rows, columns] = model.entries.shape;
    [this.rows, this.columns] = this.isTransposed ? [columns, rows] : [rows, columns];
    this.width = this.columns * size + 2;
    this.height = this.rows * size + 2;
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    const context = sizedContext(this.still, this.width, this.height);
    for (const index of range(model.entries.rows.length)) this.drawEntry(context, index);
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

  drawEntry(context, index) {
    const { rows, columns, taps } = this.model.entries;
    const [row, column] = this.isTransposed ? [columns[index], rows[index]] : [rows[index], columns[index]];
    const side = Math.max(this.size - (this.size >= 7 ? 1 : 0), 1);
    const colour = this.colours[taps[index]];
    context.fillStyle = cssColour(colour);
    context.fillRect(1.5 + column * this.size, 1.5 + row * this.size, side, side);
    if (this.size < 22) return;
    const middle = [1.5 + (column + 0.49) * this.size, 1.5 + (row + 0.5) * this.size];
    label(context, this.model.kernel[taps[index]], middle, 12, textOn(colour));
  }

  draw(trace) {
    const context = sizedContext(this.canvas, this.width, this.height);
    if (!this.model) return;
    this.drawGround(context);
    context.globalAlpha = trace ? 0.4 : 1;
    context.drawImage(this.still, 0, 0, this.width, this.height);
    context.globalAlpha = 1;
    if (!trace) return;
    const isRow = (trace.side === "y") !== this.isTransposed;
    const thick = Math.max(this.size, LEAST_LIT);
    const middle = 1 + (trace.cell + 0.5) * this.size;
    const at = Math.min(Math.max(middle - thick / 2, 1), (isRow ? this.height : this.width) - 1 - thick);
    const band = isRow ? [1, at, this.width - 2, thick] : [at, 1, thick, this.height - 2];
    context.fillStyle = this.theme.card;
    context.fillRect(...band);
    for (const index of entriesOf(this.model, trace)) {
      if (thick === this.size) this.drawEntry(context, index);
      else this.drawThick(context, index, isRow, at, thick);
    }
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
