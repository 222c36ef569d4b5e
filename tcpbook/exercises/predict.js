// Shows a question, keeps the reader's commitment, then reveals what Python computed for it.

function paragraphs(outcome, key, confidence) {
  const [verdict, ...reasons] = outcome.said[key] ?? outcome.otherwise;
  const className = key === outcome.key ? "tcpbook-right" : "tcpbook-wrong";
  const told = make("p", { className }, [make("strong", {}, [verdict]), ` You answered ${key} (${confidence}).`]);
  return [told, ...reasons.map((sentence) => make("p", {}, [sentence]))];
}

function render({ model, el }) {
  const form = forms[model.get("form")];
  const part = { choices: model.get("choices"), pattern: model.get("number_pattern"), instruction: model.get("hint"),
    label: "Your answer" };
  const outcome = JSON.parse(atob(model.get("sealed")));

  const control = make("div", { className: `tcpbook-answer-${model.get("form")}` });
  const { picture, mark } = makePicture(model.get("graph"), control);
  const { sure, buttons } = makeSure("Commit it as", model.get("confidences"), commit);
  const message = make("p", { className: "tcpbook-predict-message", role: "status" });
  const answer = make("div", { aria: { live: "polite" } });
  // Every outcome lies unseen in the same grid cell, so that revealing one moves nothing.
  const space = [...Object.keys(outcome.said), "0".repeat(10)].map((key) =>
    make("div", { className: "tcpbook-predict-space", aria: { hidden: true } },
      paragraphs(outcome, key, "fairly sure")));
  const legend = make("legend", {}, [make("strong", {}, ["Predict: "]), model.get("question")]);
  el.replaceChildren(make("fieldset", { className: "tcpbook-view tcpbook-question tcpbook-predict" }, [legend, control, picture, sure,
    message,     make("div", { className: "tcpbook-predict-outcome" }, [...space, answer])]));

  function put(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  }
  function commit(confidence) {
    if (model.get("committed")) return;
    const { key, problem } = form.read(part, model.get("answer"));
    put(problem ? { message: problem } : { answer: key, confidence, committed: true, message: "" });
  }
  function show() {
    const committed = model.get("committed");
    control.replaceChildren(
      ...form.draw(part, model.get("answer"), (draft) => put({ answer: draft, message: "" })));
    for (const each of control.querySelectorAll("input, button, select")) each.disabled = committed;
    mark();
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
