// Shows what the kernel's sandbox says, and asks it to act.

const CALLS = ["OPEN active", "OPEN passive", "RECEIVE", "CLOSE", "ABORT", "crash"];

function render({ model, el }) {
  const ask = (message) => model.send(message);
  const button = (label, onclick, name = label) =>
    make("button", { type: "button", onclick, aria: { label: name } }, [label]);

  // Both ends: the state, the calls, the variables, the state graph
  const ends = ["A", "B"].map((name) => {
    const end = makeEnd(name, model.get("variables"), model.get("graph"));
    const notes = make("p", { className: "tcpbook-sandbox-notes" });
    const text = make("input", { type: "text", value: "hello", aria: { label: `Text that ${name} sends` } });
    const send = () => ask({ do: `${name} SEND ${text.value}` });
    text.onkeydown = (event) => { if (event.key === "Enter") send(); };
    const calls = make("div", { className: "tcpbook-sandbox-calls", role: "group", aria: { label: `Calls of ${name}` } }, [
      ...CALLS.map((call) => button(call, () => ask({ do: `${name} ${call}` }), `${name} ${call}`)),
      button("SEND", send, `${name} SEND`), text]);
    const head = make("div", { role: "group", aria: { label: `End ${name}` } },
      [end.title, calls, notes]);
    return { ...end, head, notes };
  });
  const pair = (part) => make("div", { className: "tcpbook-ends" }, ends.map((end) => end[part]));

  // Time, and what is in the air
  const clock = make("span", { className: "tcpbook-sandbox-clock" });
  const undo = button("Undo", () => ask({ kept: null }));
  const time = make("div", { className: "tcpbook-sandbox-time" }, [
    clock, button("Wait for the next event", () => ask({ do: "wait" })),
    button("Let time run", () => ask({ do: "run" })), undo]);
  const air = make("ul", { className: "tcpbook-sandbox-air", aria: { label: "In the air" } });
  const told = make("p", { className: "tcpbook-told", aria: { live: "polite" } });
  const error = make("p", { className: "tcpbook-error", role: "alert" });

  // The story, and the experiment
  const story = make("tbody", {});
  const region = make("div", { className: "tcpbook-sandbox-story", role: "group", tabIndex: 0, aria: { label: "The story so far" } }, [
    make("table", {}, [
      make("thead", {}, [make("tr", {}, ["A", "Segment or event", "B"].map((name) => make("th", { scope: "col" }, [name])))]),
      story])]);
  const why = make("ol", { aria: { label: "The rules that fired last" } });
  const actions = make("ol", { className: "tcpbook-sandbox-actions", aria: { label: "Actions" } });
  const code = make("textarea", { readOnly: true, rows: 4, aria: { label: "Python that recreates the experiment" } });
  const save = ["A", "B"].map((name) => button(`Save ${name}'s capture`, () => ask({ pcap: name })));
  const experiment = make("details", {}, [make("summary", {}, ["The experiment: go back, share, save"]),
    actions, code, make("div", {}, save)]);

  function showEnds() {
    model.get("view").ends.forEach((end, place) => {
      ends[place].show(end);
      ends[place].notes.textContent = end.notes;
    });
  }

  function showAir() {
    const view = model.get("view");
    clock.textContent = `Clock: ${view.now}`;
    undo.ariaDisabled = !view.actions.length;
    air.replaceChildren(...view.air.map(([number, sender, words, left]) => make("li", {}, [
      make("span", {}, [sender ? "B → A  " : "A → B  ", make("code", {}, [words]), ` in ${left} `]),
      ...["deliver", "drop", "duplicate"].map((what) =>
        button(what, () => ask({ do: `${what} ${number}` }), `${what} ${words} from ${"AB"[sender]}`))])));
    if (!view.air.length) air.append(make("li", {}, ["Nothing is in the air."]));
  }

  function showStory() {
    const view = model.get("view");
    told.textContent = view.told;
    error.textContent = view.error;
    story.replaceChildren(...view.story.map((line) => make("tr", {}, line.map((part) => make("td", {}, [part])))));
    why.replaceChildren(...listRules(view.rules));
    code.value = view.code;
    actions.replaceChildren(...view.actions.map((action, place) =>
      make("li", {}, [button(action, () => ask({ kept: place + 1 }), `Back to after ${action}`)])));
    region.scrollTop = region.scrollHeight; // last: it lays the page out
  }

  const saveFile = (message, buffers) => {
    if (!message.pcap) return;
    const url = URL.createObjectURL(new Blob([buffers[0]], { type: "application/vnd.tcpdump.pcap" }));
    make("a", { href: url, download: message.pcap }).click();
    URL.revokeObjectURL(url);
  };
  model.on("msg:custom", saveFile);

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-sandbox" },
    [pair("head"), time, air, error, told, region, pair("body"), why, experiment]));
  const undone = [
    keepKeys(el),
    () => model.off("msg:custom", saveFile),
    ...[showEnds, showAir, showStory].map((show) => follow(model, ["view"], show)),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
