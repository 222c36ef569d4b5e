// Shows where the walk stands, what each arc is, and whether the reader found the wrong one; Python computed it all.

function render({ model, el }) {
  const table = model.get("table");
  const defect = () => table.defects[model.get("diagram") - 1];
  const drawn = (id) => (defect()?.arc === id ? defect().drawn : table.arcs[id].drawn);
  const say = (state) => {
    const name = table.dialects[model.get("names")][state];
    return name === table.unnamed ? `${name} (${state})` : name;
  };
  const arrow = (id) => `${say(table.arcs[id].before)} → ${say(table.arcs[id].after)}`;
  function put(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  }

  // The walk
  const taken = (steps) => (steps.at(-1)?.event ? `${steps.at(-1).before}-${steps.at(-1).after}` : "");
  function move(event, after) {
    const history = [...model.get("history"), { before: model.get("state"), event, after }];
    put({ history, state: after, chosen: taken(history) });
  }
  function undoOne() {
    const history = [...model.get("history")];
    const last = history.pop();
    if (last) put({ history, state: last.before, chosen: taken(history) });
  }
  function pick(id) {
    if (defect()) put({ chosen: id, guess: id });
    else if (table.arcs[id].before === model.get("state")) move(table.arcs[id].causes[0].label, table.arcs[id].after);
    else put({ chosen: id });
  }

  const select = (label, options, changed) => {
    const control = make("select", {}, options.map(([value, text]) => make("option", { value }, [text])));
    control.onchange = () => changed(control.value);
    return [make("label", {}, [make("span", {}, [label]), control]), control];
  };
  const button = (text, press) => make("button", { type: "button", onclick: press }, [text]);
  const [namesLabel, names] = select("Names of the states", Object.keys(table.dialects).map((name) => [name, name]),
    (name) => put({ names: name }));
  const puzzles = table.defects.map((_, at) => [at + 1, `Which arrow is wrong? ${at + 1} of ${table.defects.length}`]);
  const [diagramLabel, diagram] = select("Diagram", [[0, "as RFC 9293 has it"], ...puzzles],
    (number) => put({ diagram: Number(number), chosen: "", guess: "" }));
  const [listLabel, list] = select("Arrow", [], (chosen) => put({ chosen }));

  const told = make("p", { className: "tcpbook-told", aria: { live: "polite" } });
  const events = make("div", { className: "tcpbook-walk-events", role: "group", aria: { label: "Events" } });
  const abruptly = make("p");
  const abrupt = make("div", { className: "tcpbook-walk-events", role: "group", aria: { label: "Abrupt events" } });
  const undo = button("Undo", undoOne);
  const again = button("Start again", () => {
    const [first] = model.get("history");
    if (first) put({ state: first.before, history: [], chosen: "" });
  });
  const commit = button("This arrow is wrong", () => put({ guess: model.get("chosen") }));
  commit.className = "tcpbook-walk-commit";
  const steps = make("div", { className: "tcpbook-walk-steps" }, [events, abruptly, abrupt]);
  const history = make("p", { className: "tcpbook-walk-history" });
  const detail = make("div", { className: "tcpbook-walk-arc", tabIndex: 0, role: "group", aria: { label: "The arrow" } });

  // The graph; its arcs stand in the list as well
  const graph = make("div", { className: "tcpbook-walk-graph" });
  graph.innerHTML = model.get("svg"); // drawn by Python from the rules; nothing of the reader's is in it
  const desc = graph.querySelector("desc");
  const stand = (state) => defect() || state === model.get("state") || move("", state);
  const { nodes, twin } = pickNodes(graph, stand);
  const arcs = pickArcs(graph, pick).map((arc) => {
    const label = arc.querySelector("g");
    return { id: arc.dataset.arc, arc, label, labeled: label?.innerHTML };
  });

  function showTold() {
    const wrong = defect();
    const guess = model.get("guess");
    const tell = (first, rest) => told.replaceChildren(make("strong", {}, [first]), rest);
    if (!wrong) tell(say(model.get("state")), `: ${table.states[model.get("state")]}.`);
    else if (!guess) tell("One label is wrong.", " Click its arrow, or choose the arrow in the list and press the button.");
    else {
      const { stated } = table.arcs[guess];
      if (guess !== wrong.arc) tell("Not this one.", ` ${arrow(guess)} is right: ${drawn(guess)} (${stated}).`);
      else tell("Found.", ` ${arrow(guess)} should say ${wrong.right} (${stated}). ${wrong.why}`);
    }
  }

  function showWalk() {
    const state = model.get("state");
    const moves = model.get("history");
    const ways = Object.values(table.arcs).filter(({ before }) => before === state)
      .flatMap(({ after, causes }) => causes.map((cause) => ({ after, ...cause })));
    const [usual, sudden] = [false, true].map((abrupt) => ways.filter((way) => way.abrupt === abrupt));
    const go = ({ label, after }, text) => button(text, () => move(label, after));
    const focused = steps.contains(document.activeElement);
    events.replaceChildren(...usual.map((way) => go(way, `${way.label} → ${say(way.after)}`)));
    abrupt.replaceChildren(...sudden.map((way) => go(way, way.label)));
    abruptly.textContent = sudden.length ? `By reset, abort or timeout, to ${say(sudden[0].after)}:` : "";
    if (focused) events.firstChild.focus();
    for (const control of [undo, again]) control.ariaDisabled = !moves.length;
    const way = moves.map(({ event, after }) => ` — ${event.split(" / ")[0] || "put there"} → ${say(after)}`);
    history.textContent = moves.length ? `Your way: ${say(moves[0].before)}${way.join("")}` : "Your way begins here.";
  }

  function showDiagram() {
    const wrong = defect();
    const shown = Object.keys(table.arcs).filter((id) => !wrong || drawn(id)); // abrupt arcs bear no label
    const inWords = shown.map((id) => `${arrow(id)}: ${drawn(id) || "by reset, abort or timeout"}`);
    list.replaceChildren(make("option", { value: "" }, ["choose one"]),
      ...shown.map((id, at) => make("option", { value: id }, [inWords[at]])));
    desc.textContent = inWords.join("; ");
    for (const { id, label, labeled } of arcs) if (label) label.innerHTML = wrong?.arc === id ? wrong.label : labeled;
    el.firstChild.classList.toggle("tcpbook-walk-puzzle", Boolean(wrong));
    diagram.value = model.get("diagram");
    names.value = model.get("names");
  }

  function showGraph() {
    const state = model.get("state");
    const visited = new Set(model.get("history").map(({ before }) => before));
    const wrong = Boolean(defect());
    const named = table.dialects[model.get("names")];
    for (const node of [...nodes.values(), twin]) {
      const name = node.dataset.state;
      const marks = {
        current: !wrong && name === state,
        possible: !wrong && Boolean(table.arcs[`${state}-${name}`]?.drawn),
        visited: !wrong && name !== state && visited.has(name),
      };
      for (const [mark, on] of Object.entries(marks)) node.classList.toggle(`tcpbook-${mark}`, on);
      node.classList.toggle("tcpbook-noted", named[name] === table.unnamed);
      node.querySelector(".tcpbook-name tspan").textContent = named[name];
      node.querySelector(".tcpbook-note tspan").textContent = named[name] === table.unnamed ? `(${name})` : "";
      if (node === twin) continue;
      const said = [say(name), marks.visited && "visited", marks.possible && "one event away"];
      node.setAttribute("aria-label", said.filter(Boolean).join(", "));
      node.setAttribute("aria-pressed", marks.current);
      node.setAttribute("aria-disabled", wrong);
      node.setAttribute("tabindex", name === state ? 0 : -1);
    }
  }

  function showArc() {
    const chosen = model.get("chosen");
    const wrong = defect();
    list.value = chosen;
    commit.ariaDisabled = !chosen;
    for (const { id, arc } of arcs) arc.classList.toggle("tcpbook-lit", id === chosen);
    if (!chosen || (wrong && !(chosen === wrong.arc && model.get("guess") === chosen))) {
      detail.replaceChildren(make("p", {}, [wrong
        ? "The wrong arrow's rules stand here once you have found it."
        : "Take an event, click an arrow or choose one in the list: its rules stand here."]));
      return;
    }
    const { stated, link, causes, code, scenario, player } = table.arcs[chosen];
    detail.replaceChildren(
      make("p", {}, [make("strong", {}, [arrow(chosen)]), ": ", make("a", { href: link, target: "_blank", rel: "noopener" }, [stated])]),
      make("ul", {}, causes.map(({ label, why, section }) =>
        make("li", {}, [make("b", {}, [label]), `: ${why} `, make("small", {}, [`§${section}`])]))),
      make("p", {}, player
        ? [`A scenario takes it: ${scenario}. Play it with `, make("code", {}, [player])]
        : ["No scenario takes it yet."]),
      make("p", {}, ["Its rules, as they stand in ", make("code", {}, ["tcpbook/protocol/rules.py"]), ":"]),
      make("pre", {}, [code]),
    );
  }

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-walk" }, [
    make("div", { className: "tcpbook-walk-controls" }, [diagramLabel, namesLabel]),
    make("div", { className: "tcpbook-walk-controls" }, [listLabel, commit]),
    told, steps, make("div", { className: "tcpbook-walk-actions" }, [undo, again]), graph,
    make("p", { className: "tcpbook-walk-marks" },
      ["Filled: where you are. Dashed: one event away. ✓: visited. Events, arrows and states can be clicked."]),
    detail, history]));
  const undone = [
    keepKeys(el),
    follow(model, ["diagram", "names"], showDiagram),
    follow(model, ["diagram", "names", "state", "guess"], showTold),
    follow(model, ["names", "history", "state"], showWalk),
    follow(model, ["diagram", "names", "history", "state"], showGraph),
    follow(model, ["diagram", "names", "chosen", "guess"], showArc),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
