// The page's state, and what happens when it changes.

const FIRST = "y=3,3&k=3&s=2"; // shown when nothing is asked for
const BELOW_FIGURES = ["showMatrices", "showOverlaps", "showFormulas", "showCode"];

class Page extends Tracing {
  constructor() {
    super();
    this.figures = [new Figure(byId("forward"), false), new Figure(byId("transposed"), true)];
    this.matrices = [new MatrixView(byId("matrix"), false), new MatrixView(byId("matrix-transposed"), true)];
    this.controls = new Controls(byId("controls"), (layer) => this.setLayer(layer));
    this.code = new CodePanel();
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
      const hit = (x, y) => (view.model === this.model ? view.hit(x, y, this.trace.side) : null);
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

  /** Take the layer from the address; the page's own where it has no part after #. */
  readAddress() {
    const asked = fromHash(location.hash);
    if (!asked && this.layer && location.hash) return; // a link to a part of the page
    const layer = asked ?? fromHash(document.documentElement.dataset.layer) ?? fromHash(FIRST);
    this.trace = FIRST_CELL;
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

  /** Measure the room for each part. Seldom: the browser lays the page out at once for it. */
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
    const needs = this.needs;
    this.needs = new Set();
    if (needs.has("size")) {
      this.measure();
      this.atOnce = true;
    }
    if (needs.has("size") || needs.has("layer")) this.drawLayer();
    if (this.isPlaying) this.play(now);
    else if (this.travel < 1) this.travel = Math.min((now - this.pickedAt) / TRAVEL_MS, 1);
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
    this.drawn = { layer, spec: result.spec };
    for (const part of BELOW_FIGURES) this.waiting.add(part);
    this.showSizes(result.spec);
    if (tooLarge) {
      this.model = null;
      return this.setPlaying(false);
    }
    this.model = makeModel(layer, result);
    this.colours = tapColours(this.model.kernel.length, this.theme);
    this.figures.forEach((figure) => figure.setModel(this.model, this.theme, this.colours));
    showKernel(this.model, this.colours);
    labelCanvases(this.model);
    write(byId("evenness"), evenness(layer, result.even));
    byId("scrub").max = this.model.entries.shape[0] - 1;
    this.markExample();
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
    write(byId("sizes"), sizeFormulas(this.drawn.layer, this.drawn.spec));
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

  showSizes(spec) {
    byId("forward-sizes").textContent = `x ${by(spec.x)} → C x ${by(spec.y)}`;
    byId("transposed-sizes").textContent = `y ${by(spec.y)} → Cᵀ y ${by(spec.x)}`;
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
}

window.jtconvExplorer = { evaluate, equivalents, toHash, fromHash };
window.jtconvExplorer.page = new Page();
