// The kernel beside the matrices, and what canvases show for those who do not see them.

function showKernel({ kernel, spec }, colours) {
  const tiles = kernel.map((value, tap) => {
    const colour = colours[tap];
    return `<span id="tap-${tap}" style="background:${cssColour(colour)};color:${textOn(colour)}">${value}</span>`;
  });
  const box = byId("kernel");
  write(box, tiles.join(""));
  box.style.gridTemplateColumns = `repeat(${spec.k.at(-1)}, auto)`;
  box.classList.toggle("many", Math.max(...spec.k) > 5);
  box.setAttribute("aria-label", `Kernel of ${by(spec.k)} taps with the example values ${kernel.join(", ")}`);
}

function labelCanvases({ spec, counts, entries }) {
  const [x, y] = [by(spec.x), by(spec.y)];
  const each = counts.map((of, axis) => `${counts.length > 1 ? `axis ${axis}: ` : ""}${of.join(" ")}`).join("; ");
  const labels = {
    forward: `C: every cell of C x, ${y}, and its window on x, ${x}`,
    transposed: `Cᵀ: every cell of y, ${y}, and what it adds to Cᵀ y, ${x}`,
    overlap: `Contributions per cell of Cᵀ y, ${each}`,
    matrix: `C, ${entries.shape.join(" by ")}, with ${entries.rows.length} entries`,
    "matrix-transposed": `Cᵀ, ${[...entries.shape].reverse().join(" by ")}, the same entries`,
  };
  for (const [id, label] of Object.entries(labels)) byId(id).setAttribute("aria-label", label);
}
