// Shows the socket table that Python read, and asks for the next one: never two at a time, never unseen.

const PERIOD_MS = 1000;
const PATIENCE_MS = 1500; // then the reader is told that the kernel is busy

// Text whose commands stand between backticks.
const marked = (text) => text.split("`").map((part, at) => (at % 2 ? make("code", {}, [part]) : part));

function render({ model, el }) {
  const me = Math.random(); // an answer to another display is not ours
  let waiting = false;
  let next = null;
  let seen = false;
  let timer = null;
  let impatience = null;

  function put(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  }
  function ask(message) {
    if (waiting) {
      if (!message.look) next = message; // a look is on its way anyhow
      return;
    }
    waiting = true;
    impatience = setTimeout(() => { status.textContent = "Waiting for the kernel, which is busy."; }, PATIENCE_MS);
    model.send({ ...message, from: me });
  }
  function schedule() {
    clearTimeout(timer);
    if (model.get("live") && seen && !document.hidden && !waiting) timer = setTimeout(() => ask({ look: true }), PERIOD_MS);
  }
  function hear() {
    const view = model.get("view");
    if (waiting && view.to === me) {
      waiting = false;
      clearTimeout(impatience);
      if (next) {
        const message = next;
        next = null;
        ask(message);
      }
    }
    if (model.get("live") && view.errors.look) put({ live: false });
    schedule();
  }

  const button = (label, onclick) => make("button", { type: "button", onclick }, [label]);

  // The graph: each state is a button that leaves only its rows
  const graph = make("div", { className: "tcpbook-sockets-graph" });
  graph.innerHTML = model.get("graph"); // drawn by Python from the rules
  const picture = graph.firstElementChild;
  picture.removeAttribute("aria-labelledby"); // another display's graph has the same ids
  picture.setAttribute("aria-label", "Sockets by state");
  picture.querySelectorAll("title, desc").forEach((words) => words.remove());
  const choose = (state) => put({ chosen: model.get("chosen") === state ? "" : state });
  const { nodes, twin } = pickNodes(graph, choose);
  const names = [...nodes.keys()];

  // The question
  const guess = make("select", {}, [make("option", { value: "" }, ["choose one"]),
    ...names.map((state) => make("option", { value: state }, [state]))]);
  guess.onchange = () => { commit.ariaDisabled = !guess.value; };
  const commit = button("Look", () => guess.value && !model.get("guess") && ask({ guess: guess.value }));
  const told = make("p", { className: "tcpbook-sockets-told", aria: { live: "polite" } });
  const question = make("div", { className: "tcpbook-sockets-question" }, [
    make("label", {}, [make("strong", {}, ["Predict: "]), model.get("question"), " ", guess]), commit, told]);

  // When to look
  const again = button("Look again", () => ask({ look: true }));
  const live = make("input", { type: "checkbox" });
  live.onchange = () => put({ live: live.checked });
  const status = make("span", { className: "tcpbook-sockets-status" });
  const error = make("p", { className: "tcpbook-error", role: "alert" });
  const controls = make("div", { className: "tcpbook-sockets-controls" },
    [again, make("label", {}, [live, " every second"]), status]);

  // What it means
  const summary = make("p");
  const findings = make("ul");
  const meaning = make("div", { className: "tcpbook-sockets-meaning", role: "group", tabIndex: 0, aria: { label: "What stands out" } },
    [summary, findings]);

  // The table
  const caption = make("span");
  const everything = button("All states", () => put({ chosen: "" }));
  const body = make("tbody");
  const region = make("div", { className: "tcpbook-sockets-table", role: "group", tabIndex: 0, aria: { label: "Sockets" } }, [
    make("table", {}, [
      make("thead", {}, [make("tr", {}, model.get("heads").map((head) => make("th", { scope: "col" }, [head])))]), body])]);

  // Another machine's table
  const text = make("textarea", { rows: 4, spellcheck: false, aria: { label: "A socket table as text" } });
  const wrong = make("p", { className: "tcpbook-error", role: "alert" });
  const read = button("Read it", () => { put({ live: false }); ask({ paste: text.value }); });
  const paste = make("details", {}, [
    make("summary", {}, ["Read another machine's table: paste what ss -tan or netstat -an printed"]), text, read, wrong]);

  function show() {
    const view = model.get("view");
    const counts = new Map(view.counts);
    const chosen = model.get("chosen");
    const asked = Boolean(model.get("guess"));
    guess.value = model.get("guess") || guess.value;
    guess.disabled = asked;
    commit.ariaDisabled = asked || !guess.value;
    for (const control of [again, live]) control.disabled = !asked;
    live.checked = model.get("live");
    if (told.textContent !== view.told) told.textContent = view.told;
    if (!waiting || !status.textContent) status.textContent = view.source;
    for (const [place, key] of [[error, "look"], [wrong, "paste"]]) {
      const said = view.errors[key] ?? "";
      if (place.textContent !== said) place.textContent = said;
    }

    for (const node of [...nodes.values(), twin]) {
      const state = node.dataset.state;
      const count = counts.get(state) ?? 0;
      node.classList.toggle("tcpbook-noted", count > 0);
      node.classList.toggle("tcpbook-current", chosen === state);
      node.querySelector(".tcpbook-note tspan").textContent = count || "";
      node.setAttribute("aria-label", `${state}: ${count}`);
      node.setAttribute("aria-pressed", chosen === state);
      if (nodes.get(state) === node) node.setAttribute("tabindex", state === (chosen || names[0]) ? 0 : -1);
    }

    const said = view.summary || "What stands out will be told here.";
    if (summary.textContent !== said) summary.textContent = said;
    findings.replaceChildren(...view.findings.map(([name, where, means, remedy, section]) => make("li", {}, [
      make("strong", {}, [name]), `: ${where}. ${means} `, make("em", {}, ["What to do: "]), ...marked(remedy), " ",
      make("small", {}, [section])])));

    const parts = view.rows.filter(([state]) => !chosen || state === chosen);
    const total = chosen ? counts.get(chosen) ?? 0 : [...counts.values()].reduce((sum, count) => sum + count, 0);
    const counted = `${chosen || "All states"}: ${total} ${total === 1 ? "socket" : "sockets"}`;
    caption.textContent = view.source ? counted : "Guess first, then look.";
    everything.ariaDisabled = !chosen;
    body.replaceChildren(...parts.flatMap(([state, rows]) => {
      const more = counts.get(state) - rows.length;
      const lines = rows.map((row) => make("tr", {}, [state, ...row].map((part) => make("td", {}, [part]))));
      if (more) lines.push(make("tr", {}, [make("td", { colSpan: 6 }, [`… and ${more} more in ${state}`])]));
      return lines;
    }));
  }

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-sockets" }, [question, controls, error,
    make("div", { className: "tcpbook-sockets-sides" }, [graph, make("div", {}, [meaning])]),
    make("div", { className: "tcpbook-sockets-controls" }, [caption, everything]), region, paste]));
  const observer = new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting;
    schedule();
  });
  observer.observe(el);
  document.addEventListener("visibilitychange", schedule);
  const undone = [
    keepKeys(el),
    () => observer.disconnect(),
    () => document.removeEventListener("visibilitychange", schedule),
    () => { clearTimeout(timer); clearTimeout(impatience); },
    follow(model, ["view"], hear),
    follow(model, ["view", "chosen", "guess", "live"], show),
    follow(model, ["live"], schedule),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
