// Shows what Python computed for the chosen bits, state and conditions, and reports the choice.

function lookUp(table, chosen, state) {
  const counts = effective(table, chosen, state);
  const row = table.rows[table.where[[state, ...Object.values(counts)].join(" ")]];
  const column = table.matters.reduce((sum, bit, place) => sum + (chosen.flags & bit ? 1 << place : 0), 0);
  return table.answers[row[column]];
}

// What counts in a state: where a choice means nothing, the first that does, or else the default.
function effective(table, chosen, state) {
  const closed = table.disabled[state];
  return Object.fromEntries(Object.entries(table.conditions).map(([name, choices]) => {
    const keys = Object.keys(choices);
    const counts = chosen[name] in closed[name] ? keys.find((key) => !(key in closed[name])) ?? keys[0] : chosen[name];
    return [name, counts];
  }));
}

const LABELS = { seq: "SEQ", ack: "ACK", opened: "Opened", rfc5961: "RFC 5961" };

function render({ model, el }) {
  const table = model.get("table");
  const states = table.states.map(([state]) => state);
  const names = Object.keys(table.conditions);
  const chosen = () => Object.fromEntries(["flags", ...names].map((trait) => [trait, model.get(trait)]));
  function put(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  }

  // The bits, and what the combination amounts to
  const toggles = table.flags.map(([name, bit, meaning]) => {
    const button = make("button", { type: "button", title: meaning, aria: { label: name } }, [name]);
    button.onclick = () => put({ flags: model.get("flags") ^ bit });
    return [button, bit];
  });
  const bits = make("div", { className: "tcpbook-lab-bits", role: "group", aria: { label: "Control bits" } },
    toggles.map(([button]) => button));
  const word = make("p", { className: "tcpbook-lab-word" });
  const verdict = make("p", { className: "tcpbook-lab-verdict" });

  // The state and the conditions
  const select = (label, options, changed) => {
    const control = make("select", { aria: { label } }, options.map(([value, text]) => make("option", { value }, [text])));
    control.onchange = () => changed(control.value);
    return [make("label", {}, [make("span", {}, [label]), control]), control];
  };
  const [stateLabel, stateControl] = select("State", states.map((state) => [state, state]), (state) => put({ state }));
  const conditions = names.map((name) =>
    select(LABELS[name], Object.entries(table.conditions[name]), (value) => put({ [name]: value })));
  const controls = make("div", { className: "tcpbook-lab-controls" },
    [stateLabel, ...conditions.map(([label]) => label)]);
  const reasons = make("p", { className: "tcpbook-lab-reasons" });

  // The answer
  const answer = make("p", { className: "tcpbook-told", aria: { live: "polite" } });
  const why = make("ol", { className: "tcpbook-lab-why", aria: { label: "The rules that fired" } });
  const sendIt = make("button", { type: "button" }, ["Send it"]);
  const undo = make("button", { type: "button" }, ["Undo"]);
  const everywhere = make("input", { type: "checkbox" });
  const actions = make("div", { className: "tcpbook-lab-actions" },
    [sendIt, undo, make("label", {}, [everywhere, " All states at once"])]);
  const history = make("ol", { className: "tcpbook-lab-history" });
  sendIt.onclick = () => {
    const state = model.get("state");
    const { after } = lookUp(table, chosen(), state);
    const step = { state, flags: model.get("flags"), opened: model.get("opened"), after };
    put({ opened: effective(table, chosen(), state).opened, history: [...model.get("history"), step], state: after });
  };
  undo.onclick = () => {
    const steps = [...model.get("history")];
    const last = steps.pop();
    if (last) put({ state: last.state, flags: last.flags, opened: last.opened, history: steps });
  };
  everywhere.onchange = () => put({ everywhere: everywhere.checked });

  // The graph
  const graph = make("div", { className: "tcpbook-lab-graph" });
  graph.innerHTML = model.get("svg"); // drawn by Python from the rules; nothing of the reader's is in it
  const { nodes, twin } = pickNodes(graph, (state) => put({ state }));
  const arcs = [...graph.querySelectorAll("[data-arc]")];

  function showBits() {
    const flags = model.get("flags");
    for (const [button, bit] of toggles) button.setAttribute("aria-pressed", Boolean(flags & bit));
    const set = table.flags.filter(([, bit]) => flags & bit).map(([name]) => name).reverse();
    const byte = (flags & 255).toString(2).padStart(8, "0");
    word.textContent = `${set.join(",") || "none"}: ${byte.slice(0, 4)} ${byte.slice(4)} = 0x${(flags & 255)
      .toString(16).padStart(2, "0")}${flags & 256 ? ", and AE in the byte before" : ""}`;
    const [kind, reason, section] = table.verdicts[table.verdict[flags]];
    verdict.replaceChildren(make("strong", {}, [kind]), `. ${reason} (${section.startsWith("RFC") ? "" : "§"}${section})`);
  }

  function showConditions() {
    const state = model.get("state");
    const counts = effective(table, chosen(), state);
    const closed = table.disabled[state];
    const told = new Set();
    stateControl.value = state;
    names.forEach((name, place) => {
      const control = conditions[place][1];
      const noAck = name === "ack" && !(model.get("flags") & table.ack);
      for (const option of control.options) option.disabled = option.value in closed[name];
      control.disabled = noAck || [...control.options].every((option) => option.disabled);
      control.value = counts[name];
      const why = noAck ? ["the ACK bit is off"] : Object.values(closed[name]);
      if (why.length) told.add(`${LABELS[name]}: ${why[0]}`);
      control.title = why[0] ?? "";
    });
    reasons.textContent = told.size ? `Without a choice here: ${[...told].join("; ")}.` : "";
  }

  function showAnswer() {
    const state = model.get("state");
    const { after, reply, rules } = lookUp(table, chosen(), state);
    answer.replaceChildren(
      make("strong", {}, [after === state ? `${state} stays` : `${state} → ${after}`]),
      reply.length ? ", and replies " : ", and sends nothing.",
      ...reply.map((segment) => make("code", {}, [segment])),
    );
    why.replaceChildren(...listRules(rules.map((number) => table.rules[number])));
  }

  function showGraph() {
    const state = model.get("state");
    const all = model.get("everywhere");
    const choice = chosen();
    const target = lookUp(table, choice, state).after;
    const lit = new Set();
    for (const [name, node] of nodes) {
      const { after, note } = lookUp(table, choice, name);
      if (all || name === state) lit.add(`${name}-${after}`);
      node.setAttribute("aria-label", all ? `${name}: ${note}` : name);
      node.setAttribute("aria-pressed", name === state);
      node.setAttribute("tabindex", name === state ? 0 : -1);
      for (const each of name === twin.dataset.state ? [node, twin] : [node]) {
        each.classList.toggle("tcpbook-current", name === state);
        each.classList.toggle("tcpbook-possible", name === target && name !== state);
        each.classList.toggle("tcpbook-noted", all);
        const lines = all ? note.split(", ") : [];
        each.querySelectorAll(".tcpbook-note tspan").forEach((line, at) => { line.textContent = lines[at] ?? ""; });
      }
    }
    for (const arc of arcs) arc.classList.toggle("tcpbook-lit", lit.has(arc.dataset.arc));
    everywhere.checked = all;
  }

  function showHistory() {
    const steps = model.get("history");
    undo.ariaDisabled = !steps.length;
    const spell = (flags) => table.flags.filter(([, bit]) => flags & bit).map(([name]) => name).reverse().join(",") || "none";
    history.replaceChildren(...steps.map(({ state, flags, after }) =>
      make("li", {}, [`${state} received ${spell(flags)}: ${after === state ? "stayed" : `→ ${after}`}`])));
  }

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-lab" },
    [bits, word, verdict, controls, reasons, actions, answer, graph, why, history]));
  const choices = ["flags", "state", ...names];
  const undone = [
    keepKeys(el),
    follow(model, ["flags"], showBits),
    follow(model, choices, showConditions),
    follow(model, choices, showAnswer),
    follow(model, [...choices, "everywhere"], showGraph),
    follow(model, ["history"], showHistory),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
