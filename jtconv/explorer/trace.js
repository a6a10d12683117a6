// The traced cell: picked by pointer or keys, or moved on by the player.

const wantsLessMotion = matchMedia("(prefers-reduced-motion: reduce)");
const ICONS = {
  play: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2l10 6-10 6z"/></svg>',
  pause: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 2h4v12H3zM9 2h4v12H9z"/></svg>',
};
const TRAVEL_MS = 520; // that a kernel is on its way
const PAUSE_MS = 480;
const MAX_ROUND_MS = 24_000; // for all cells
const FIRST_CELL = Object.freeze({ side: "y", cell: 0 }); // every layer has it

/**
 * The part of the page that knows the traced cell; `Page` has the model and what is drawn of it.
 *
 * `trace` is a cell of the model at all times: `FIRST_CELL` from when another layer is asked for, and put inside when
 * the model changes. The player goes on from it after every change.
 */
class Tracing {
  constructor() {
    this.trace = FIRST_CELL;
    this.travel = 1; // how far the kernel has come, in [0, 1]
    this.isPlaying = false;
  }

  keepTraceInside() {
    const cells = this.model.entries.shape;
    if (this.trace.cell >= cells[this.trace.side === "y" ? 0 : 1]) this.trace = FIRST_CELL;
    this.startedAt = null;
    if (this.isPlaying) return; // `play` draws the figures
    this.travel = 1;
    this.figures.forEach((figure) => figure.upTo(cells[0] - 1));
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
    if (!this.model || this.needs.has("layer")) return; // what is pointed at is another layer's
    if (!this.isPlaying && trace.side === this.trace.side && trace.cell === this.trace.cell) return;
    this.setPlaying(false);
    this.trace = trace;
    this.pickedAt = performance.now();
    this.travel = wantsLessMotion.matches || trace.side === "x" ? 1 : 0;
    this.ask("trace");
  }

  onKey(event) {
    if (!this.model) return;
    const { side, cell } = this.trace;
    const sizes = this.model.spec[side];
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
      if (this.trace.side !== "y") this.trace = FIRST_CELL;
      this.from = this.trace.cell;
      this.figures.forEach((figure) => figure.upTo(this.from - 1));
    }
    const step = Math.min(TRAVEL_MS + PAUSE_MS, MAX_ROUND_MS / cells);
    const passed = (now - this.startedAt) / step;
    const cell = (this.from + Math.floor(passed)) % cells;
    const share = ((passed % 1) * (TRAVEL_MS + PAUSE_MS)) / TRAVEL_MS;
    this.travel = wantsLessMotion.matches ? 1 : Math.min(share, 1);
    const upTo = this.travel < 1 ? cell - 1 : cell;
    this.figures.forEach((figure) => figure.last === upTo || figure.upTo(upTo));
    if (cell !== this.trace.cell) this.trace = { side: "y", cell };
  }
}
