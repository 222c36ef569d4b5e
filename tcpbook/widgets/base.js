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

// Calls `show` now and after traits have changed, once for all that change together; returns what undoes it.
function follow(model, traits, show) {
  const event = traits.map((trait) => `change:${trait}`).join(" ");
  let due = false;
  const soon = () => {
    if (!due) queueMicrotask(() => { due = false; show(); });
    due = true;
  };
  model.on(event, soon);
  show();
  return () => model.off(event, soon);
}

// One end of a connection: its state, its variables, and its state graph, which Python drew.
function makeEnd(name, variables, svg) {
  const state = make("strong");
  const cells = variables.map(() => make("td"));
  const rows = variables.map((variable, row) =>
    make("tr", {}, [make("th", { scope: "row" }, [variable]), cells[row]]));
  const graph = make("div");
  graph.innerHTML = svg;
  const picture = graph.firstElementChild;
  picture.setAttribute("role", "img");
  picture.removeAttribute("aria-labelledby"); // the other end's graph has the same ids
  picture.querySelectorAll("title, desc").forEach((words) => words.remove());
  const nodes = [...graph.querySelectorAll("[data-state]")];
  const arcs = [...graph.querySelectorAll("[data-arc]")];
  function show(end) {
    state.textContent = end.state;
    picture.setAttribute("aria-label", `State graph of ${name}: ${end.state}`);
    for (const node of nodes) node.classList.toggle("tcpbook-current", node.dataset.state === end.state);
    for (const arc of arcs) arc.classList.toggle("tcpbook-lit", arc.dataset.arc === end.arc);
    cells.forEach((cell, row) => {
      cell.textContent = end.values[row];
      cell.classList.toggle("tcpbook-changed", end.changed.includes(row));
    });
  }
  return {
    show,
    title: make("p", {}, [`${name}: `, state]),
    body: make("div", { className: "tcpbook-end" }, [make("table", {}, [make("tbody", {}, rows)]), graph]),
  };
}

// Makes the states of a state graph buttons, walked by arrow keys: `pick` gets a state's name. Returns its nodes by
// name, and CLOSED's second one, which follows the first.
function pickNodes(graph, pick) {
  const all = [...graph.querySelectorAll("[data-state]")];
  const twin = graph.querySelector("[data-twin]");
  const nodes = new Map(all.filter((node) => node !== twin).map((node) => [node.dataset.state, node]));
  const states = [...nodes.keys()];
  twin.setAttribute("aria-hidden", true);
  for (const node of all) node.addEventListener("click", () => pick(node.dataset.state));
  for (const [state, node] of nodes) {
    node.setAttribute("role", "button");
    node.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (by) nodes.get(states.at((states.indexOf(state) + by) % states.length)).focus();
      else if (event.key === "Enter" || event.key === " ") pick(state);
      else return;
      event.preventDefault();
    });
  }
  return { nodes, twin };
}

// Lets the arcs of a state graph be clicked: `pick` gets an arc's id. Returns the arcs.
function pickArcs(graph, pick) {
  const arcs = [...graph.querySelectorAll("[data-arc]")];
  for (const arc of arcs) {
    const wide = arc.querySelector("path").cloneNode(); // thin lines are hard to hit
    wide.setAttribute("class", "tcpbook-hit");
    wide.dataset.along = arc.dataset.arc;
    arc.parentNode.prepend(wide); // below all that is seen
    for (const part of [arc, wide]) part.addEventListener("click", () => pick(arc.dataset.arc));
  }
  return arcs;
}

// The rules that fired, as list items.
function listRules(rules) {
  return rules.map(([check, why, section]) =>
    make("li", {}, [make("b", {}, [check]), `: ${why} `, make("small", {}, [`§${section}`])]));
}
