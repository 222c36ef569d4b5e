// Shared by all views: Python puts this text before the view's own module.

// Builds an element; children that are strings become text, never markup.
function make(tag, properties = {}, children = []) {
  const { aria = {}, data = {}, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  Object.assign(node.dataset, data);
  node.append(...children);
  return node;
}

// JupyterLab takes letters and arrows pressed in an output for its own (the attribute turns that off)
// and on any other key moves the focus to the active cell (it never hears of the key).
function keepKeys(el) {
  el.dataset.lmSuppressShortcuts = "true";
  const keep = (event) => event.stopPropagation();
  el.addEventListener("keydown", keep);
  return () => el.removeEventListener("keydown", keep);
}

// Calls `show` now and whenever one of the traits changes; returns what undoes it.
function follow(model, traits, show) {
  const event = traits.map((trait) => `change:${trait}`).join(" ");
  model.on(event, show);
  show();
  return () => model.off(event, show);
}
