// Shows the frame that the reader chose. Every frame was computed by Python.

const PAUSE_MS = 1200; // between two steps of a playing player
const BELOW = 14; // how far a band reaches below the moment on show, so that a new state is seen

function render({ model, el }) {
  const frames = model.get("frames");
  const last = frames.length - 1;
  const go = (at) => {
    model.set("at", Math.max(0, Math.min(last, at)));
    model.save_changes();
  };

  // The controls
  let timer = null;
  const pause = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const button = (label, onclick) => make("button", { type: "button", onclick }, [label]);
  const chosen = (at) => () => { pause(); go(at()); };
  const start = button("To start", chosen(() => 0));
  const back = button("Back", chosen(() => model.get("at") - 1));
  const play = button("Play", () => {
    if (timer !== null) return pause();
    if (model.get("at") === last) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      go(model.get("at") + 1);
      if (model.get("at") === last) pause();
    }, PAUSE_MS);
  });
  const step = button("Step", chosen(() => model.get("at") + 1));
  const end = button("To end", chosen(() => last));
  const slider = make("input", { type: "range", min: 0, max: last, aria: { label: "Step" } });
  slider.oninput = chosen(() => Number(slider.value));
  const count = make("span", { className: "tcpbook-player-count" });
  const controls = make("div", { className: "tcpbook-player-controls" }, [start, back, play, step, end, slider, count]);
  const told = make("p", { className: "tcpbook-told", aria: { live: "polite" } });

  // The ladder, drawn by Python; nothing of the reader's is in it
  const ladder = make("div", { className: "tcpbook-player-ladder", role: "group", tabIndex: 0, aria: { label: "Ladder" } });
  ladder.innerHTML = model.get("ladder");
  const number = (part, name) => (name in part.dataset ? Number(part.dataset[name]) : Infinity);
  const parts = [...ladder.querySelectorAll("[data-step]")];
  const bands = [...ladder.querySelectorAll(".tcpbook-band rect")].map((rect) =>
    [rect, Number(rect.getAttribute("y")), Number(rect.getAttribute("height"))]);
  const now = ladder.querySelector(".tcpbook-now");

  // Both ends: the state graph and the variables
  const ends = model.get("names").map((name) => makeEnd(name, model.get("variables"), model.get("graph")));
  const sides = make("div", { className: "tcpbook-ends" },
    ends.map(({ title, body }, place) =>
      make("div", { role: "group", aria: { label: `End ${model.get("names")[place]}` } }, [title, body])));
  const why = make("ol", { className: "tcpbook-player-why", aria: { label: "The rules that fired" } });

  function showControls() {
    const at = model.get("at");
    slider.value = at;
    slider.setAttribute("aria-valuetext", frames[at].told);
    count.textContent = `${at} of ${last}${frames[at].time && `, ${frames[at].time}`}`;
    start.ariaDisabled = back.ariaDisabled = at === 0;
    step.ariaDisabled = end.ariaDisabled = at === last;
    told.textContent = frames[at].told;
  }

  function showLadder() {
    const { step: at, y: height } = frames[model.get("at")];
    const [room, whole] = [ladder.clientHeight, ladder.scrollHeight]; // asked before anything changes: no extra layout
    for (const part of parts) {
      const [from, arrival] = [number(part, "step"), number(part, "arrival")];
      const flies = "flight" in part.dataset;
      part.classList.toggle("tcpbook-later", from > at);
      part.classList.toggle("tcpbook-air", flies && from <= at && at < arrival && "arrival" in part.dataset);
      part.classList.toggle("tcpbook-lit", flies && (from === at || arrival === at));
    }
    const y = at ? height : frames[1].y - BELOW;
    for (const [rect, top, height] of bands) rect.setAttribute("height", Math.max(0, Math.min(height, y + BELOW - top)));
    now.setAttribute("transform", `translate(0,${y - frames[1].y})`);
    if (whole > room) ladder.scrollTop = y * whole / ladder.firstElementChild.viewBox.baseVal.height - room * 0.7;
  }

  function showEnds() {
    const frame = frames[model.get("at")];
    frame.ends.forEach((end, place) => ends[place].show(end));
    why.replaceChildren(...listRules(frame.rules));
  }

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-player" }, [controls, told, ladder, sides, why]));
  const undone = [
    keepKeys(el), pause,
    ...[showLadder, showControls, showEnds].map((show) => follow(model, ["at"], show)),
  ];
  if (model.get("at")) requestAnimationFrame(showLadder); // once it is on the page, to scroll there
  return () => undone.forEach((each) => each());
}

export default { render };
