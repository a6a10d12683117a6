// The form: from its elements to a layer and back. Its rows are those of FIELDS, by their kinds.

const PER_AXIS = FIELDS.filter(({ per_axis }) => per_axis);
const PADDING = FIELDS.find(({ kind }) => kind === "padding");
const SIDES = ["lo", "hi"];

/** Tell padding by numbers from padding by a name. */
const hasPads = (layer) => Array.isArray(layer.p);

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
    if (!PER_AXIS.every(({ key }) => sameOnAllAxes(layer[key]))) this.isAlike = false;
    if (hasPads(layer) && layer.p.some(([lo, hi]) => lo !== hi)) this.isUneven = true;
    const structure = JSON.stringify([layer.y.length, this.isAlike, this.isUneven, hasPads(layer) || layer.p]);
    if (structure !== this.structure) {
      const focused = document.activeElement?.id;
      this.structure = structure;
      this.form.innerHTML = this.html();
      if (focused) document.getElementById(focused)?.focus();
    }
    this.fill();
  }

  html() {
    const isPlane = this.layer.y.length > 1;
    const axes = ["one axis", "two axes"].map(
      (label, index) => `<label><input type="radio" name="ndim" id="ndim-${index + 1}" value="${index + 1}"> ${label}</label>`,
    );
    const alike = isPlane ? '<label title="A slider sets both axes"><input type="checkbox" id="alike"> the same on both axes</label>' : "";
    return (
      `<fieldset class="switches wide"><legend class="hidden">Spatial axes</legend>${axes.join("")}${alike}</fieldset>` +
      FIELDS.map((field) => this[`${field.kind}Html`](field)).join("")
    );
  }

  slidersHtml({ key, label, note, per_axis: isPerAxis, slider: [low, high] }) {
    const axes = isPerAxis && !this.isAlike ? range(this.layer.y.length) : [0];
    const inputs = axes.map((axis) => {
      const which = axes.length > 1 ? ` on axis ${axis}` : "";
      return `<input type="range" id="${key}-${axis}" min="${low}" max="${high}" aria-label="${label}${which}">`;
    });
    const small = note ? ` <small>${note}</small>` : "";
    return `<div class="row"><span class="name">${label}${small}</span><output id="${key}-value"></output>${inputs.join("")}</div>`;
  }

  paddingHtml(field) {
    const select = `<label class="field">${field.label} by <select id="padding">${optionsHtml(["numbers", ...field.choices])}</select></label>`;
    if (!hasPads(this.layer)) return select;
    const sides = this.isUneven ? SIDES : ["lo"];
    const rows = sides.map((side) => this.slidersHtml({ ...field, key: side, label: this.isUneven ? `padding ${side}` : "padding" }));
    return `${select}<div class="switches"><label><input type="checkbox" id="uneven"> lo and hi apart</label></div>${rows.join("")}`;
  }

  choiceHtml({ key, label, choices }) {
    return `<label class="field">${label} <select id="${key}">${optionsHtml(choices)}</select></label>`;
  }

  numbersHtml({ key, label: labels, slider: [low, high] }) {
    const input = (label, index) => `<label class="field">${label} <input type="number" id="${key}-${index}" min="${low}" max="${high}"></label>`;
    return labels.map(input).join("");
  }

  checkHtml({ key, label }) {
    return `<div class="switches"><label><input type="checkbox" id="${key}"> ${label}</label></div>`;
  }

  /** The layer's values into the elements. */
  fill() {
    const { layer } = this;
    for (const { key, kind, slider } of FIELDS) {
      if (kind === "sliders") this.fillSliders(key, [layer[key]].flat(), key === "a" && isCountedDown(valuesOf(layer)) ? [-slider[1], 0] : slider);
      else if (kind === "numbers") layer[key].forEach((value, index) => this.set(`${key}-${index}`, value));
      else if (kind === "choice") this.set(key, layer[key]);
      else if (kind === "check") this.check(key, layer[key]);
    }
    this.set("padding", hasPads(layer) ? "numbers" : layer.p);
    if (hasPads(layer)) SIDES.forEach((side, index) => this.fillSliders(side, layer.p.map((pair) => pair[index]), PADDING.slider));
    this.check(`ndim-${layer.y.length}`, true);
    this.check("alike", this.isAlike);
    this.check("uneven", this.isUneven);
  }

  find(id) {
    return this.form.querySelector(`#${id}`);
  }

  fillSliders(name, values, [low, high]) {
    values.forEach((value, axis) => {
      const slider = this.find(`${name}-${axis}`);
      if (!slider) return;
      slider.min = Math.min(low, value);
      slider.max = Math.max(high, value, document.activeElement === slider ? Number(slider.max) : high);
      slider.value = value;
    });
    const output = this.find(`${name}-value`);
    if (output) output.value = allEqual(values) ? values[0] : values.join(" × ");
  }

  /** Nothing is written into a box where a number is being typed. */
  set(id, value) {
    const element = this.find(id);
    if (document.activeElement === element && (element.type === "number" || element.value === String(value))) return;
    element.value = value;
  }

  check(id, isChecked) {
    const box = this.find(id);
    if (box) box.checked = Boolean(isChecked);
  }

  onInput(element) {
    const layer = structuredClone(this.layer);
    const [name, index] = element.id.split("-");
    if (element.type === "range") this.slide(layer, name, Number(index), Number(element.value));
    else if (element.type === "radio") setAxes(layer, Number(element.value));
    else if (name === "padding") setPadding(layer, element.value);
    else if (name === "alike") this.setAlike(layer, element.checked);
    else if (name === "uneven") this.setUneven(layer, element.checked);
    else if (element.type === "number") {
      if (!element.checkValidity() || !element.value) return;
      layer[name][Number(index)] = Number(element.value);
    } else layer[name] = element.type === "checkbox" ? element.checked : element.value;
    this.onChange(layer);
  }

  slide(layer, name, axis, value) {
    const isHere = (at) => this.isAlike || at === axis;
    const side = SIDES.indexOf(name);
    if (side >= 0) layer.p = layer.p.map((pair, at) => (isHere(at) ? pair.map((p, which) => (which === side || !this.isUneven ? value : p)) : pair));
    else layer[name] = Array.isArray(layer[name]) ? layer[name].map((old, at) => (isHere(at) ? value : old)) : value;
  }

  setAlike(layer, isAlike) {
    this.isAlike = isAlike;
    if (isAlike) for (const { key } of PER_AXIS) if (Array.isArray(layer[key])) layer[key] = layer[key].map(() => layer[key][0]);
  }

  setUneven(layer, isUneven) {
    this.isUneven = isUneven;
    if (!isUneven) layer.p = layer.p.map(([lo]) => [lo, lo]);
  }
}

const optionsHtml = (names) => names.map((name) => `<option>${name}</option>`).join("");
const sameOnAllAxes = (value) => !Array.isArray(value) || allEqual(value.map(String));

function setAxes(layer, ndim) {
  for (const { key } of PER_AXIS) {
    if (Array.isArray(layer[key])) layer[key] = range(ndim).map((axis) => layer[key][axis] ?? layer[key][0]);
  }
}

/** output_padding counts from s·o down for SAME: it starts at 0 again. */
function setPadding(layer, choice) {
  layer.p = choice === "numbers" ? layer.y.map(() => [0, 0]) : choice;
  layer.a = layer.a.map(() => 0);
}
