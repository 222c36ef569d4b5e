// Shows an exercise, marks the answers by what Python computed, and gives hints, the solution and another one.

function render({ model, el }) {
  const task = make("p", { aria: { live: "polite" } });
  const given = make("pre", { tabIndex: 0, role: "group", aria: { label: "What is given" } });
  const asked = make("div", { className: "tcpbook-exercise-parts" });
  const picture = make("div");
  const { sure } = makeSure("Check it as", model.get("confidences"), check);
  const verdict = make("p", { className: "tcpbook-exercise-verdict", role: "status" });
  const button = (words, onclick) => make("button", { type: "button", onclick }, [words]);
  const hint = button("Hint", () => put({ hints: Math.min(model.get("hints") + 1, model.get("shown").hints) }));
  const solve = button("Show the solution", () => put({ solved: true }));
  const play = button("Play it", () => model.send({ do: "play" }));
  const another = button("Another one", () => model.send({ do: "another" }));
  const hints = make("ol", { aria: { label: "Hints", live: "polite" } });
  const solution = make("div", { aria: { live: "polite" } });
  const player = make("div");
  let fields = []; // one a part: what it asks, its form, where its verdict stands
  let sealed;
  let mark;

  function put(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
  }

  function check(confidence) {
    const drafts = model.get("drafts");
    const found = fields.map(({ part, form }, place) => form.read(part, drafts[place]));
    found.forEach(({ problem }, place) => { fields[place].told.textContent = problem ?? ""; });
    if (found.some(({ problem }) => problem)) verdict.textContent = "Something is missing; it counts as no try.";
    else put({ checked: found.map(({ key }) => key), confidence, tries: model.get("tries") + 1 });
  }

  function showExercise() {
    const shown = model.get("shown");
    sealed = JSON.parse(atob(model.get("sealed")));
    task.replaceChildren(make("strong", {}, ["Exercise: "]), shown.task,
      make("small", {}, [` (${shown.kind}, seed ${shown.seed})`]));
    given.textContent = shown.given;
    given.hidden = !shown.given;
    fields = shown.parts.map((part, place) => {
      const changed = (draft) => {
        const drafts = [...model.get("drafts")];
        drafts[place] = draft;
        put({ drafts });
        fields[place].told.textContent = "";
      };
      const form = forms[part.form];
      const control = make("div", { className: `tcpbook-answer-${part.form}` },
        form.draw(part, model.get("drafts")[place], changed));
      const told = make("p", { className: "tcpbook-exercise-told" });
      const row = make("div", { role: "group", aria: { label: part.label } }, [
        make("p", {}, [part.label]), control, told]);
      return { part, form, told, row };
    });
    asked.replaceChildren(...fields.map(({ row }) => row));
    const made = makePicture(shown.picture, asked);
    mark = made.mark;
    picture.replaceChildren(made.picture);
    mark();
    play.hidden = !shown.plays;
  }

  function showVerdict() {
    const checked = model.get("checked");
    const rights = checked.map((key, place) => key === sealed.parts[place].key);
    fields.forEach(({ told }, place) => {
      if (!checked.length) { told.replaceChildren(); return; }
      const said = rights[place] ? "" : sealed.parts[place].said[checked[place]] ?? "";
      told.className = `tcpbook-exercise-told tcpbook-${rights[place] ? "right" : "wrong"}`;
      told.replaceChildren(make("strong", {}, [rights[place] ? "Right." : "Not yet."]), ` ${said}`);
    });
    const tries = model.get("tries");
    verdict.textContent = !checked.length ? ""
      : `${rights.every(Boolean) ? "All right" : `${rights.filter(Boolean).length} of ${rights.length} right`}` +
        ` (${model.get("confidence")}, try ${tries}). ${model.get("message")}`.trimEnd();
  }

  function showHelp() {
    const number = model.get("hints");
    hints.replaceChildren(...sealed.hints.slice(0, number).map((words) => make("li", {}, [words])));
    hint.textContent = `Hint (${number} of ${sealed.hints.length})`;
    hint.ariaDisabled = number === sealed.hints.length;
    solve.ariaDisabled = model.get("solved");
    solution.replaceChildren(...(model.get("solved") ? [make("p", {}, [make("strong", {}, ["The solution"])]),
      make("ol", {}, sealed.solution.map((words) => make("li", {}, [words])))] : []));
  }

  async function showPlayer() {
    const id = model.get("player");
    play.ariaDisabled = Boolean(id);
    if (!id) { player.replaceChildren(); return; }
    const view = await model.widget_manager.create_view(await model.widget_manager.get_model(id));
    if (model.get("player") === id) player.replaceChildren(view.el);
  }

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-question tcpbook-exercise" }, [
    task, given, picture, asked, sure, verdict,
    make("div", { className: "tcpbook-exercise-actions" }, [hint, solve, play, another]), hints, solution]), player);
  const undo = [
    keepKeys(el),
    follow(model, ["shown"], showExercise),
    follow(model, ["shown", "checked", "tries", "message"], showVerdict),
    follow(model, ["shown", "hints", "solved"], showHelp),
    follow(model, ["player"], showPlayer),
  ];
  return () => undo.forEach((each) => each());
}

export default { render };
