// Contributions to each cell of Cᵀ's result: bars on one axis, a plane of shades on two.

function drawOverlaps(canvas, model, theme, width) {
  const isPlane = model.ndim === 2;
  const [rows, columns] = model.spec.x;
  const unit = isPlane ? Math.min(width / columns, 250 / rows, 34) : Math.min(width / rows, 40);
  const height = isPlane ? unit * rows : 120;
  canvas.style.height = `${height}px`;
  canvas.style.width = `${width}px`;
  const context = sizedContext(canvas, width, height);
  if (isPlane) drawPlane(context, model, unit);
  else drawBars(context, model, theme, unit, height);
}

/** Viridis by count, its darkest for none. */
function shade(count, most) {
  return viridis(most ? 0.08 + (0.84 * count) / most : 0);
}

function drawPlane(context, { counts }, unit) {
  const [down, across] = counts;
  const most = Math.max(...down) * Math.max(...across);
  const shades = range(most + 1).map((count) => shade(count, most));
  const fills = shades.map((colour) => cssColour(colour));
  down.forEach((first, row) =>
    across.forEach((second, column) => {
      const colour = shades[first * second];
      context.fillStyle = fills[first * second];
      context.fillRect(column * unit, row * unit, unit - (unit > 6 ? 1 : 0), unit - (unit > 6 ? 1 : 0));
      if (unit < 15) return;
      label(context, first * second, [(column + 0.48) * unit, (row + 0.51) * unit], Math.min(unit * 0.48, 14), textOn(colour));
    }),
  );
}

function drawBars(context, { counts: [counts] }, theme, unit, height) {
  const most = Math.max(...counts, 1);
  counts.forEach((count, cell) => {
    const tall = ((height - 24) * count) / most;
    context.fillStyle = cssColour(shade(count, most));
    context.fillRect(cell * unit, height - tall, unit - (unit > 4 ? 2 : 0), tall);
    if (unit >= 11) label(context, count, [(cell + 0.45) * unit, height - tall - 10], 12, theme.ink);
  });
}
