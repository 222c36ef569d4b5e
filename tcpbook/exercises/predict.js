// Shows a question, keeps the reader's commitment, then reveals what Python computed for it.

let serial = 0; // radio groups and labels need names of their own on the page

// One entry a kind of answer: draw(model, name, changed) returns the controls, read(model) returns
// {key} or {problem}. The draft is kept in `answer`, so that a second display shows it too.
const kinds = {
  choice: {
    draw: (model, name, changed) =>
      model.get("choices").map((choice) => {
        const input = make("input", { type: "radio", name, checked: model.get("answer") === choice });
        input.onchange = () => changed(choice);
        return make("label", { className: "tcpbook-predict-option" }, [input, make("span", {}, [choice])]);
      }),
    read: (model) =>
      model.get("answer") ? { key: model.get("answer") } : { problem: "Choose an answer first." },
  },
  number: {
    draw(model, name, changed) {
      const input = make("input", { type: "text", value: model.get("answer"), autocomplete: "off" });
      input.setAttribute("aria-label", "Your answer, a whole number");
      input.oninput = () => changed(input.value);
      return [input];
    },
    read(model) {
      const text = model.get("answer").trim();
      if (!new RegExp(model.get("number_pattern")).test(text))
        return { problem: `${text ? `“${text}” can't be read. ` : ""}${model.get("hint")}` };
      return { key: BigInt(text.replace(/[ ,_']/g, "")).toString() };
    },
  },
  flags: {
    draw(model, name, changed) {
      const bits = model.get("choices");
      const pressed = new Set(model.get("answer").split(","));
      return bits.map((bit) => {
        const button = make("button", { type: "button", aria: { pressed: pressed.has(bit) } }, [bit]);
        button.onclick = () => {
          if (!pressed.delete(bit)) pressed.add(bit);
          button.setAttribute("aria-pressed", pressed.has(bit));
          // The row runs from the highest bit down, the key from the lowest up.
          changed(bits.filter((each) => pressed.has(each)).reverse().join(","));
        };
        return button;
      });
    },
    read: (model) => ({ key: model.get("answer") || "none" }),
  },
};

function paragraphs(outcome, key, confidence) {
  const [verdict, ...reasons] = outcome.said[key] ?? outcome.otherwise;
  const className = key === outcome.key ? "tcpbook-predict-right" : "tcpbook-predict-wrong";
  const told = make("p", { className }, [make("strong", {}, [verdict]), ` You answered ${key} (${confidence}).`]);
  return [told, ...reasons.map((sentence) => make("p", {}, [sentence]))];
}

function render({ model, el }) {
  const name = `tcpbook-predict-${(serial += 1)}`;
  const kind = kinds[model.get("kind")];
  const outcome = JSON.parse(atob(model.get("sealed")));

  const control = make("div", { className: `tcpbook-predict-${model.get("kind")}` });
  const buttons = model.get("confidences").map((confidence) => {
    const button = make("button", { type: "button" }, [confidence]);
    button.onclick = () => commit(confidence);
    return button;
  });
  const sure = make("div", { className: "tcpbook-predict-sure", role: "group", aria: { label: "Commit it as" } }, [
    make("span", {}, ["Commit it as"]), ...buttons]);
  const message = make("p", { className: "tcpbook-predict-message", role: "status" });
  const answer = make("div", { aria: { live: "polite" } });
  // Every outcome lies unseen in the same grid cell, so that revealing one moves nothing.
  const space = [...Object.keys(outcome.said), "0".repeat(10)].map((key) =>
    make("div", { className: "tcpbook-predict-space", aria: { hidden: true } },
      paragraphs(outcome, key, "fairly sure")));
  const legend = make("legend", {}, [make("strong", {}, ["Predict: "]), model.get("question")]);
  el.replaceChildren(make("fieldset", { className: "tcpbook-view tcpbook-predict" }, [legend, control, sure, message,
    make("div", { className: "tcpbook-predict-outcome" }, [...space, answer])]));

  function put(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  }
  function commit(confidence) {
    if (model.get("committed")) return;
    const { key, problem } = kind.read(model);
    put(problem ? { message: problem } : { answer: key, confidence, committed: true, message: "" });
  }
  function show() {
    const committed = model.get("committed");
    control.replaceChildren(...kind.draw(model, name, (draft) => put({ answer: draft, message: "" })));
    for (const part of control.querySelectorAll("input, button")) part.disabled = committed;
    for (const button of buttons) {
      button.setAttribute("aria-pressed", committed && button.textContent === model.get("confidence"));
      button.setAttribute("aria-disabled", committed); // disabling it would lose the reader's place
    }
    answer.replaceChildren(...(committed
      ? paragraphs(outcome, model.get("answer"), model.get("confidence"))
      : [make("p", { className: "tcpbook-predict-waiting" }, ["The outcome appears here."])]));
  }
  const undo = [
    keepKeys(el),
    follow(model, ["committed"], show),
    follow(model, ["message", "committed"], () => {
      message.textContent = model.get("message") || (model.get("committed") ? "" : model.get("hint"));
    }),
  ];
  return () => undo.forEach((each) => each());
}

export default { render };
