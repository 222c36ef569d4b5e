// The controls of an answer, one entry a form, shared by questions and exercises. `part` has form, choices and label;
// `draft` is what the reader has put in so far, a text, and `changed` gets each new one. `draw` returns the controls;
// `read` turns a draft into {key}, or {problem} where it can't be read.

let serial = 0; // radio groups need names of their own on the page

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const forms = {
  choice: {
    draw({ choices }, draft, changed) {
      const name = `tcpbook-answer-${(serial += 1)}`;
      return choices.map((choice) => {
        const input = make("input", { type: "radio", name, checked: draft === choice, onchange: () => changed(choice) });
        return make("label", { className: "tcpbook-answer-option" }, [input, make("span", {}, [choice])]);
      });
    },
    read: (_, draft) => (draft ? { key: draft } : { problem: "Choose an answer first." }),
  },
  number: {
    draw({ label }, draft, changed) {
      const input = make("input", { type: "text", value: draft, autocomplete: "off", aria: { label } });
      input.oninput = () => changed(input.value);
      return [input];
    },
    read({ pattern, instruction }, draft) {
      const text = draft.trim();
      if (!new RegExp(pattern).test(text)) return { problem: `${text ? `“${text}” can't be read. ` : ""}${instruction}` };
      return { key: BigInt(text.replace(/[ ,_']/g, "")).toString() };
    },
  },
  flags: {
    draw({ choices }, draft, changed) {
      const pressed = new Set(draft.split(","));
      return choices.map((bit) => {
        const button = make("button", { type: "button", aria: { pressed: pressed.has(bit) } }, [bit]);
        button.onclick = () => {
          if (!pressed.delete(bit)) pressed.add(bit);
          button.setAttribute("aria-pressed", pressed.has(bit));
          // The row runs from the highest bit down, the key from the lowest up.
          changed(choices.filter((each) => pressed.has(each)).reverse().join(","));
        };
        return button;
      });
    },
    read: (_, draft) => ({ key: draft || "none" }),
  },
  order: {
    draw({ choices, label }, draft, changed) {
      const order = draft ? draft.split(" ") : choices.map((_, place) => LETTERS[place]);
      const rows = new Map(order.map((letter) => {
        const move = (by, name) => make("button", { type: "button", onclick: () => shift(letter, by),
          aria: { label: `Move ${letter} ${name}` } }, [by < 0 ? "↑" : "↓"]);
        const item = make("code", {}, [choices[LETTERS.indexOf(letter)]]);
        return [letter, make("li", {}, [move(-1, "up"), move(1, "down"), make("b", {}, [letter]), item])];
      }));
      const list = make("ol", { aria: { label } });
      function arrange() {
        list.append(...order.map((letter) => rows.get(letter)));
        order.forEach((letter, place) => {
          const [up, down] = rows.get(letter).children;
          up.ariaDisabled = place === 0;
          down.ariaDisabled = place === order.length - 1;
        });
      }
      function shift(letter, by) {
        const place = order.indexOf(letter);
        const other = order[place + by];
        if (!other) return;
        [order[place], order[place + by]] = [other, letter];
        const focused = document.activeElement;
        arrange();
        focused.focus(); // a row that is put elsewhere loses it
        changed(order.join(" "));
      }
      arrange();
      return [list];
    },
    read: ({ choices }, draft) => ({ key: draft || choices.map((_, place) => LETTERS[place]).join(" ") }),
  },
  arc: {
    draw({ choices, label }, draft, changed) {
      const options = choices.map((choice) => make("option", { value: choice }, [choice]));
      const select = make("select", { aria: { label } }, [make("option", { value: "" }, ["choose an arrow"]), ...options]);
      select.value = draft;
      select.onchange = () => changed(select.value);
      return [select];
    },
    read: (_, draft) => (draft ? { key: draft } : { problem: "Choose an arrow first." }),
  },
};

// A picture that Python drew. Where it is a state graph, a click on an arrow chooses it in the first of the lists in
// `controls` that is empty, or else in the one used last; `mark` lights what is chosen.
function makePicture(svg, controls) {
  const picture = make("div", { className: "tcpbook-answer-picture" });
  picture.innerHTML = svg;
  const arcId = (arrow) => arrow.replace(" → ", "-");
  const lists = () => [...controls.querySelectorAll("select:enabled")];
  let last;
  const arcs = pickArcs(picture, (id) => {
    const list = lists().find(({ value }) => !value) ?? last ?? lists()[0];
    const option = [...(list?.options ?? [])].find(({ value }) => arcId(value) === id);
    if (!option) return;
    list.value = option.value;
    list.dispatchEvent(new Event("change", { bubbles: true }));
  });
  function mark() {
    const chosen = new Set([...controls.querySelectorAll("select")].map(({ value }) => arcId(value)));
    for (const arc of arcs) arc.classList.toggle("tcpbook-lit", chosen.has(arc.dataset.arc));
  }
  controls.addEventListener("change", (event) => { last = event.target; mark(); });
  return { picture, mark };
}

// The buttons by which an answer is given, each as sure of it as it says.
function makeSure(words, confidences, commit) {
  const buttons = confidences.map((confidence) =>
    make("button", { type: "button", onclick: () => commit(confidence) }, [confidence]));
  const sure = make("div", { className: "tcpbook-answer-sure", role: "group", aria: { label: words } }, [
    make("span", {}, [words]), ...buttons]);
  return { sure, buttons };
}
