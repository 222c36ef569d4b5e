// Keeps the widgets of a static page alive. Each is an anywidget: its module, its style and its traits stand in the page
// as JSON, and there is no Python that a message could reach.

const NEEDS_PYTHON = "This needs the running book: open the chapter in JupyterLab and run its cells.";

class Model extends EventTarget {
  constructor(traits, send) {
    super();
    this.traits = traits;
    this.send = send;
  }
  get(trait) { return this.traits[trait]; }
  set(trait, value) {
    if (JSON.stringify(value) === JSON.stringify(this.traits[trait])) return;
    this.traits[trait] = value;
    this.dispatchEvent(new Event(`change:${trait}`));
  }
  save_changes() {}
  on(events, listener) { for (const event of events.split(" ")) this.addEventListener(event, listener); }
  off(events, listener) { for (const event of events.split(" ")) this.removeEventListener(event, listener); }
}

const modules = new Map(); // by their text; the first widget of a kind brings the style
function load({ _esm, _css }) {
  if (!modules.has(_esm)) {
    document.head.append(Object.assign(document.createElement("style"), { textContent: _css }));
    modules.set(_esm, import(URL.createObjectURL(new Blob([_esm], { type: "text/javascript" }))));
  }
  return modules.get(_esm);
}

// Puts the widget before its static twin, which book.css then keeps for paper.
async function enliven(twin, traits) {
  const { default: widget } = await load(traits);
  const el = document.createElement("div");
  const told = Object.assign(document.createElement("p"), { role: "status" });
  const alive = Object.assign(document.createElement("div"), { className: "tcpbook-alive" });
  alive.append(el, told);
  twin.before(alive);
  widget.render({ model: new Model(traits, () => { told.textContent = NEEDS_PYTHON; }), el });
}

const states = document.querySelector('[type="application/vnd.jupyter.widget-state+json"]');
if (states) {
  const { state } = JSON.parse(states.textContent);
  for (const twin of document.querySelectorAll("[data-model]")) enliven(twin, state[twin.dataset.model].state);
}

// Paper is light.
const { dataset } = document.documentElement;
let theme;
addEventListener("beforeprint", () => { theme = dataset.theme; dataset.theme = "light"; });
addEventListener("afterprint", () => { dataset.theme = theme; });
