"""One cell in JupyterLab: if this fails, no other browser test means anything."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from pages import accessibility_report, look, notebook

BOLD = 'from IPython.display import HTML\nHTML("<b id=ok>ready</b>")'
NAMELESS = 'HTML("<button></button>")'


def test_a_cell_shows_its_output(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(BOLD, "6 * 7"))
    expect(page.locator("#ok")).to_have_text("ready")
    expect(page.locator(".jp-OutputArea-executeResult").last).to_contain_text("42")
    look(page, "smoke")


def test_axe_sees_a_nameless_button(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(BOLD, NAMELESS))
    assert "button-name" in accessibility_report(page)
