// Shows what Python read of a capture, and asks for what the reader wants: never two questions at a time.

const PATIENCE_MS = 1000; // then the reader is told that it takes a while
const WAITING = "Waiting for the kernel: it reads, or it is busy.";

function render({ model, el }) {
  const me = Math.random(); // an answer to another display is not ours
  const queue = [];
  let waiting = false;
  let impatience = null;

  function next() {
    if (waiting || !queue.length) return;
    waiting = true;
    impatience = setTimeout(() => { source.textContent = WAITING; }, PATIENCE_MS);
    const { octets, ...message } = queue.shift();
    model.send({ ...message, from: me }, undefined, octets ? [octets] : []);
  }
  function ask(message) {
    const last = queue.at(-1);
    if (last?.find && message.find) queue.pop(); // the reader typed on
    queue.push(message);
    next();
  }
  function hear() {
    if (model.get("view").to !== me) return;
    waiting = false;
    clearTimeout(impatience);
    next();
  }
  const find = (changes) => {
    const { by, descending } = model.get("view");
    ask({ find: { query: search.value, by, descending, ...changes } });
  };

  const button = (label, onclick) => make("button", { type: "button", onclick }, [label]);
  const row = (...parts) => make("div", { className: "tcpbook-captures-row" }, parts);

  // Which capture
  const names = make("select", { aria: { label: "Capture" } });
  const open = button("Open", () => names.value && ask({ open: names.value }));
  const again = button("Look again", () => ask({ look: true }));
  const most = model.get("most");
  const file = make("input", { type: "file", accept: model.get("suffixes") });
  file.onchange = async () => {
    const chosen = file.files[0];
    if (!chosen) return;
    if (chosen.size > most) {
      wrong.textContent = `${chosen.name} has ${chosen.size.toLocaleString("en")} bytes, Jupyter takes at most `
        + `${most.toLocaleString("en")} this way; upload it with JupyterLab's file browser, then look again.`;
    } else {
      ask({ sent: chosen.name, octets: await chosen.arrayBuffer() });
    }
    file.value = ""; // so that the same file can be chosen once more
  };
  const limit = `Up to ${most / 1e6} MB, as Jupyter takes no larger messages. Upload a larger one `
    + "into this notebook's folder with JupyterLab's file browser, then look again.";
  const source = make("p", { className: "tcpbook-captures-source", aria: { live: "polite" } });
  const notes = make("ul", { className: "tcpbook-captures-notes" });
  const wrong = make("p", { className: "tcpbook-error", role: "alert" });

  // Its connections
  const search = make("input", { type: "text", autocomplete: "off", spellcheck: false, maxLength: 200,
    placeholder: "443, 192.0.2.1, refused, RST by server …" });
  search.oninput = () => find({});
  const shown = make("span", { aria: { live: "polite" } });
  const heads = model.get("columns").map(([by, name]) => {
    const sort = button(name, () => {
      const view = model.get("view");
      find({ by, descending: view.by === by && !view.descending });
    });
    return { by, head: make("th", { scope: "col" }, [sort]) };
  });
  const body = make("tbody");
  body.onkeydown = (event) => {
    const buttons = [...body.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    buttons[to]?.focus();
    event.preventDefault();
  };
  const table = make("div", { className: "tcpbook-captures-table", role: "group", tabIndex: 0, aria: { label: "Connections" } }, [
    make("table", {}, [make("thead", {}, [make("tr", {}, heads.map(({ head }) => head))]), body])]);
  const list = make("div", {}, [row(make("label", {}, ["Filter ", search]), shown), table]);

  // One of them
  const title = make("strong");
  const story = make("div", { className: "tcpbook-told", aria: { live: "polite" } });
  const missing = make("p", { className: "tcpbook-error", role: "alert" });
  const filters = make("div");
  const played = make("p");
  const one = make("div", {}, [make("p", {}, [title]), story, missing, make("p", {}, ["To see it in Wireshark:"]), filters, played]);
  async function copy(code, said) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = "Copied.";
    } catch { // the page is not allowed to, or not served by https
      getSelection().selectAllChildren(code);
      said.textContent = "Selected: copy it with Ctrl+C or ⌘C.";
    }
  }
  function showFilters(texts) {
    filters.replaceChildren(...texts.map((text) => {
      const code = make("code", {}, [text]);
      const said = make("span", { aria: { live: "polite" } });
      const control = button("Copy", () => copy(code, said));
      control.setAttribute("aria-label", `Copy the display filter ${text}`);
      return make("div", { className: "tcpbook-captures-filter" }, [control, code, said]);
    }));
  }

  function showOffers() {
    const before = names.value;
    names.replaceChildren(...model.get("offers").map(([label, offers]) =>
      make("optgroup", { label }, offers.map(([value, text]) => make("option", { value }, [text])))));
    if ([...names.options].some(({ value }) => value === before)) names.value = before;
  }

  let last = {};
  function show() {
    const view = model.get("view");
    const differs = (name) => JSON.stringify(view[name]) !== JSON.stringify(last[name]);
    source.textContent = view.source || "Open a capture, and its connections will stand here.";
    wrong.textContent = view.errors.open ?? "";
    missing.textContent = view.errors.choose ?? "";
    missing.hidden = !view.errors.choose;
    if (differs("notes")) notes.replaceChildren(...view.notes.map((note) => make("li", {}, [note])));
    list.hidden = !view.source;
    if (!search.matches(":focus")) search.value = view.query;
    shown.textContent = view.shown;
    for (const { by, head } of heads) {
      if (by === view.by) head.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    if (differs("rows")) {
      body.replaceChildren(...view.rows.map(([number, ...rest]) => {
        const choose = button(number, () => ask({ choose: Number(number) }));
        choose.setAttribute("aria-label", `Connection ${number}`);
        return make("tr", {}, [make("th", { scope: "row" }, [choose]), ...rest.map((text) => make("td", {}, [text]))]);
      }));
    }
    const buttons = [...body.querySelectorAll("button")];
    const chosen = buttons.find((each) => Number(each.textContent) === view.chosen);
    for (const each of buttons) {
      each.setAttribute("aria-pressed", each === chosen);
      each.tabIndex = each === (chosen ?? buttons[0]) ? 0 : -1;
    }
    one.hidden = view.chosen === null && !view.errors.choose;
    title.textContent = view.title;
    if (differs("story")) story.replaceChildren(...view.story.map((text) => make("p", {}, [text])));
    if (differs("filters")) showFilters(view.filters);
    played.textContent = view.played;
    last = view;
  }

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-captures" }, [
    row(make("label", {}, ["Capture ", names]), open, again),
    row(make("label", {}, ["Or send a small one: ", file])),
    make("p", { className: "tcpbook-captures-limit" }, [limit]),
    wrong, source, notes, list, one]));
  const undone = [
    keepKeys(el),
    () => clearTimeout(impatience),
    follow(model, ["offers"], showOffers),
    follow(model, ["view"], show),
    follow(model, ["view"], hear),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
