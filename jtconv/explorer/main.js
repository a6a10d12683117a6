// The page's state, and what happens when it changes.

const byId = (id) => document.getElementById(id);
const wantsLessMotion = matchMedia("(prefers-reduced-motion: reduce)");
const ICONS = {
  play: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2l10 6-10 6z"/></svg>',
  pause: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 2h4v12H3zM9 2h4v12H9z"/></svg>',
};
const TRAVEL = 520; // milliseconds that a kernel is on its way
const REST = 480;
const LONGEST = 24_000; // of a whole round
const FIRST = "y=3,3&k=3&s=2"; // what is shown when nothing is asked for
const BELOW_FIGURES = ["showMatrices", "showOverlaps", "showFormulas", "showCode"];

class Page {
  constructor() {
    this.figures = [new Figure(byId("forward"), false), new Figure(byId("transposed"), true)];
    this.matrices = [new MatrixView(byId("matrix"), false), new MatrixView(byId("matrix-transposed"), true)];
    this.controls = new Controls(byId("controls"), (layer) => this.setLayer(layer));
    this.code = new CodePanel();
    this.trace = null;
    this.travel = 1;
    this.isPlaying = false;
    this.frame = null;
    this.needs = new Set();
    this.waiting = new Set();
    this.listen();
    this.readTheme();
    this.readAddress();
  }

  listen() {
    this.figures.forEach((figure) => this.listenTo(figure.canvas, (x, y) => figure.hit(x, y)));
    for (const view of this.matrices) {
      const hit = (x, y) => (view.model === this.model ? view.hit(x, y, this.trace?.side ?? "y") : null);
      this.listenTo(view.canvas, hit);
    }
    this.figures.forEach(({ canvas }) => canvas.addEventListener("keydown", (event) => this.onKey(event)));
    byId("play").addEventListener("click", () => this.setPlaying(!this.isPlaying));
    byId("scrub").addEventListener("input", (event) => this.pick({ side: "y", cell: Number(event.target.value) }));
    byId("problem").addEventListener("click", (event) => event.target.id === "nearest" && this.takeNearest());
    addEventListener("hashchange", () => this.readAddress());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.readTheme());
    const onResize = new ResizeObserver(() => this.ask("size"));
    for (const element of [byId("drawn"), byId("matrix-room"), byId("overlap-room")]) onResize.observe(element);
    document.addEventListener("visibilitychange", () => document.hidden && this.setPlaying(false));
  }

  listenTo(canvas, hit) {
    const onPoint = (event) => {
      const box = canvas.getBoundingClientRect();
      const trace = hit(event.clientX - box.left, event.clientY - box.top);
      if (trace) this.pick(trace);
    };
    canvas.addEventListener("pointerdown", onPoint);
    canvas.addEventListener("pointermove", onPoint);
  }

  readTheme() {
    this.theme = readTheme();
    this.atOnce = true;
    this.ask("layer");
  }

  /** Take the layer from the address; where there is none, that shown already, or the page's own. */
  readAddress() {
    const asked = fromHash(location.hash);
    if (!asked && this.layer) return; // a link to a part of the page
    const layer = asked ?? fromHash(document.documentElement.dataset.layer) ?? fromHash(FIRST);
    this.trace = null;
    this.atOnce = true;
    this.setLayer(layer, { isNew: true });
  }

  setLayer(layer, { isNew = false } = {}) {
    this.layer = layer;
    this.controls.show(layer);
    this.ask("layer");
    if (isNew) this.setPlaying(!wantsLessMotion.matches);
    else this.keepAddress();
  }

  /** Not at every step of a slider: browsers limit how often. */
  keepAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      history.replaceState(null, "", `#${toHash(this.layer)}`);
      this.markExample();
    }, 200);
  }

  markExample() {
    const now = toHash(this.layer);
    for (const link of document.querySelectorAll(".examples a")) {
      if (link.hash === `#${now}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** What there is room for: asked for rarely, as it makes the browser lay the page out at once. */
  measure() {
    this.figures.forEach((figure) => figure.measure());
    this.matrixRoom = byId("matrix-room").clientWidth;
    this.overlapRoom = byId("overlap-room").clientWidth;
  }

  /** Ask for a part to be done before the next frame: "size", "layer", "trace" or "waiting". */
  ask(part) {
    this.needs.add(part);
    this.frame ??= requestAnimationFrame((now) => this.onFrame(now));
  }

  onFrame(now) {
    this.frame = null;
    if (this.isPlaying) this.play(now);
    else if (this.travel < 1) this.travel = Math.min((now - this.pickedAt) / TRAVEL, 1);
    const needs = this.needs;
    this.needs = new Set();
    if (needs.has("size")) {
      this.measure();
      this.atOnce = true;
    }
    if (needs.has("size") || needs.has("layer")) this.drawLayer();
    this.drawWaiting();
    if (this.model) this.drawTrace();
    if (this.model && (this.isPlaying || this.travel < 1)) this.ask("trace");
  }

  /** Evaluate the layer, or the possible one next to it, and draw the figures; what else depends on it waits. */
  drawLayer() {
    const asked = evaluate(this.layer);
    const layer = asked.nearest ?? this.layer;
    const result = asked.error ? evaluate(layer) : asked;
    const tooLarge = !result.entries;
    this.showProblem(asked, tooLarge, layer);
    document.body.classList.toggle("too-large", tooLarge);
    const isFlat = layer.y.length === 1;
    if (document.body.classList.contains("flat") !== isFlat || tooLarge === Boolean(this.overlapRoom)) {
      document.body.classList.toggle("flat", isFlat);
      this.measure();
    }
    this.drawn = { layer, sized: result.sized };
    for (const part of BELOW_FIGURES) this.waiting.add(part);
    this.showSizes(result.sized);
    if (tooLarge) {
      this.model = null;
      return this.setPlaying(false);
    }
    this.model = makeModel(layer, result);
    this.colours = tapColours(this.model.kernel.length, this.theme);
    this.figures.forEach((figure) => figure.setModel(this.model, this.theme, this.colours));
    this.describe(result.even);
    this.keepTraceInside();
  }

  /**
   * One part in each frame, that which has waited longest, so that the figures keep up with a slider that is
   * dragged. All at once where the whole page changes.
   */
  drawWaiting() {
    for (const part of this.waiting) {
      this.waiting.delete(part);
      this[part]();
      if (!this.atOnce) break;
    }
    this.atOnce = false;
    if (this.waiting.size) this.ask("waiting");
  }

  showFormulas() {
    write(byId("sizes"), sizeFormulas(this.drawn.layer, this.drawn.sized));
  }

  showCode() {
    this.code.show(equivalents(this.drawn.layer));
  }

  showOverlaps() {
    if (this.model) drawOverlaps(byId("overlap"), this.model, this.theme, this.overlapRoom);
  }

  showProblem({ error, nearest }, tooLarge, drawn) {
    const text = error ? `${error} ${toHash(nearest)}` : tooLarge ? tooLargeSentence(drawn) : "";
    if (text === this.problem) return; // it would be read aloud again
    this.problem = text;
    this.nearest = nearest;
    byId("problem").innerHTML = error
      ? `<p><b>There is no such layer:</b> ${escaped(error)}</p><p>Shown below is the nearest possible one: ` +
        `${escaped(changes(this.layer, nearest))}.</p><button type="button" id="nearest">Take it</button>`
      : text && `<p><b>Too large to draw.</b> ${escaped(text)}</p>`;
  }

  takeNearest() {
    this.setLayer(this.nearest);
    byId("forward").focus({ preventScroll: true });
  }

  showSizes(sized) {
    byId("forward-sizes").textContent = `x ${by(sized.x)} → y ${by(sized.y)}`;
    byId("transposed-sizes").textContent = `y ${by(sized.y)} → x ${by(sized.x)}`;
  }

  showMatrices() {
    if (!this.model) return;
    const { shape } = this.model.entries;
    const size = entrySize(shape, this.matrixRoom, 400);
    this.matrices.forEach((view) => view.setModel(this.model, this.theme, this.colours, size));
    this.tracedKey = null; // to be lit
    byId("matrix-shape").textContent = `${shape[0]} × ${shape[1]}`;
    byId("matrix-transposed-shape").textContent = `${shape[1]} × ${shape[0]}`;
    write(byId("groups"), groupsHtml(this.model.layer));
  }

  /** The kernel, and what canvases show for those who do not see them. */
  describe(even) {
    const { kernel, layer, sized, counts, entries } = this.model;
    const tiles = kernel.map((value, tap) => {
      const colour = this.colours[tap];
      return `<span id="tap-${tap}" style="background:${cssColour(colour)};color:${textOn(colour)}">${value}</span>`;
    });
    const box = byId("kernel");
    write(box, tiles.join(""));
    box.style.gridTemplateColumns = `repeat(${sized.k.at(-1)}, auto)`;
    box.classList.toggle("many", Math.max(...sized.k) > 5);
    box.setAttribute("aria-label", `Kernel of ${by(sized.k)} taps with the example values ${kernel.join(", ")}`);
    const [forward, transposed] = this.figures.map(({ canvas }) => canvas);
    forward.setAttribute("aria-label", `C: every cell of y, ${by(sized.y)}, and its window on x, ${by(sized.x)}`);
    transposed.setAttribute("aria-label", `Cᵀ: every cell of y, ${by(sized.y)}, and what it adds to x, ${by(sized.x)}`);
    const each = counts.map((of, axis) => `${counts.length > 1 ? `axis ${axis}: ` : ""}${of.join(" ")}`).join("; ");
    byId("overlap").setAttribute("aria-label", `Contributions per cell of x, ${each}`);
    byId("matrix").setAttribute("aria-label", `C, ${entries.shape.join(" by ")}, with ${entries.rows.length} entries`);
    byId("matrix-transposed").setAttribute("aria-label", `Cᵀ, ${[...entries.shape].reverse().join(" by ")}, the same entries`);
    write(byId("evenness"), evenness(layer, even));
    byId("scrub").max = entries.shape[0] - 1;
    this.markExample();
  }

  keepTraceInside() {
    const cells = this.model.entries.shape;
    if (!this.trace || this.trace.cell >= cells[this.trace.side === "y" ? 0 : 1]) this.trace = { side: "y", cell: 0 };
    if (!this.isPlaying) [this.travel, this.startedAt] = [1, null];
    if (this.isPlaying) this.figures[1].upTo(this.trace.cell - 1);
  }

  drawTrace() {
    this.figures.forEach((figure) => figure.draw(this.trace, this.travel));
    const key = `${this.trace.side}${this.trace.cell} ${this.problem}`;
    if (key === this.tracedKey && this.model === this.tracedModel) return;
    [this.tracedKey, this.tracedModel] = [key, this.model];
    this.matrices.forEach((view) => view.model === this.model && view.draw(this.trace)); // others wait
    byId("trace").textContent = traceSentence(this.model, this.trace);
    if (this.trace.side === "y") byId("scrub").value = this.trace.cell;
    const lit = new Set(entriesOf(this.model, this.trace).map((index) => this.model.entries.taps[index]));
    for (const tap of range(this.model.kernel.length)) byId(`tap-${tap}`).classList.toggle("lit", this.trace.side === "x" && lit.has(tap));
  }

  /** Trace a cell that the reader has picked. */
  pick(trace) {
    if (!this.model || !this.trace) return; // a new layer's first cell is not traced yet
    if (!this.isPlaying && trace.side === this.trace.side && trace.cell === this.trace.cell) return;
    this.setPlaying(false);
    this.trace = trace;
    this.pickedAt = performance.now();
    this.travel = wantsLessMotion.matches || trace.side === "x" ? 1 : 0;
    this.ask("trace");
  }

  onKey(event) {
    if (!this.model || !this.trace) return;
    const { side, cell } = this.trace;
    const sizes = this.model.sized[side];
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (event.key === " ") this.setPlaying(!this.isPlaying);
    else if (event.key === "Enter") this.pick({ side: side === "y" ? "x" : "y", cell: this.partner() });
    else if (event.key === "Home") this.pick({ side, cell: 0 });
    else if (event.key === "End") this.pick({ side, cell: prod(sizes) - 1 });
    else if (steps[event.key]) {
      const position = sizes.length === 1 ? [0, cell] : unflat(cell, sizes);
      const shape = sizes.length === 1 ? [1, sizes[0]] : sizes;
      const moved = position.map((at, axis) => Math.min(Math.max(at + steps[event.key][axis], 0), shape[axis] - 1));
      this.pick({ side, cell: moved[0] * shape[1] + moved[1] });
    } else return;
    event.preventDefault();
  }

  /** A cell of the other side that the traced one is joined to. */
  partner() {
    const [index] = entriesOf(this.model, this.trace);
    if (index === undefined) return 0;
    return this.model.entries[this.trace.side === "y" ? "columns" : "rows"][index];
  }

  setPlaying(isPlaying) {
    const was = this.isPlaying;
    this.isPlaying = isPlaying;
    byId("play").innerHTML = isPlaying ? ICONS.pause : ICONS.play;
    byId("play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    byId("trace").setAttribute("aria-live", isPlaying ? "off" : "polite");
    this.startedAt = null;
    if (isPlaying) this.ask("trace");
    else if (was && this.model) {
      this.travel = 1;
      this.figures.forEach((figure) => figure.upTo(this.model.entries.shape[0] - 1));
      this.tracedKey = null;
      this.ask("trace");
    }
  }

  /** Cell after cell, from the traced one on. */
  play(now) {
    if (!this.model) return;
    const cells = this.model.entries.shape[0];
    if (this.startedAt === null) {
      this.startedAt = now;
      if (this.trace.side !== "y") this.trace = { side: "y", cell: 0 };
      this.from = this.trace.cell;
      this.figures.forEach((figure) => figure.upTo(this.from - 1));
    }
    const step = Math.min(TRAVEL + REST, LONGEST / cells);
    const passed = (now - this.startedAt) / step;
    const cell = (this.from + Math.floor(passed)) % cells;
    const share = ((passed % 1) * (TRAVEL + REST)) / TRAVEL;
    this.travel = wantsLessMotion.matches ? 1 : Math.min(share, 1);
    const upTo = this.travel < 1 ? cell - 1 : cell;
    this.figures.forEach((figure) => figure.last === upTo || figure.upTo(upTo));
    if (cell !== this.trace.cell) this.trace = { side: "y", cell };
  }
}

function tooLargeSentence(layer) {
  return (
    `The sizes and the code below are right, but this layer has too many cells to draw one by one. ` +
    `Take a smaller input size than ${by(layer.y)}: the pattern repeats.`
  );
}

/** Which channels a group joins, as the blocks of the matrix of all channels. */
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

window.jtconvExplorer = { evaluate, equivalents, toHash, fromHash };
window.jtconvExplorer.page = new Page();
