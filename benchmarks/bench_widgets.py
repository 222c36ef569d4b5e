"""A click in each widget beside a plain `graphviz` re-render on each click, in JupyterLab in headless Chromium.

Time runs from the click's `event.timeStamp` to the task after the first animation frame that shows the answer.
Script is what runs between the window's first and last listener of the click: the page's own handlers, and the
microtasks that they queue; where the kernel answers, they only send a message. Each widget
stands beside the peer, they take turns, and every click finds page and kernel at rest.
"""

from __future__ import annotations

import shutil
import sys
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from playwright.sync_api import Locator, sync_playwright

from benchmarks.row import Row

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from lab_server import NO_CHROMIUM, WINDOW, find_chromium, launch_options, serve
from pages import notebook

PEER = "graphviz re-render on each click"
ROUNDS, CLICKS = 6, 10  # short rounds: all meet the same load
PRESS_MS = 80  # from press to release, as a hand does it: what the press itself sets off is over by then

FRAMES_MS, SCRIPT_MS, KERNEL_MS = 2 * 1000 / 60, 5, 50

# One cell for all: JupyterLab does work of its own at a click into a cell that was not the active one.
CELL = """
from itertools import cycle
import graphviz, ipywidgets
from tcpbook import *
from tcpbook.figures.stategraph import source

graph, states = source(compact=False).removesuffix("}"), cycle(State)
button, drawing = ipywidgets.Button(description="Next state"), ipywidgets.HTML()

def render(_=None):
    filled = f'{graph} "{next(states)}" [style=filled fillcolor=lightblue] }}'
    drawing.value = graphviz.Source(filled).pipe(format="svg", encoding="utf-8")

button.on_click(render)
render()
header = Segment(49152, 80, 100, 0, Flags.SYN, 1024)
edited, kernel, table, capture = HeaderExplorer(header), KernelLab(), SocketTable(), CaptureExplorer()
edited.lit, kernel.asks = "PSH", False
table.commit("ESTABLISHED")
capture.open("morning.pcapng")
"""


class Clicked(NamedTuple):
    """What the reader clicks in turn, and what then changes."""

    shown: str
    """The expression that shows the widget."""
    buttons: tuple[str, ...]
    through_kernel: bool = True
    answer: str = ":scope"
    event: str = "click"


def named(*names: str) -> tuple[str, ...]:
    """Return the selectors of buttons with these words or labels."""
    return tuple(f"button:is(:text-is('{name}'), [aria-label='{name}'])" for name in names)


def states(*names: str) -> tuple[str, ...]:
    """Return the selectors of these nodes of a state graph."""
    return tuple(f"[data-state='{name}']:not([data-twin])" for name in names)


def fields(*names: str) -> tuple[str, ...]:
    """Return the selectors of these boxes of a header."""
    return tuple(f"svg [data-field~={name}]" for name in names)


CLICKED = {
    "FlagLab": Clicked("FlagLab(state='SYN-SENT')", named("SYN", "ACK", "RST", "FIN"), False),
    "HandshakePlayer": Clicked("HandshakePlayer('three-way handshake')", named("Step", "Back"), False),
    "StateExplorer": Clicked("StateExplorer()", states("LISTEN", "SYN-SENT"), False),
    "HeaderExplorer, a field": Clicked("HeaderExplorer(header)", fields("seq", "wnd"), False, event="mousedown"),
    "PortExplorer": Clicked("PortExplorer()", named("Zoom in", "Zoom out"), False),
    "prediction": Clicked("predict.flags('Which?', Flags.SYN, 'why')", named("SYN", "ACK"), False),
    "Exercise": Clicked("Exercise('the flags byte', seed=1)", named("certain", "a guess"), False),
    "ConnectionLab": Clicked("ConnectionLab()", named("A OPEN active", "Undo")),
    "HeaderExplorer, a bit": Clicked("edited", (".tcpbook-explorer-form input",)),
    "CaptureExplorer": Clicked("capture", named("Connection 0", "Connection 1")),
    "KernelLab": Clicked("kernel", named("server listen", "Start again")),
    "SocketTable": Clicked("table", named("Look again")),
    "KernelTour": Clicked("KernelTour()", named("Ask the kernel again"), answer="tbody"),
    "BookMap": Clicked("BookMap()", named("Reset …", "No, keep it"), False),
}

DRAWING = Clicked("ipywidgets.VBox([button, drawing])", named("Next state"), answer=".widget-html-content")

# Starts from rest: the kernel has answered the messages that came before, the page is painted where it stands, and
# JupyterLab has done what it does after a message and after scrolling.
WATCH = """async (part, [event, attributes]) => {
    await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo();
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
    await new Promise((idle) => requestIdleCallback(idle));
    window.sample = new Promise((resolve, reject) => {
        const { port1, port2 } = new MessageChannel();
        let stamp, start, script;
        addEventListener(event, ({ timeStamp }) => {
            stamp = timeStamp;
            new MutationObserver((_, observer) => {
                observer.disconnect();
                requestAnimationFrame(() => port2.postMessage("shown"));
            }).observe(part, { childList: true, subtree: true, attributes });
            start = performance.now();
        }, { capture: true, once: true });
        addEventListener(event, () => { script = performance.now() - start; }, { once: true });
        port1.onmessage = () => resolve([performance.now() - stamp, script]);
        setTimeout(() => reject(new Error("a click changed nothing in 30 s")), 30_000);
    });
}"""


class Sample(NamedTuple):
    """One click, in ms."""

    whole: float
    script: float


def click(button: Locator, answer: Locator, clicked: Clicked) -> Sample:
    """Click with the mouse; return how long it took until `answer`, a part of the page, had changed on the screen."""
    button.evaluate("(button) => button.scrollIntoView()")  # what it changes is below
    answer.evaluate(WATCH, [clicked.event, not clicked.through_kernel])
    box = button.bounding_box()
    assert box
    button.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, delay=PRESS_MS)
    return Sample(*button.page.evaluate("window.sample"))


def measure(chromium: str) -> dict[str, list[Sample]]:
    """Return the samples of the clicks in each widget, and in the peer beside it."""
    samples: dict[str, list[Sample]] = {name: [] for name in [*CLICKED, PEER]}
    with TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        page = browser.new_page(viewport=WINDOW)
        for name, widget in CLICKED.items():
            lab.open(page, notebook(f"{CELL}display({widget.shown}, {DRAWING.shown})"))
            page.locator(f".jp-OutputArea-child {DRAWING.answer} svg").wait_for()
            turns = {name: (widget, CLICKS), PEER: (DRAWING, 2)}
            parts = dict(zip(turns, page.locator(".jp-OutputArea-child").all(), strict=True))
            buttons = {
                turn: cycle([parts[turn].locator(button) for button in clicked.buttons])
                for turn, (clicked, _) in turns.items()
            }
            for _ in range(ROUNDS):
                for turn, (clicked, clicks) in turns.items():
                    answer = parts[turn].locator(clicked.answer)
                    samples[turn] += [click(next(buttons[turn]), answer, clicked) for _ in range(clicks)]
        browser.close()
    return samples


def high(values: list[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(values, n=20)[-1]


def run() -> list[Row]:
    """Return the rows of `make bench`; none where Chromium or Graphviz is missing."""
    chromium = find_chromium()
    if chromium is None:
        print(NO_CHROMIUM)
        return []
    if shutil.which("dot") is None:
        print("The dot of Graphviz is missing: apt-get install graphviz")
        return []
    samples = {name: [list(column) for column in zip(*found, strict=True)] for name, found in measure(chromium).items()}
    peer_whole, peer_script = samples.pop(PEER)
    rows = []
    for name, (whole, script) in samples.items():
        through_kernel = CLICKED[name].through_kernel
        most = KERNEL_MS if through_kernel else FRAMES_MS
        bar = f"at most {most:.1f} ms" + ("" if through_kernel else ", two frames")
        rows += [
            Row(f"{name} click, median", median(whole), PEER, median(peer_whole), "ms"),
            Row(f"{name} click, 95th percentile", high(whole), PEER, high(peer_whole), "ms", bar, high(whole) <= most),
            Row(f"{name} click, script, 95th percentile", high(script), PEER, high(peer_script), "ms",
                "at most 5 ms", high(script) <= SCRIPT_MS),
        ]  # fmt: skip
    return rows
