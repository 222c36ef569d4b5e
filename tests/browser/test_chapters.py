"""What only a whole chapter shows: two widgets of a kind on one page, and all beside each other."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from pages import accessibility_report, notebook

SETUP = """
from tcpbook import ConnectionLab, HandshakePlayer, StateExplorer
display(*[kind() for kind in (ConnectionLab, StateExplorer)] * 2, *[HandshakePlayer("abort")] * 2)
"""


def test_two_widgets_of_a_kind_are_told_apart(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    expect(page.locator(".tcpbook-view")).to_have_count(6)
    assert accessibility_report(page) == ""
