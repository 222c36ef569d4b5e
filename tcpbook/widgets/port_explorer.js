// Draws the line of ports and searches the registry that Python sent; only opening connections asks the kernel.

const WIDTH = 700; // units of the picture; the line itself keeps EDGE free at both sides
const EDGE = 8;
const PICKS = 30; // the heights where the parts of the picture begin
const BAND = 34;
const BAR = 58;
const AXIS = 80;
const NAMES = 104;
const BOTTOM = 200;
const NAMED = 10; // from how many units a port on, its name has room
const FLAG = 48; // the width of the chosen port's number
const LISTED = 100; // results on show

function drawPart(parent, tag, attributes, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  parent.append(node);
  return node;
}

// The registry: a line is port, name and description; they are in order of port.
function readRegistry(text) {
  return text.split("\n").map((line) => {
    const [port, name, words] = line.split("\t");
    return { port: Number(port), name, words, sought: `${port} ${name} ${words}`.toLowerCase() };
  });
}

// Rows that hold every word; those that are it exactly come first.
function searchRegistry(rows, query) {
  const whole = query.trim().toLowerCase();
  const words = whole.split(/\s+/).filter(Boolean);
  const found = words.length ? rows.filter(({ sought }) => words.every((word) => sought.includes(word))) : [];
  const exact = ({ port, name }) => String(port) === whole || name.toLowerCase() === whole;
  return [...found.filter(exact), ...found.filter((row) => !exact(row))];
}

function render({ model, el }) {
  const { ranges, closest, counts } = model.get("table");
  const rows = readRegistry(model.get("registered"));
  const all = ranges.at(-1).last + 1;
  const rangeOf = (port) => ranges.find(({ last }) => port <= last);
  const rowsOf = (port) => rows.filter((row) => row.port === port);
  const inWords = ({ name, words }) => [name, words].filter(Boolean).join(": ");
  function put(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  }

  // What is in view
  const span = () => model.get("last") - model.get("first") + 1;
  const inView = (port) => port !== null && model.get("first") <= port && port <= model.get("last");
  function look(middle, wide) {
    const width = Math.max(closest, Math.min(all, Math.round(wide)));
    const first = Math.max(0, Math.min(all - width, Math.round(middle - width / 2)));
    return { first, last: first + width - 1 };
  }
  const middle = () => (model.get("first") + model.get("last") + 1) / 2;
  const zoom = (factor) => put(look(inView(model.get("port")) ? model.get("port") : middle(), span() / factor));
  const pan = (part) => put(look(middle() + part * span(), span()));
  const choose = (port) => put({ port, ...(inView(port) ? {} : look(port, span())) });

  // Search
  const button = (label, onclick, name = label) =>
    make("button", { type: "button", onclick, aria: { label: name } }, [label]);
  const search = make("input", { type: "text", autocomplete: "off", spellcheck: false, placeholder: "443, ssh, mail transfer …" });
  const counted = make("span", { className: "tcpbook-ports-count", aria: { live: "polite" } });
  const results = make("ul", { className: "tcpbook-ports-results", aria: { label: "Results" } });
  search.oninput = () => put({ query: search.value });
  search.onkeydown = (event) => { if (event.key === "Enter") results.querySelector("button")?.click(); };

  // Where to look
  const places = ranges.map(({ name, first, last }) => button(`${name} ${first}–${last}`, () => put({ first, last })));
  places.forEach((place, at) => place.classList.add(`tcpbook-ports-${ranges[at].name}`));
  const own = button("kernel's range", () => {
    const { first, last } = model.get("here");
    put(look((first + last + 1) / 2, last - first + 1));
  });
  const [closer, wider, left, right] = [
    button("+", () => zoom(4), "Zoom in"), button("−", () => zoom(1 / 4), "Zoom out"),
    button("◀", () => pan(-1 / 2), "Lower ports"), button("▶", () => pan(1 / 2), "Higher ports")];
  const whole = button("whole line", () => put(look(0, all)));

  // The line
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${BOTTOM + 4}`);
  svg.setAttribute("aria-hidden", true);
  const line = make("div", { className: "tcpbook-ports-line", role: "group", tabIndex: 0 }, [svg]);
  line.onkeydown = (event) => {
    const act = {
      "+": () => zoom(4), "=": () => zoom(4), "-": () => zoom(1 / 4), Home: () => put(look(0, all)),
      ArrowLeft: () => pan(-1 / 8), ArrowRight: () => pan(1 / 8), PageUp: () => pan(-1), PageDown: () => pan(1),
    }[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  };
  line.onclick = (event) => {
    const box = svg.getBoundingClientRect();
    const along = ((event.clientX - box.left) / box.width * WIDTH - EDGE) / (WIDTH - 2 * EDGE);
    choose(Math.max(0, Math.min(all - 1, Math.floor(model.get("first") + along * span()))));
  };
  const legend = make("p", { className: "tcpbook-ports-keys" });
  const told = make("p", { className: "tcpbook-told", aria: { live: "polite" } });

  // The question, and the connections
  const guesses = ranges.map(({ name }) => button(name, () => model.get("guess") || put({ guess: name })));
  const lies = make("p", { className: "tcpbook-ports-here", aria: { live: "polite" } });
  const count = make("select", { aria: { label: "Connections" } }, counts.map((n) => make("option", { value: n, selected: n === 8 }, [String(n)])));
  const open = button("Open connections", () => {
    model.send({ connect: Number(count.value) });
    said.textContent = "Asked Python: no answer comes while it is busy, or once it has gone.";
  });
  const said = make("p", { className: "tcpbook-ports-said", aria: { live: "polite" } });

  function showResults() {
    const query = model.get("query");
    const found = searchRegistry(rows, query);
    const number = /^\s*\d{1,5}\s*$/.test(query) && Number(query) < all ? Number(query) : null;
    const bare = number !== null && found[0]?.port !== number;
    const listed = [...(bare ? [{ port: number, name: "", words: rangeOf(number).absent }] : []), ...found.slice(0, LISTED)];
    if (search.value !== query) search.value = query;
    results.replaceChildren(...listed.map((row) =>
      make("li", {}, [button(`${row.port} ${inWords(row)}`, () => choose(row.port))])));
    if (!listed.length) {
      results.append(make("li", {}, [query.trim() ? "No TCP entry holds all of these words." : "What you search for is listed here."]));
    }
    const more = found.length > LISTED ? `, the first ${LISTED} listed` : "";
    counted.textContent = query.trim() ? `${found.length} TCP ${found.length === 1 ? "entry" : "entries"}${more}` : "";
  }

  function showLine() {
    const [first, last] = [model.get("first"), model.get("last")];
    const unit = (WIDTH - 2 * EDGE) / span();
    const x = (port) => EDGE + (port - first) * unit;
    const cut = (port) => Math.max(first, Math.min(last + 1, port));
    const label = (from, to, y, texts) => {
      const text = texts.find((each) => each.length * 7 < (cut(to) - cut(from)) * unit);
      if (text) drawPart(svg, "text", { x: x((cut(from) + cut(to)) / 2), y, class: "tcpbook-ports-label" }, text);
    };
    const box = (from, to, y, height, name) => cut(from) < cut(to) && drawPart(svg, "rect",
      { x: x(cut(from)), y, width: (cut(to) - cut(from)) * unit, height, class: name });
    svg.replaceChildren();
    const { first: low, last: high } = model.get("here");
    if (model.get("guess")) {
      box(low, high + 1, BAND, 20, "tcpbook-ports-own");
      label(low, high + 1, BAND + 10, [`the kernel's range, ${low}–${high}`, `${low}–${high}`]);
    } else {
      drawPart(svg, "text", { x: WIDTH / 2, y: BAND + 8, class: "tcpbook-ports-label" }, "Your kernel's range and picks stand here once you have guessed.");
    }
    for (const { name, first: from, last: to } of ranges) {
      box(from, to + 1, BAR, AXIS - BAR, `tcpbook-ports-${name}`);
      label(from, to + 1, (BAR + AXIS) / 2, [`${name}, ${from}–${to}`, name]);
    }
    showAxis(x);
    showRegistered(x, unit);
    const picks = model.get("picks");
    picks.forEach((port, at) => inView(port) && drawPart(svg, "line", {
      x1: x(port + 0.5), x2: x(port + 0.5), y1: at < picks.length - model.get("answer").newest ? PICKS - 14 : 4, y2: PICKS + 4,
      class: at < picks.length - model.get("answer").newest ? "tcpbook-ports-older" : "tcpbook-ports-pick" }));
    const port = model.get("port");
    if (inView(port)) {
      const at = x(port + 0.5);
      drawPart(svg, "path", { d: `M${at},${BAR}l-5,-7h10z` });
      if (unit < NAMED) drawPart(svg, "line", { x1: at, x2: at, y1: NAMES - 4, y2: BOTTOM, class: "tcpbook-ports-chosen" });
      const text = Math.max(FLAG / 2, Math.min(WIDTH - FLAG / 2, at));
      drawPart(svg, "rect", { x: text - FLAG / 2, y: AXIS + 3, width: FLAG, height: 17, class: "tcpbook-ports-flag" });
      drawPart(svg, "text", { x: text, y: AXIS + 12, class: "tcpbook-ports-number" }, port);
    }
    const seen = picks.filter(inView).length;
    line.setAttribute("aria-label", `Ports ${first} to ${last}${seen ? `, ${seen} picked by the kernel` : ""}`);
    closer.ariaDisabled = span() <= closest;
    wider.ariaDisabled = whole.ariaDisabled = span() === all;
    left.ariaDisabled = first === 0;
    right.ariaDisabled = last === all - 1;
  }

  function showAxis(x) {
    const rough = span() / 7;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((each) => each >= rough);
    for (let port = Math.ceil(model.get("first") / step) * step; port <= model.get("last"); port += step) {
      const at = x(port + (step < 100 ? 0.5 : 0));
      drawPart(svg, "line", { x1: at, x2: at, y1: AXIS, y2: AXIS + 5, class: "tcpbook-ports-tick" });
      const chosen = inView(model.get("port")) ? x(model.get("port") + 0.5) : -WIDTH;
      if (Math.abs(at - chosen) < FLAG) continue; // the chosen port's number stands there
      drawPart(svg, "text", { x: at, y: AXIS + 12, class: "tcpbook-ports-label" }, port);
    }
  }

  // Close by, the first name of each port; from afar, the share of ports that have a name.
  function showRegistered(x, unit) {
    const [first, last] = [model.get("first"), model.get("last")];
    const here = rows.filter(({ port }) => first <= port && port <= last);
    const height = BOTTOM - NAMES;
    const near = unit >= NAMED;
    legend.textContent = `${near ? "Below the line: each port's first TCP name." : "Bars: the share of ports with a TCP name; full height is all."} `
      + "Keys on the line: ← → move, + − zoom, Home shows all.";
    if (near) {
      let before = -1;
      for (const { port, name, words } of here) {
        if (port === before) continue;
        before = port;
        const at = x(port + 0.5);
        const style = ["name", !name && "nameless", port === model.get("port") && "named"].filter(Boolean);
        drawPart(svg, "text", { x: at, y: NAMES, transform: `rotate(90 ${at} ${NAMES})`,
          class: style.map((each) => `tcpbook-ports-${each}`).join(" ") }, (name || `(${words})`).slice(0, 16));
      }
      return;
    }
    const wide = Math.max(1, Math.ceil(2 / unit)); // ports a bar
    const bars = new Map();
    for (const port of new Set(here.filter(({ name }) => name).map(({ port }) => port))) {
      const bar = Math.floor((port - first) / wide);
      bars.set(bar, (bars.get(bar) ?? 0) + 1);
    }
    const drawn = [...bars].map(([bar, taken]) =>
      `M${x(first + bar * wide)},${BOTTOM}v${-height * taken / wide}h${wide * unit}V${BOTTOM}`);
    drawPart(svg, "path", { d: drawn.join(""), class: "tcpbook-ports-bar" });
    drawPart(svg, "line", { x1: EDGE, x2: WIDTH - EDGE, y1: BOTTOM, y2: BOTTOM, class: "tcpbook-ports-tick" });
  }

  function showTold() {
    const port = model.get("port");
    if (port === null) {
      told.textContent = "Search for a number, a name or words, or click the line.";
      return;
    }
    const { name, first, last, absent } = rangeOf(port);
    const entries = rowsOf(port).map(inWords).join("; ") || absent;
    const { first: low, last: high } = model.get("here");
    const own = model.get("guess") ? ` It is ${low <= port && port <= high ? "in" : "outside"} the kernel's own range.` : "";
    told.replaceChildren(make("strong", {}, [String(port)]), `, ${name} (${first}–${last}). ${entries}.${own}`);
  }

  function showQuestion() {
    const guess = model.get("guess");
    guesses.forEach((each, at) => {
      each.setAttribute("aria-pressed", ranges[at].name === guess);
      each.disabled = Boolean(guess) && ranges[at].name !== guess;
    });
    open.disabled = count.disabled = own.disabled = !guess;
    lies.textContent = guess ? model.get("here").told : "Commit to a guess; then your kernel's own range appears, and you can open connections.";
  }
  const showSaid = () => { said.textContent = model.get("answer").told; };

  const row = (...parts) => make("div", { className: "tcpbook-ports-row" }, parts);
  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-ports" }, [
    row(make("label", {}, ["Search ", search]), counted),
    results,
    row(whole, ...places, own),
    line,
    row(legend, make("span", { className: "tcpbook-ports-steps" }, [left, right, wider, closer])),
    told,
    make("div", { className: "tcpbook-ports-ask", role: "group", aria: { label: "Your kernel's picks" } }, [
      row(make("span", {}, ["In which range will your kernel's next local port fall?"]), ...guesses),
      lies,
      row(make("label", {}, ["How many ", count]), open),
      said])]));
  const undone = [
    keepKeys(el),
    follow(model, ["query"], showResults),
    follow(model, ["first", "last", "port", "guess", "picks", "here", "answer"], showLine),
    follow(model, ["port", "guess", "here"], showTold),
    follow(model, ["guess", "here"], showQuestion),
    follow(model, ["answer"], showSaid),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
