"""CaptureExplorer as a reader has it: open a capture, find a connection, read its story, play it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from lab_server import Lab
from pages import accessibility_report, look, notebook, screenshot
from tcpbook.lab.captures import path

SETUP = "from tcpbook.widgets.capture_explorer import CaptureExplorer\nlab = CaptureExplorer()\nlab"
HOSTILE = "<img src=x onerror=alert(1)>&\"'.pcap"


def the_explorer(page: Page) -> Locator:
    expect(page.locator(".tcpbook-captures")).to_have_count(1)
    return page.locator(".tcpbook-captures")


def source(lab: Locator) -> Locator:
    return lab.locator(".tcpbook-captures-source")


def open_capture(lab: Locator, name: str) -> None:
    lab.get_by_role("combobox", name="Capture").select_option(name)
    lab.get_by_role("button", name="Open", exact=True).click()
    expect(source(lab)).to_contain_text(f"{name.removeprefix('./')}: ")


def expect_connections(lab: Locator, *numbers: int) -> None:
    expect(lab.locator("tbody th")).to_have_text(list(map(str, numbers)))


def test_from_a_capture_to_the_states_of_one_connection(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_explorer(page)
    expect(lab).to_contain_text("Up to 10 MB, as Jupyter takes no larger messages. Upload a larger one")
    expect(lab.get_by_role("table")).to_be_hidden()
    look(page, "captures-before")
    open_capture(lab, "never-closed.pcap")
    expect_connections(lab, 0, 1)
    lab.get_by_role("button", name="Connection 0").click()
    expect(lab.locator(".tcpbook-told")).to_contain_text("CLOSE-WAIT")
    expect(lab).to_contain_text("Below, step by step: all its segments.")
    player = page.locator(".tcpbook-player")
    expect(player.locator(".tcpbook-ends strong")).to_have_text(["FIN-WAIT-2", "CLOSE-WAIT"])
    look(page, "captures")
    page.wait_for_function("document.querySelector('.tcpbook-player-ladder').scrollTop > 0")  # the end is on show
    player.get_by_role("button", name="Back").click()
    player.scroll_into_view_if_needed()
    look(page, "captures-player")
    open_capture(lab, "morning.pcapng")
    expect(player).to_have_count(0)
    expect(lab.locator(".tcpbook-told")).to_be_hidden()
    lab.get_by_role("button", name="Connection 5").click()
    expect(lab.locator(".tcpbook-told")).to_contain_text("22 duplicate ACKs")
    expect(player).to_have_count(1)
    look(page, "captures-morning")


def test_find_by_keyboard(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(f"{SETUP.rsplit(chr(10), 1)[0]}\nlab.open('morning.pcapng')\nlab"))
    lab = the_explorer(page)
    search = lab.get_by_role("textbox", name="Filter")
    search.focus()
    page.keyboard.type("8080 rst")
    expect_connections(lab, 1, 4)
    expect(lab).to_contain_text("2 of 9 shown")
    expect(search).to_be_focused()
    search.fill("")
    expect_connections(lab, *range(9))
    lab.get_by_role("button", name="Bytes").focus()
    page.keyboard.press("Enter")
    expect(lab.get_by_role("columnheader", name="Bytes")).to_have_attribute("aria-sort", "ascending")
    expect_connections(lab, 1, 0, 2, 3, 4, 7, 8, 6, 5)
    page.keyboard.press("Enter")
    expect(lab.get_by_role("columnheader", name="Bytes")).to_have_attribute("aria-sort", "descending")
    expect_connections(lab, 5, 6, 0, 2, 3, 4, 7, 8, 1)
    expect(lab.locator("[aria-sort]")).to_have_count(1)
    expect(lab.get_by_role("button", name="Bytes")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(lab.get_by_role("button", name="Connection 5")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(lab.get_by_role("button", name="Connection 6")).to_have_attribute("aria-pressed", "true")
    expect(lab.get_by_role("button", name="Connection 6")).to_be_focused()
    expect(lab.locator(".tcpbook-told")).to_contain_text("opened the connection")
    expect(lab.locator("tbody [aria-pressed=true]")).to_have_count(1)
    page.keyboard.press("End")
    expect(lab.get_by_role("button", name="Connection 1")).to_be_focused()


def test_the_display_filter_is_copied(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(f"{SETUP.rsplit(chr(10), 1)[0]}\nlab.open('ipv6.pcap')\nlab.choose(0)\nlab"))
    lab = the_explorer(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.get_by_role("button", name="Copy the display filter tcp.stream eq 0").click()
    expect(lab).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "tcp.stream eq 0"
    # where the page may not: not served by https
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    lab.get_by_role("button", name="Copy the display filter ipv6.addr").click()
    expect(lab).to_contain_text("Selected: copy it with Ctrl+C or ⌘C.")
    page.evaluate("delete navigator.clipboard")
    assert page.evaluate("getSelection().toString()").startswith("ipv6.addr eq 2001:db8::1 and ipv6.addr eq")


def test_a_capture_of_the_reader_s_own(lab_page: Callable[..., Page], lab_server: Lab) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_explorer(page)
    hostile, odd = lab_server.folder / HOSTILE, lab_server.folder / os.fsdecode(b"\xff.pcap")
    try:
        hostile.write_bytes(path("refused.pcap").read_bytes())
        odd.write_bytes(path("abort.pcap").read_bytes()[:-1])
        lab.get_by_role("button", name="Look again").click()
        open_capture(lab, f"./{HOSTILE}")
        expect_connections(lab, 0)
        open_capture(lab, "./\\udcff.pcap")
        expect(lab.get_by_role("listitem")).to_contain_text("is damaged after packet 7")
    finally:
        hostile.unlink(missing_ok=True)
        odd.unlink(missing_ok=True)
    lab.get_by_role("combobox", name="Capture").select_option(f"./{HOSTILE}")
    lab.get_by_role("button", name="Open", exact=True).click()
    expect(lab.get_by_role("alert").first).to_contain_text("onerror=alert(1)>&\"'.pcap is no file; give the path")
    expect(lab.locator("img")).to_have_count(0)
    screenshot(page, "captures-damaged")
    assert accessibility_report(page) == ""


def test_a_capture_is_sent(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_explorer(page)
    choose = lab.get_by_label("Or send a small one")
    kind = "application/octet-stream"
    choose.set_input_files({"name": HOSTILE, "mimeType": kind, "buffer": path("abort.pcap").read_bytes()})
    expect(source(lab)).to_contain_text(f"{HOSTILE}: one connection, eight segments")
    choose.set_input_files({"name": HOSTILE, "mimeType": kind, "buffer": b"hello"})
    expect(lab.get_by_role("alert").first).to_contain_text(f"{HOSTILE} is no capture: it begins with 68 65 6c 6c")
    expect_connections(lab, 0)
    choose.set_input_files({"name": "large.pcap", "mimeType": kind, "buffer": bytes(10_000_001)})
    expect(lab.get_by_role("alert").first).to_have_text(
        "large.pcap has 10,000,001 bytes, Jupyter takes at most 10,000,000 this way; upload it with JupyterLab's file "
        "browser, then look again."
    )
    # the largest that may be sent, filled up behind the damage
    full = path("refused.pcap").read_bytes().ljust(10_000_000, b"\xff")
    choose.set_input_files({"name": "full.pcap", "mimeType": kind, "buffer": full})
    expect(source(lab)).to_contain_text("full.pcap: one connection, two segments")
    expect(lab.locator("img")).to_have_count(0)


@pytest.mark.long
def test_two_displays_show_the_same(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "lab"))
    labs = page.locator(".tcpbook-captures")
    expect(labs).to_have_count(2)
    open_capture(labs.last, "morning.pcapng")
    labs.first.get_by_role("textbox", name="Filter").fill("refused")
    for lab in (labs.first, labs.last):
        expect_connections(lab, 1)
        expect(lab.get_by_role("textbox", name="Filter")).to_have_value("refused")
    labs.last.get_by_role("button", name="Connection 1").click()
    expect(page.locator(".tcpbook-player")).to_have_count(2)


@pytest.mark.long
def test_it_fits_700_pixels(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(f"{SETUP.rsplit(chr(10), 1)[0]}\nlab.open('morning.pcapng')\nlab.choose(3)\nlab"))
    lab = the_explorer(page)
    for zoom in (1, 2):
        lab.evaluate(f"(lab) => {{ lab.parentElement.style.width = '700px'; lab.style.zoom = {zoom}; }}")
        wide = lab.evaluate("""(lab) => [...lab.querySelectorAll("*")]
            .filter((part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert wide == []
