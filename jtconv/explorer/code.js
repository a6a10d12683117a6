// Code to paste, one framework at a time. FRAMEWORKS has the title and the first lines of each.

class CodePanel {
  constructor() {
    this.tabs = document.getElementById("frameworks");
    this.panel = document.getElementById("snippet");
    this.chosen = "jtconv";
    for (const [name, [title]] of Object.entries(FRAMEWORKS)) {
      const tab = document.createElement("button");
      Object.assign(tab, { type: "button", id: `tab-${name}`, textContent: title });
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", "snippet");
      tab.addEventListener("click", () => this.choose(name));
      this.tabs.append(tab);
    }
    this.tabs.addEventListener("keydown", (event) => this.onKey(event));
    this.panel.addEventListener("click", (event) => event.target.closest("#copy") && this.copy());
  }

  choose(name) {
    this.chosen = name;
    this.show(this.words);
  }

  onKey(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const names = Object.keys(FRAMEWORKS);
    this.choose(names[$py.mod(names.indexOf(this.chosen) + step, names.length)]);
    document.getElementById(`tab-${this.chosen}`).focus();
  }

  show(words) {
    this.words = words;
    write(this.panel, this.html(words[this.chosen]));
    const shown = JSON.stringify([this.chosen, Object.values(words).map((said) => Boolean(said.call))]);
    if (shown === this.shown) return;
    this.shown = shown;
    for (const [name, [title]] of Object.entries(FRAMEWORKS)) {
      const tab = document.getElementById(`tab-${name}`);
      const isChosen = name === this.chosen;
      tab.setAttribute("aria-selected", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      tab.classList.toggle("none", !words[name].call);
      tab.setAttribute("aria-label", words[name].call ? title : `${title}: not possible`);
    }
    this.panel.setAttribute("aria-labelledby", `tab-${this.chosen}`);
  }

  html({ call: text, kernelShape, kernelReversed, reason }) {
    const [title, before] = FRAMEWORKS[this.chosen];
    if (!text) return `<p><b>${title} cannot express this layer:</b> ${escaped(reason)}.</p>`;
    const turned = kernelReversed ? ", reversed on each spatial axis" : "";
    return (
      `<pre><code>${escaped(before + text)}</code></pre><div class="beside">` +
      `<button type="button" id="copy">Copy</button><span class="note">Its kernel: (${kernelShape.join(", ")})${turned}</span></div>`
    );
  }

  async copy() {
    const text = this.panel.querySelector("code").textContent;
    const button = document.getElementById("copy");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(this.panel.querySelector("code")); // to be copied by hand
      button.textContent = "Selected";
    }
  }
}
