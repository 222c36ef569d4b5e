"""What only whole notebooks show: two widgets of a kind on one page, all beside each other, links between them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages import accessibility_report, look, notebook

SETUP = """
from tcpbook import ConnectionLab, HandshakePlayer, StateExplorer
display(*[kind() for kind in (ConnectionLab, StateExplorer)] * 2, *[HandshakePlayer("abort")] * 2)
"""


def test_two_widgets_of_a_kind_are_told_apart(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    expect(page.locator(".tcpbook-view")).to_have_count(6)
    assert accessibility_report(page) == ""


@pytest.mark.parametrize(("name", "link"), [("glossary", "05 Port states"), ("rfc-map", "How long is two lifetimes?")])
def test_what_is_looked_up_leads_to_the_chapter(
    lab_page: Callable[..., Page], name: str, link: str
) -> None:
    page = lab_page(f"{name}.ipynb")
    tables = page.locator(".jp-RenderedMarkdown:has(table)")
    expect(tables.first).to_be_visible()
    look(page, name, ".jp-RenderedMarkdown")
    tables.get_by_role("link", name=link).first.click()
    expect(page.get_by_role("tab", name="05-port-states.ipynb")).to_have_attribute("aria-selected", "true")
