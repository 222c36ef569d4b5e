"""Every chapter as a reader has it: all its widgets are there, in both themes, in a narrow column, and zoomed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pages import SCREENSHOTS, THEMES, accessibility_report, change_theme
from tree import CHAPTERS

OUTPUTS = {"include": [".jp-OutputArea"], "exclude": [".dataframe"]}
"""What axe looks at: pandas leaves the heading of the index empty."""

HIGH = 2_500
"""Pixels; higher than any widget."""

COLUMNS = {"700": 880, "zoomed": 640}
"""How wide the window is, in CSS pixels: the outputs have 700 of it; 1280 are half as many at 200 %."""

DISPLAYED = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.data?.["application/vnd.jupyter.widget-view+json"]).length"""

SHOWN = "(count) => document.querySelectorAll('.jp-OutputArea .tcpbook-view').length === count"

KINDS = "() => [...new Set([...document.querySelectorAll('.tcpbook-view')].map((view) => [...view.classList].at(-1)))]"

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
    page.wait_for_function(SHOWN, arg=displayed)
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    for name, width in COLUMNS.items():
        page.set_viewport_size({"width": width, "height": HIGH})
        assert page.evaluate(LOST) == [], name
    keep(page, f"{chapter.stem}-zoomed")
    page.set_viewport_size({"width": 1280, "height": HIGH})
    for theme in THEMES:
        change_theme(page, theme)
        assert accessibility_report(page, OUTPUTS) == "", theme
        keep(page, f"{chapter.stem}-{theme}")


def keep(page: Page, name: str) -> None:
    """Save a picture of the first widget of each kind, as build/screenshots/NAME-KIND.png."""
    for kind in page.evaluate(KINDS):
        page.locator(f".{kind}").first.screenshot(path=SCREENSHOTS / f"{name}-{kind.removeprefix('tcpbook-')}.png")
