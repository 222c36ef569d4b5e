// Shows what the kernel says of a live connection, and asks Python to make calls on it.

const SECOND_MS = 1000;

function render({ model, el }) {
  const button = (label, onclick, name = label) =>
    make("button", { type: "button", onclick, aria: { label: name } }, [label]);
  const names = model.get("names");
  const set = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };

  // A call is made at once, or after a guess
  const call = (action) => {
    if (!model.get("asks")) return model.send({ do: action, guess: [] });
    set({ pending: action });
    guesses[0].focus();
  };
  const ends = names.map((name) => {
    const end = makeEnd(`${name}, by the kernel`, model.get("variables"), model.get("graph"));
    const text = make("input", { type: "text", value: "hello", aria: { label: `Text that the ${name} sends` } });
    const send = () => call(`${name} send ${text.value}`);
    text.onkeydown = (event) => { if (event.key === "Enter") send(); };
    const calls = make("div", { className: "tcpbook-kernel-calls", role: "group", aria: { label: `Calls of the ${name}` } }, [
      ...model.get("calls").map((word) => button(word, () => call(`${name} ${word}`), `${name} ${word}`)),
      button("send", send, `${name} send`), text]);
    const nodes = [...end.body.querySelectorAll("[data-state]")];
    return { ...end, nodes, head: make("div", { role: "group", aria: { label: `The ${name}` } }, [end.title, calls]) };
  });
  const pair = (part) => make("div", { className: "tcpbook-ends" }, ends.map((end) => end[part]));

  // The question
  const asked = make("p", { aria: { live: "polite" } });
  const guesses = names.map((name) => make("select", { aria: { label: `Your guess: the ${name}` } },
    ["", ...model.get("choices")].map((state) => make("option", { value: state }, [state || "your guess"]))));
  const answer = (guess) => {
    if (!model.get("pending")) return;
    model.send({ do: model.get("pending"), guess });
    for (const select of guesses) select.value = "";
  };
  const go = button("Ask the kernel", () => answer(guesses.map((select) => select.value)));
  const asks = make("input", { type: "checkbox" });
  asks.onchange = () => set({ asks: asks.checked, pending: "" });
  const restart = button("Start again", () => model.send({ restart: true }));
  const question = make("div", { className: "tcpbook-kernel-question" }, [
    make("div", {}, [asked, restart]),
    make("div", {}, [...names.map((name, place) => make("label", {}, [`${name} `, guesses[place]])), go,
      make("label", {}, [asks, " ask me first"])])]);

  // What came of it
  const error = make("p", { className: "tcpbook-error", role: "alert" });
  const told = make("p", { className: "tcpbook-told", aria: { live: "polite" } });
  const story = make("tbody", {});
  const heads = ["Call", ...names, "The machine", "Your guess", "Returned"];
  const region = make("div", { className: "tcpbook-kernel-story", role: "group", tabIndex: 0, aria: { label: "The calls so far" } }, [
    make("table", {}, [make("thead", {}, [make("tr", {}, heads.map((head) => make("th", { scope: "col" }, [head])))]), story])]);

  function showQuestion() {
    const pending = model.get("pending");
    const can = model.get("view").can;
    asks.checked = model.get("asks");
    const idle = asks.checked ? "Choose a call: you are asked for a guess, then the kernel answers." : "Choose a call: the kernel answers.";
    asked.textContent = pending ? `${pending}: in which states will both ends be then?` : idle;
    for (const select of guesses) select.disabled = !can || !pending;
    go.ariaDisabled = !can || !pending;
  }

  // A change of text is announced, so what is the same stays untouched
  const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  let listed = "";
  function showView() {
    const view = model.get("view");
    view.ends.forEach((end, place) => {
      ends[place].show(end);
      for (const node of ends[place].nodes) {
        node.classList.toggle("tcpbook-possible", node.dataset.state === end.predicted && end.predicted !== end.state);
      }
    });
    write(told, view.told);
    write(error, view.error);
    const list = JSON.stringify(view.steps);
    if (list !== listed) {
      listed = list;
      story.replaceChildren(...view.steps.map((step) => make("tr", {}, step.map((part) => make("td", {}, [part])))));
      region.scrollTop = region.scrollHeight;
    }
    for (const part of el.querySelectorAll(".tcpbook-kernel-calls button, .tcpbook-kernel-calls input")) part.disabled = !view.can;
    asks.disabled = restart.disabled = !view.can;
    underway = false;
  }

  // While a wait runs and the view is in sight, the kernel is asked once a second, and never again before it answered
  let underway = false;
  let inSight = false;
  const sight = new IntersectionObserver((entries) => { inSight = entries.at(-1).isIntersecting; });
  const timer = setInterval(() => {
    if (!inSight || document.hidden || underway || !model.get("view").waits) return;
    underway = true;
    model.send({ look: true });
  }, SECOND_MS);

  const root = make("div", { className: "tcpbook-view tcpbook-kernel" },
    [pair("head"), question, error, told, pair("body"), region]);
  el.replaceChildren(root);
  sight.observe(root);
  const undone = [
    keepKeys(el), () => clearInterval(timer), () => sight.disconnect(),
    follow(model, ["view"], showView), follow(model, ["asks", "pending", "view"], showQuestion),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
