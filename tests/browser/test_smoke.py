"""One cell in JupyterLab: if this fails, no other browser test means anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages import accessibility_report, notebook, screenshot

BOLD = 'from IPython.display import HTML\nHTML("<b id=ok>ready</b>")'
NAMELESS = 'HTML("<button></button>")'


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_cell_shows_its_output(lab_page: Callable[..., Page], theme: str) -> None:
    page = lab_page(notebook(BOLD, "6 * 7"), theme)
    expect(page.locator("#ok")).to_have_text("ready")
    expect(page.locator(".jp-OutputArea-executeResult").last).to_contain_text("42")
    assert accessibility_report(page) == ""
    screenshot(page, f"smoke-{theme}")


def test_axe_sees_a_nameless_button(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(BOLD, NAMELESS))
    assert "button-name" in accessibility_report(page)
