"""A click in FlagLab beside a plain `graphviz` re-render on each click, in JupyterLab in headless Chromium.

Time runs from the click's `event.timeStamp` to the task after the first animation frame that shows the answer.
Script is what runs between the window's first and last listener of the click: the page's own handlers, and the
microtasks that they queue; the peer's handler only sends a message. The two take turns on one page, and every click
finds page and kernel at rest.
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

ROUNDS, CLICKS = 10, 10  # short rounds: both meet the same load

FRAMES_MS, SCRIPT_MS = 2 * 1000 / 60, 5

# One cell for both: JupyterLab does work of its own at a click into a cell that was not the active one.
CELL = """
from itertools import cycle
import graphviz, ipywidgets
from tcpbook import FlagLab
from tcpbook.figures.stategraph import source
from tcpbook.protocol.state import State
from tcpbook.protocol.transitions import transitions

graph, states = source(transitions()).removesuffix("}"), cycle(State)
button, drawing = ipywidgets.Button(description="Next state"), ipywidgets.HTML()

def render(_=None):
    filled = f'{graph} "{next(states)}" [style=filled fillcolor=lightblue] }}'
    drawing.value = graphviz.Source(filled).pipe(format="svg", encoding="utf-8")

button.on_click(render)
render()
display(FlagLab(state="SYN-SENT"), ipywidgets.VBox([button, drawing]))
"""

# Starts from rest: the kernel has answered the messages that came before, and the page is painted where it stands.
WATCH = """async (part) => {
    await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo();
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
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
    button.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return Sample(*button.page.evaluate("window.sample"))


def measure(chromium: str) -> tuple[list[Sample], list[Sample]]:
    """Return the samples of our clicks and of the peer's."""
    ours: list[Sample] = []
    theirs: list[Sample] = []
    with TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        page = browser.new_page(viewport=WINDOW)
        lab.open(page, notebook(CELL))
        flags = cycle(page.locator(".tcpbook-lab-bits button").all())
        flag_lab = page.locator(".tcpbook-lab")
        button, drawing = page.get_by_role("button", name="Next state"), page.locator(".widget-html-content")
        drawing.locator("svg").wait_for()
        for _ in range(ROUNDS):
            ours += [click(next(flags), flag_lab) for _ in range(CLICKS)]
            theirs += [click(button, drawing) for _ in range(CLICKS)]
        browser.close()
    return ours, theirs


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
    ours, theirs = ([list(column) for column in zip(*samples, strict=True)] for samples in measure(chromium))
    (whole, script), (peer_whole, peer_script) = ours, theirs
    peer = "graphviz re-render on each click"
    return [
        Row("FlagLab click, median", median(whole), peer, median(peer_whole), "ms"),
        Row("FlagLab click, 95th percentile", high(whole), peer, high(peer_whole), "ms",
            "at most two frames (33.3 ms)", high(whole) <= FRAMES_MS),
        Row("FlagLab click, script, 95th percentile", high(script), peer, high(peer_script), "ms",
            "at most 5 ms", high(script) <= SCRIPT_MS),
    ]  # fmt: skip
