// Lights a field and its bytes together; sends changed fields and pasted text to Python.

const ROW_BYTES = 4;
const hex = (number) => number.toString(16).padStart(2, "0");
const where = ({ start, stop }) =>
  stop <= start ? "no bytes" : stop - start === 1 ? `byte ${start}` : `bytes ${start}–${stop - 1}`;

// One arrow-key step in a group of parts of which one at a time can be reached by Tab.
function walk(event, parts, down) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -down, ArrowDown: down }[event.key];
  const next = step && parts[parts.indexOf(event.target) + step];
  if (step) event.preventDefault();
  if (next) next.focus();
}

function render({ model, el }) {
  const rows = () => model.get("rows");
  const put = (trait, value) => { model.set(trait, value); model.save_changes(); };
  const send = (value) => model.send({ set: model.get("lit"), value });

  const bytes = make("div", { className: "tcpbook-explorer-bytes", role: "group", aria: { label: "Bytes" } });
  const picture = make("div", { className: "tcpbook-explorer-picture" });
  const choose = make("select", { aria: { label: "Field" }, onchange: () => put("lit", choose.value) });
  const form = make("form", { className: "tcpbook-explorer-form" });
  const words = make("div", { className: "tcpbook-explorer-words", aria: { live: "polite" } });
  const message = make("p", { className: "tcpbook-explorer-message", role: "status" });
  const follows = make("input", { type: "checkbox", onchange: () => put("checksum_follows", follows.checked) });
  const addresses = make("input", { type: "text", autocomplete: "off", aria: { label: "IP addresses" },
    onchange: () => model.send({ set: "addresses", value: addresses.value }) });
  const problems = make("ul", { aria: { label: "Problems", live: "polite" } });
  const pasted = make("textarea", { rows: 3, spellcheck: false, aria: { label: "Bytes to explain, in hex" },
    placeholder: "Paste hex in any form, with or without IP and Ethernet headers" });
  const explain = make("button", { type: "button", onclick: () => model.send({ paste: pasted.value }) },
    ["Explain these bytes"]);

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-explorer" }, [
    make("div", { className: "tcpbook-explorer-sides" }, [bytes, picture]),
    make("div", { className: "tcpbook-explorer-field" }, [make("div", {}, [choose, form]), words]),
    message,
    make("div", { className: "tcpbook-explorer-line" }, [
      make("label", {}, [follows, " Checksum follows, with the IP addresses"]), addresses]),
    make("div", { className: "tcpbook-explorer-line" }, [pasted, explain]),
    problems,
  ]));

  let drawn = "";
  const parts = () => [...el.querySelectorAll("[data-field]")];
  const ids = (part) => part.dataset.field.split(" ");

  // Mark the boxes of these rows and the bytes that they lie in.
  function mark(name, chosen) {
    const touched = rows().filter((row) => chosen.includes(row.id));
    for (const part of parts()) {
      const at = Number(part.dataset.byte ?? NaN);
      const on = chosen.some((id) => ids(part).includes(id)) || touched.some((row) => row.start <= at && at < row.stop);
      part.classList.toggle(name, on);
      if (name === "tcpbook-lit") part.setAttribute("aria-pressed", on);
    }
  }
  // A byte belongs to all its fields; a box that stands for an option is in the list of options as well.
  function pointAt({ target }) {
    const part = target.closest("[data-field]");
    mark("tcpbook-pointed", !part ? [] : part.dataset.byte ? ids(part) : [ids(part)[0]]);
  }
  function arrive({ target }) {
    const part = target.closest("[data-field]");
    if (part && !ids(part).includes(model.get("lit"))) put("lit", ids(part)[0]);
  }

  const asDrawn = (height) => `calc(var(--tcpbook-scale, 1) * ${height}px)`;
  const scale = new ResizeObserver(() => { // a narrow column shrinks the picture
    const svg = picture.querySelector("svg");
    bytes.style.setProperty("--tcpbook-scale", svg.clientWidth / svg.viewBox.baseVal.width);
  });
  function showBytes() {
    const focused = bytes.contains(document.activeElement) ? document.activeElement.dataset.byte : undefined;
    const octets = model.get("octets").match(/../g) ?? [];
    const [top, row, tall] = model.get("heights"); // of the picture: its rows stand beside these
    const end = rows().find(({ id }) => id === "data").start;
    const lines = [];
    octets.forEach((octet, at) => {
      const mine = rows().filter((row) => row.id !== "options" && row.start <= at && at < row.stop);
      if (at % ROW_BYTES === 0) {
        const line = make("div", {}, [make("span", { aria: { hidden: true } }, [hex(at)])]);
        if (at <= end) line.style.height = asDrawn(at / ROW_BYTES === 3 ? tall : row); // beyond: more data
        lines.push(line);
      }
      lines.at(-1).append(make("button", {
        type: "button", tabIndex: at ? -1 : 0, data: { byte: at, field: mine.map((row) => row.id).join(" ") },
        aria: { label: `byte ${at}, ${octet}: ${mine.map((row) => row.name).join(", ")}` } }, [octet]));
    });
    const hidden = model.get("hidden_bytes");
    if (hidden) lines.push(make("div", {}, [`… ${hidden} more`]));
    bytes.style.paddingTop = asDrawn(top);
    bytes.replaceChildren(...lines);
    if (focused !== undefined) bytes.querySelector(`[data-byte="${focused}"]`)?.focus();
  }
  function showPicture() {
    if (model.get("picture") === drawn) return;
    drawn = model.get("picture");
    picture.innerHTML = drawn; // by tcpbook.figures, its text escaped
    const svg = picture.querySelector("svg");
    svg.querySelectorAll("title, desc").forEach((node) => node.remove()); // its values go out of date
    svg.removeAttribute("aria-labelledby");
    svg.setAttribute("aria-label", "Header");
    for (const [number, box] of picture.querySelectorAll("[data-field]").entries()) {
      box.setAttribute("role", "button");
      box.setAttribute("tabindex", number ? -1 : 0);
    }
  }
  function showValues() {
    for (const box of picture.querySelectorAll("[data-field]")) {
      const row = rows().find(({ id }) => id === ids(box)[0]);
      box.setAttribute("aria-label", `${row.name}: ${row.value}`);
      if (!(row.id in model.get("about")) || row.id === "data") continue; // options come with their picture
      box.classList.toggle("tcpbook-set", row.edit === true);
      const value = row.edit === "" ? "–" : typeof row.edit === "boolean" ? Number(row.edit) : row.edit;
      box.querySelector(".tcpbook-value tspan").textContent = value;
    }
  }
  function showChoice() {
    choose.replaceChildren(...rows().map((row) => make("option", { value: row.id }, [row.name])));
  }
  function showField() {
    mark("tcpbook-lit", [model.get("lit")]);
    const row = rows().find(({ id }) => id === model.get("lit"));
    if (!row) return;
    choose.value = row.id;
    const [meaning, section] = model.get("about")[row.about];
    words.replaceChildren(
      make("p", {}, [make("strong", {}, [`${row.name}: ${row.value}`]), ` (${where(row)})`]),
      make("p", { className: "tcpbook-explorer-bits" }, row.bits.length
        ? [row.bits[0], make("mark", {}, [row.bits[1]]), row.bits[2]] : []),
      make("p", {}, [`${meaning} ${section}`]));
    const input = typeof row.edit === "boolean"
      ? make("input", { type: "checkbox", checked: row.edit, onchange: () => send(input.checked) })
      : make("input", { type: "text", value: row.edit, autocomplete: "off", spellcheck: false });
    const focused = form.contains(document.activeElement);
    if (typeof row.edit === "boolean") form.replaceChildren(make("label", {}, [input, ` ${row.name} is set`]));
    else form.replaceChildren(make("label", {}, ["New value ", input]), make("button", {}, ["Set"]));
    form.onsubmit = (event) => { event.preventDefault(); send(input.value); };
    if (focused) input.focus();
  }
  function showRest() {
    addresses.value = model.get("addresses");
    follows.checked = model.get("checksum_follows");
    const found = model.get("findings").map(([kind, text]) => `${kind === "error" ? "Error" : "Remark"}: ${text}.`);
    problems.replaceChildren(...(found.length ? found : ["No problems."]).map((text) => make("li", {}, [text])));
  }

  el.addEventListener("pointerover", pointAt);
  el.addEventListener("pointerleave", () => mark("tcpbook-pointed", []));
  el.addEventListener("focusin", arrive);
  bytes.addEventListener("keydown", (event) => walk(event, [...bytes.querySelectorAll("button")], ROW_BYTES));
  picture.addEventListener("keydown", (event) => walk(event, [...picture.querySelectorAll("[data-field]")], 1));
  scale.observe(picture);
  const undo = [
    keepKeys(el),
    () => scale.disconnect(),
    follow(model, ["rows"], () => { showPicture(); showValues(); showBytes(); showChoice(); showField(); }),
    follow(model, ["lit"], showField),
    follow(model, ["rows", "findings", "addresses", "checksum_follows"], showRest),
    follow(model, ["message", "origin"], () => {
      message.textContent = model.get("message") || model.get("origin");
    }),
  ];
  return () => undo.forEach((each) => each());
}

export default { render };
