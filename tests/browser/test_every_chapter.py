"""Every chapter as a reader has it: all its widgets are there, in both themes, in a narrow column, and zoomed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pages import look, screenshot
from tree import CHAPTERS

OUTPUTS = {"include": [".jp-OutputArea"], "exclude": [".dataframe"]}
"""What axe looks at: pandas leaves the heading of the index empty."""

TALL = 30_000
"""Pixels; higher than any chapter: JupyterLab leaves out what is out of sight."""

COLUMNS = {"700": 1_132, "zoomed": 640}
"""How wide the window is, in CSS pixels: the outputs have 700 of it; 1280 are half as many at 200 %."""

DISPLAYED = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.data?.["application/vnd.jupyter.widget-view+json"]).length"""

SHOWN = "(count) => document.querySelectorAll('.jp-OutputArea-child > * > .tcpbook-view').length === count"

LOST = """() => [...document.querySelectorAll(".tcpbook-view")].flatMap((view) => {
    const scrolls = (part) => ["auto", "scroll"].includes(getComputedStyle(part).overflowX);
    const lost = (part) => {
        const { width, height } = part.getBoundingClientRect();
        if (!part.checkVisibility()) return "";
        if (part.matches("button, input, select, textarea, summary, a") && Math.min(width, height) < 10) return "small";
        return part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1 && !scrolls(part) ? "wide" : "";
    };
    return [view, ...view.querySelectorAll("*:not(svg *)")].map((part) => [lost(part), part.outerHTML.slice(0, 120)]);
}).filter(([how]) => how)"""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_all_widgets_are_there_and_nothing_is_lost(lab_page: Callable[..., Page], chapter: Path) -> None:
    page = lab_page(chapter.name)
    displayed = page.evaluate(DISPLAYED)
    assert displayed
    page.set_viewport_size({"width": 1280, "height": TALL})
    page.wait_for_function(SHOWN, arg=displayed)
    look(page, chapter.stem, OUTPUTS)
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    for name, width in COLUMNS.items():
        page.set_viewport_size({"width": width, "height": TALL})
        assert page.evaluate(LOST) == [], name
        screenshot(page, f"{chapter.stem}-{name}")
