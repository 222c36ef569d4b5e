"""A click in each widget beside a plain `graphviz` re-render on each click, in JupyterLab in headless Chromium.

Time runs from the click's `event.timeStamp` to the task after the first animation frame that shows the answer.
Script is what runs between the window's first and last listener of the click: the page's own handlers, and the
microtasks that they queue; the peer's handler only sends a message, and so does ConnectionLab's. They take turns on
one page, and every click finds page and kernel at rest.
"""

from __future__ import annotations

import shutil
import sys
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from playwright.sync_api import Locator, Page, sync_playwright

from benchmarks.row import Row

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from lab_server import NO_CHROMIUM, WINDOW, find_chromium, launch_options, serve
from pages import notebook

PEER = "graphviz re-render on each click"
ROUNDS, CLICKS = 10, 10  # short rounds: all meet the same load
PRESS_MS = 80  # from press to release, as a hand does it: what the press itself sets off is over by then

FRAMES_MS, SCRIPT_MS, KERNEL_MS = 2 * 1000 / 60, 5, 50

# One cell for all: JupyterLab does work of its own at a click into a cell that was not the active one.
CELL = """
from itertools import cycle
import graphviz, ipywidgets
from tcpbook import FlagLab
from tcpbook.figures.stategraph import source
from tcpbook.protocol.state import State
from tcpbook.widgets.connection_lab import ConnectionLab
from tcpbook.widgets.handshake_player import HandshakePlayer

graph, states = source(compact=False).removesuffix("}"), cycle(State)
button, drawing = ipywidgets.Button(description="Next state"), ipywidgets.HTML()

def render(_=None):
    filled = f'{graph} "{next(states)}" [style=filled fillcolor=lightblue] }}'
    drawing.value = graphviz.Source(filled).pipe(format="svg", encoding="utf-8")

button.on_click(render)
render()
display(FlagLab(state="SYN-SENT"), HandshakePlayer("three-way handshake"), ConnectionLab(),
        ipywidgets.VBox([button, drawing]))
"""

# Starts from rest: the kernel has answered the messages that came before, the page is painted where it stands, and
# JupyterLab has done what it does after a message and after scrolling.
WATCH = """async (part) => {
    await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo();
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
    await new Promise((idle) => requestIdleCallback(idle));
    window.sample = new Promise((resolve, reject) => {
        const { port1, port2 } = new MessageChannel();
        let stamp, start, script;
        addEventListener("click", (event) => {
            stamp = event.timeStamp;
            new MutationObserver((_, observer) => {
                observer.disconnect();
                requestAnimationFrame(() => port2.postMessage("shown"));
            }).observe(part, { childList: true, subtree: true });
            start = performance.now();
        }, { capture: true, once: true });
        addEventListener("click", () => { script = performance.now() - start; }, { once: true });
        port1.onmessage = () => resolve([performance.now() - stamp, script]);
        setTimeout(() => reject(new Error("a click changed nothing in 30 s")), 30_000);
    });
}"""


class Sample(NamedTuple):
    """One click, in ms."""

    whole: float
    script: float


def click(button: Locator, part: Locator) -> Sample:
    """Click with the mouse; return how long it took until `part` of the page had changed on the screen."""
    button.evaluate("(button) => button.scrollIntoView()")  # what it changes is below
    part.evaluate(WATCH)
    box = button.bounding_box()
    assert box
    button.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, delay=PRESS_MS)
    return Sample(*button.page.evaluate("window.sample"))


def measure(chromium: str) -> dict[str, list[Sample]]:
    """Return the samples of the clicks in each widget."""
    with TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        page = browser.new_page(viewport=WINDOW)
        lab.open(page, notebook(CELL))
        player, sandbox = page.locator(".tcpbook-player"), page.locator(".tcpbook-sandbox")
        drawing = page.locator(".widget-html-content")
        drawing.locator("svg").wait_for()
        clicked = {
            "FlagLab": (cycle(page.locator(".tcpbook-lab-bits button").all()), page.locator(".tcpbook-lab")),
            "HandshakePlayer": (cycle(named(player, "Step", "Back")), player),
            "ConnectionLab": (cycle(named(sandbox, "A OPEN active", "Undo")), sandbox),
            PEER: (cycle(named(page, "Next state")), drawing),
        }
        samples: dict[str, list[Sample]] = {name: [] for name in clicked}
        for _ in range(ROUNDS):
            for name, (buttons, part) in clicked.items():
                samples[name] += [click(next(buttons), part) for _ in range(CLICKS)]
        browser.close()
    return samples


def named(part: Page | Locator, *names: str) -> list[Locator]:
    """The buttons of these names."""
    return [part.get_by_role("button", name=name, exact=True) for name in names]


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
        through_kernel = name == "ConnectionLab"
        most = KERNEL_MS if through_kernel else FRAMES_MS
        bar = f"at most {most:.1f} ms" + ("" if through_kernel else ", two frames")
        rows += [
            Row(f"{name} click, median", median(whole), PEER, median(peer_whole), "ms"),
            Row(f"{name} click, 95th percentile", high(whole), PEER, high(peer_whole), "ms", bar, high(whole) <= most),
            Row(f"{name} click, script, 95th percentile", high(script), PEER, high(peer_script), "ms",
                "at most 5 ms", high(script) <= SCRIPT_MS),
        ]  # fmt: skip
    return rows
