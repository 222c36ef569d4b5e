"""CaptureExplorer as a reader has it: open a capture, find a connection, read its story, play it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import accessibility_report, notebook, screenshot

SETUP = "from tcpbook.lab import capture\nfrom tcpbook.lab.scenarios import SCENARIOS\ncapture.replay = lambda s, c: next(iter(SCENARIOS.values())).run()\nfrom tcpbook.widgets.capture_explorer import CaptureExplorer\nlab = CaptureExplorer()\nlab"


def the_explorer(page: Page) -> Locator:
    expect(page.locator(".tcpbook-captures")).to_have_count(1)
    return page.locator(".tcpbook-captures")


def open_capture(lab: Locator, name: str) -> None:
    lab.get_by_role("combobox", name="Capture").select_option(name)
    lab.get_by_role("button", name="Open", exact=True).click()
    expect(lab.locator(".tcpbook-captures-source")).to_contain_text(f"{name.removeprefix('./')}: ")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_a_capture_to_the_states_of_one_connection(lab_page: Callable[..., Page], theme: str) -> None:
    page = lab_page(notebook(SETUP), theme)
    lab = the_explorer(page)
    assert accessibility_report(page) == ""
    screenshot(page, f"captures-before-{theme}")
    open_capture(lab, "morning.pcapng")
    rows = lab.locator("tbody tr")
    expect(rows).to_have_count(9)
    lab.get_by_role("button", name="Connection 5").click()
    expect(lab.locator(".tcpbook-told")).to_contain_text("opened the connection")
    expect(page.locator(".tcpbook-player")).to_have_count(1)
    assert accessibility_report(page) == ""
    screenshot(page, f"captures-{theme}")
    page.locator(".tcpbook-player").scroll_into_view_if_needed()
    screenshot(page, f"captures-player-{theme}")
