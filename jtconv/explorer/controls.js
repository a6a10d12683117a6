// The form: from its elements to a layer and back.

const SLIDERS = [
  ["y", "input size", 1, 12, "of what Cᵀ takes, y"],
  ["k", "kernel size k", 1, 8, ""],
  ["s", "strides s", 1, 6, ""],
  ["lo", "padding lo", -3, 8, ""],
  ["hi", "padding hi", -3, 8, ""],
  ["d", "dilation d", 1, 4, ""],
  ["a", "output_padding a", 0, 5, "which of the s sizes"],
  ["g", "groups", 1, 8, ""],
];

class Controls {
  constructor(form, onChange) {
    this.form = form;
    this.onChange = onChange;
    form.addEventListener("input", (event) => this.onInput(event.target));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Show a layer; the form is made anew only where other elements are needed. */
  show(layer) {
    this.layer = layer;
    this.isAlike = this.isAlike !== false || layer.y.length === 1;
    if (!sameOnAllAxes(layer)) this.isAlike = false;
    if (Array.isArray(layer.p) && layer.p.some(([lo, hi]) => lo !== hi)) this.isUneven = true;
    const structure = JSON.stringify([layer.y.length, this.isAlike, this.isUneven, Array.isArray(layer.p) || layer.p]);
    if (structure !== this.structure) {
      const focused = document.activeElement?.id;
      this.structure = structure;
      this.form.innerHTML = this.html();
      if (focused) document.getElementById(focused)?.focus();
    }
    this.fill();
  }

  get axes() {
    return this.isAlike ? [0] : range(this.layer.y.length);
  }

  html() {
    const { y, p } = this.layer;
    const isNumbers = Array.isArray(p);
    const shown = SLIDERS.filter(([name]) => isNumbers ? name !== "hi" || this.isUneven : name !== "lo" && name !== "hi");
    const rows = shown.map((slider) => this.sliderHtml(slider));
    const at = shown.findIndex(([name]) => name === "s") + 1;
    rows.splice(at, 0, this.paddingHtml(isNumbers));
    const axesHtml = `<fieldset class="switches wide"><legend class="hidden">Spatial axes</legend>
      ${[1, 2].map((n) => `<label><input type="radio" name="ndim" id="ndim-${n}" value="${n}"> ${n === 1 ? "one axis" : "two axes"}</label>`).join("")}
      ${y.length > 1 ? '<label><input type="checkbox" id="alike"> alike</label>' : ""}</fieldset>`;
    return axesHtml + rows.join("") + this.restHtml();
  }

  sliderHtml([name, title, low, high, note]) {
    const label = name === "lo" && !this.isUneven ? "padding" : title;
    const axes = name === "g" ? [0] : this.axes;
    const inputs = axes.map((axis) => {
      const which = axes.length > 1 ? ` on axis ${axis}` : "";
      return `<input type="range" id="${name}-${axis}" min="${low}" max="${high}" aria-label="${label}${which}">`;
    });
    const small = note ? ` <small>${note}</small>` : "";
    return `<div class="row"><span class="name">${label}${small}</span><output id="${name}-value"></output>${inputs.join("")}</div>`;
  }

  paddingHtml(isNumbers) {
    const options = ["numbers", ...PADDING_NAMES].map((name) => `<option>${name}</option>`).join("");
    const uneven = isNumbers ? '<div class="switches"><label><input type="checkbox" id="uneven"> lo and hi apart</label></div>' : "";
    return `<label class="field">padding by <select id="padding">${options}</select></label>${uneven}`;
  }

  restHtml() {
    const modes = MODES.map((name) => `<option>${name}</option>`).join("");
    return `<label class="field">padding_mode <select id="mode">${modes}</select></label>
      <label class="field">channels of y <input type="number" id="in-ch" min="1" max="65536"></label>
      <label class="field">channels of x <input type="number" id="out-ch" min="1" max="65536"></label>
      <div class="switches"><label><input type="checkbox" id="bias"> bias</label></div>`;
  }

  /** The layer's numbers into the elements. */
  fill() {
    const { layer, form } = this;
    const set = (id, value) => {
      const element = form.querySelector(`#${id}`);
      if (element && document.activeElement !== element) element.value = value;
      else if (element && element.value !== String(value) && element.type !== "number") element.value = value;
    };
    for (const [name, , low, high] of SLIDERS) {
      const values = this.values(name);
      const span = name === "a" && sizesDepend(layer) ? [-high, 0] : [low, high];
      values.forEach((value, axis) => {
        const slider = form.querySelector(`#${name}-${axis}`);
        if (!slider) return;
        slider.min = Math.min(span[0], value);
        slider.max = Math.max(span[1], value, document.activeElement === slider ? Number(slider.max) : span[1]);
        slider.value = value;
      });
      const output = form.querySelector(`#${name}-value`);
      if (output) output.value = allEqual(values) ? values[0] : values.join(" × ");
    }
    set("padding", Array.isArray(layer.p) ? "numbers" : layer.p);
    set("mode", layer.mode);
    set("in-ch", layer.channels[0]);
    set("out-ch", layer.channels[1]);
    form.querySelector(`#ndim-${layer.y.length}`).checked = true;
    for (const [id, value] of [["alike", this.isAlike], ["uneven", this.isUneven], ["bias", layer.bias]]) {
      const box = form.querySelector(`#${id}`);
      if (box) box.checked = Boolean(value);
    }
  }

  values(name) {
    if (name === "g") return [this.layer.g];
    if (name === "lo" || name === "hi") {
      return Array.isArray(this.layer.p) ? this.layer.p.map((pair) => pair[name === "lo" ? 0 : 1]) : this.layer.y.map(() => 0);
    }
    return this.layer[name];
  }

  onInput(element) {
    const layer = structuredClone(this.layer);
    const [name, axis] = element.id.split("-");
    if (element.type === "range") this.slide(layer, name, Number(axis), Number(element.value));
    else if (element.name === "ndim") setAxes(layer, Number(element.value));
    else if (element.id === "padding") setPadding(layer, element.value);
    else if (element.id === "mode") layer.mode = element.value;
    else if (element.id === "bias") layer.bias = element.checked;
    else if (element.type === "number") {
      if (!element.checkValidity() || !element.value) return;
      layer.channels[element.id === "in-ch" ? 0 : 1] = Number(element.value);
    } else if (element.id === "alike") {
      this.isAlike = element.checked;
      if (element.checked) for (const key of ["y", "k", "s", "d", "a"]) layer[key] = layer[key].map(() => layer[key][0]);
      if (element.checked && Array.isArray(layer.p)) layer.p = layer.p.map(() => [...layer.p[0]]);
    } else if (element.id === "uneven") {
      this.isUneven = element.checked;
      if (!element.checked) layer.p = layer.p.map(([lo]) => [lo, lo]);
    }
    this.onChange(layer);
  }

  slide(layer, name, axis, value) {
    const axes = this.isAlike ? range(layer.y.length) : [axis];
    if (name === "g") layer.g = value;
    else if (name === "lo" || name === "hi") {
      for (const at of axes) {
        if (name === "lo" || !this.isUneven) layer.p[at][0] = value;
        if (name === "hi" || !this.isUneven) layer.p[at][1] = value;
      }
    } else for (const at of axes) layer[name][at] = value;
  }
}

const sameOnAllAxes = (layer) =>
  ["y", "k", "s", "d", "a"].every((key) => allEqual(layer[key])) && (!Array.isArray(layer.p) || allEqual(layer.p.map(pairText)));

function setAxes(layer, ndim) {
  for (const key of ["y", "k", "s", "d", "a"]) layer[key] = range(ndim).map((axis) => layer[key][axis] ?? layer[key][0]);
  if (Array.isArray(layer.p)) layer.p = range(ndim).map((axis) => [...(layer.p[axis] ?? layer.p[0])]);
}

/** output_padding counts from s·o down for SAME: it starts at 0 again. */
function setPadding(layer, choice) {
  layer.p = choice === "numbers" ? layer.y.map(() => [0, 0]) : choice;
  layer.a = layer.a.map(() => 0);
}
