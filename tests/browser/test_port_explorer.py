"""PortExplorer as a reader has it: searched, zoomed and asked, by mouse and keyboard, and without a kernel."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import accessibility_report, notebook, screenshot
from tcpbook import ports
from tcpbook.widgets.port_explorer import PortExplorer

SETUP = "from tcpbook.widgets.port_explorer import PortExplorer\nexplorer = PortExplorer()\nexplorer"
BUSY = "import threading\nprint('running')\nthreading.Event().wait(30)"


def the_explorer(page: Page) -> Locator:
    expect(page.locator(".tcpbook-ports")).to_have_count(1)
    return page.locator(".tcpbook-ports")


def press(explorer: Locator, name: str) -> None:
    explorer.get_by_role("button", name=name, exact=True).click()


def the_line(explorer: Locator, name: str) -> Locator:
    return explorer.get_by_role("group", name=name, exact=True)


def search(explorer: Locator, query: str) -> list[str]:
    explorer.get_by_role("textbox", name="Search").fill(query)
    return explorer.locator(".tcpbook-ports-results li").all_inner_texts()


def told(explorer: Locator) -> Locator:
    return explorer.locator(".tcpbook-ports-told")


def said(explorer: Locator) -> Locator:
    return explorer.locator(".tcpbook-ports-said")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_asks_then_shows_the_kernel_s_range_and_its_picks(lab_page: Callable[..., Page], theme: str) -> None:
    page = lab_page(notebook(SETUP), theme)
    explorer = the_explorer(page)
    opening = explorer.get_by_role("button", name="Open connections")
    expect(opening).to_be_disabled()
    expect(explorer.locator(".tcpbook-ports-own")).to_have_count(0)
    assert accessibility_report(page) == ""
    screenshot(page, f"port-explorer-{theme}-asks")
    press(explorer, "system")
    expect(explorer.locator(".tcpbook-ports-own")).to_have_count(1)
    here = ports.ephemeral()
    expect(explorer.locator(".tcpbook-ports-here")).to_contain_text(f"Your kernel picks from {here.first}–{here.last}")
    opening.click()
    expect(said(explorer)).to_contain_text("8 connections to 127.0.0.1:")
    expect(said(explorer)).to_contain_text(f"in the kernel's range {here.first}–{here.last}: 8.")
    expect(said(explorer)).to_contain_text("You said system: 0 of 8.")
    expect(explorer.locator(".tcpbook-ports-pick")).to_have_count(8)
    expect(the_line(explorer, "Ports 0 to 65535, 8 picked by the kernel")).to_be_visible()
    explorer.get_by_role("combobox", name="Connections").select_option("64")
    opening.click()
    expect(explorer.locator(".tcpbook-ports-pick")).to_have_count(64)
    expect(explorer.locator(".tcpbook-ports-older")).to_have_count(8)
    assert "http-alt: HTTP Alternate (see port 80)" in search(explorer, "8080")[0]
    explorer.get_by_role("textbox", name="Search").press("Enter")
    expect(told(explorer)).to_contain_text("8080, user (1024–49151). http-alt: HTTP Alternate (see port 80).")
    assert accessibility_report(page) == ""
    screenshot(page, f"port-explorer-{theme}")
    for _ in range(5):
        press(explorer, "Zoom in")
    expect(the_line(explorer, "Ports 8048 to 8111")).to_be_visible()
    assert accessibility_report(page) == ""
    screenshot(page, f"port-explorer-{theme}-near")
