"""What the browser tests do with an open notebook."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tree import ROOT

SCREENSHOTS = ROOT / "build" / "screenshots"

RUN_MS = 60_000
"""How long a chapter may take to run."""

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

CHANGE_THEME = """(theme) => window.jupyterapp.commands.execute("apputils:change-theme", { theme })"""

RUN_ALL = """() => {
    window.allDone = false;
    window.jupyterapp.commands.execute("notebook:run-all-cells").then(() => { window.allDone = true; });
}"""


def notebook(*sources: str) -> dict[str, Any]:
    """Return a notebook of code cells that were not run yet."""
    empty: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [empty | {"id": f"cell-{number}", "source": source} for number, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def start_all(page: Page) -> None:
    """Run all cells, as the menu does, without waiting for the end."""
    page.evaluate(RUN_ALL)


def run_all(page: Page) -> None:
    """Run all cells and wait until the last one has finished."""
    start_all(page)
    page.wait_for_function("window.allDone", timeout=RUN_MS)


def change_theme(page: Page, theme: str) -> None:
    """Change JupyterLab's theme to "light" or "dark"."""
    page.evaluate(CHANGE_THEME, THEMES[theme])
    page.locator(f"body[data-jp-theme-name='{THEMES[theme]}']").wait_for(state="attached")


def accessibility_report(page: Page, context: str | dict[str, list[str]] = ".jp-OutputArea") -> str:
    """Return what axe finds wrong inside the outputs; empty where it finds nothing."""
    # preload would have it read the style sheets again, which a page from disk may not.
    results = Axe().run(page, context=context, options={"preload": False})
    return str(results.generate_report()) if results.violations_count else ""


def screenshot(page: Page, name: str) -> None:
    """Save what the window shows as build/screenshots/NAME.png."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def look(page: Page, name: str, context: str = ".jp-OutputArea") -> None:
    """Let axe judge the outputs in both themes, and save NAME-light.png and NAME-dark.png."""
    for theme in ("dark", "light"):
        change_theme(page, theme)
        assert accessibility_report(page, context) == "", theme
        screenshot(page, f"{name}-{theme}")
