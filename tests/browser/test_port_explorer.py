"""PortExplorer as a reader has it: searched, zoomed and asked, by mouse and keyboard, and without a kernel."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import look, notebook, start_all
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
    return explorer.locator(".tcpbook-told")


def said(explorer: Locator) -> Locator:
    return explorer.locator(".tcpbook-ports-said")


def test_it_asks_then_shows_the_kernel_s_range_and_its_picks(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    opening = explorer.get_by_role("button", name="Open connections")
    expect(opening).to_be_disabled()
    expect(explorer.locator(".tcpbook-ports-own")).to_have_count(0)
    look(page, "port-explorer-asks")
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
    look(page, "port-explorer")
    for _ in range(5):
        press(explorer, "Zoom in")
    expect(the_line(explorer, "Ports 8048 to 8111")).to_be_visible()
    look(page, "port-explorer-near")


def test_keyboard_alone(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    the_line(explorer, "Ports 0 to 65535").focus()
    page.keyboard.press("+")
    expect(the_line(explorer, "Ports 24576 to 40959")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(the_line(explorer, "Ports 22528 to 38911")).to_be_focused()
    page.keyboard.press("PageDown")
    expect(the_line(explorer, "Ports 38912 to 55295")).to_be_focused()
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    expect(the_line(explorer, "Ports 49152 to 65535")).to_be_focused()
    for _ in range(6):
        page.keyboard.press("+")
    expect(the_line(explorer, "Ports 57312 to 57375")).to_be_focused()
    page.keyboard.press("-")
    expect(the_line(explorer, "Ports 57216 to 57471")).to_be_focused()
    page.keyboard.press("Home")
    expect(the_line(explorer, "Ports 0 to 65535")).to_be_focused()
    explorer.get_by_role("textbox", name="Search").focus()
    page.keyboard.type("mail transfer")
    page.keyboard.press("Tab")
    expect(explorer.get_by_role("button", name="25 smtp: Simple Mail Transfer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(told(explorer)).to_contain_text("25, system (0–1023). smtp: Simple Mail Transfer.")
    explorer.get_by_role("button", name="dynamic", exact=True).focus()
    page.keyboard.press("Space")
    expect(explorer.get_by_role("button", name="dynamic", exact=True)).to_have_attribute("aria-pressed", "true")
    explorer.get_by_role("button", name="Open connections").focus()
    page.keyboard.press("Enter")
    expect(said(explorer)).to_contain_text("8 connections to 127.0.0.1:")
    expect(explorer.get_by_role("button", name="Open connections")).to_be_focused()


def test_a_click_on_the_line_chooses_a_port_and_the_kernel_s_range_has_a_button(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    expect(explorer.get_by_role("button", name="kernel's range")).to_be_disabled()
    press(explorer, "dynamic 49152–65535")
    the_line(explorer, "Ports 49152 to 65535").click()
    expect(told(explorer)).to_contain_text(", dynamic (49152–65535). Dynamic: never assigned.")
    chosen = int(told(explorer).locator("strong").inner_text())
    assert abs(chosen - 57_344) < 100
    press(explorer, "user")
    here = ports.ephemeral()
    where = "in" if chosen in here else "outside"
    expect(told(explorer)).to_contain_text(f"It is {where} the kernel's own range.")
    press(explorer, "kernel's range")
    expect(the_line(explorer, f"Ports {here.first} to {here.last}")).to_be_visible()


def test_a_number_without_an_entry_is_an_answer(lab_page: Callable[..., Page]) -> None:
    explorer = the_explorer(lab_page(notebook(SETUP)))
    assert search(explorer, "81")[0] == "81 Unassigned: IANA may assign it"
    assert search(explorer, "60000")[0] == "60000 Dynamic: never assigned"
    assert search(explorer, "49151")[0] == "49151 Reserved"
    assert search(explorer, "70000") == ["No TCP entry holds all of these words."]
    assert search(explorer, "<b>") == ["No TCP entry holds all of these words."]
    assert search(explorer, "  ") == ["What you search for is listed here."]


def test_it_answers_while_the_kernel_is_busy_and_after_it_is_gone(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, BUSY), run=False, kernel_goes=True)
    start_all(page)
    expect(page.locator(".jp-OutputArea-output").get_by_text("running", exact=True)).to_be_visible(timeout=60_000)
    explorer = the_explorer(page)
    assert search(explorer, "ssh")[0] == "22 ssh: The Secure Shell (SSH) Protocol"
    press(explorer, "dynamic")
    press(explorer, "Open connections")
    expect(said(explorer)).to_have_text("Asked Python: no answer comes while it is busy, or once it has gone.")
    page.evaluate("window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    page.get_by_text("Python 3 (ipykernel) | No Kernel").or_(page.get_by_text("No Kernel |")).first.wait_for()
    press(explorer, "system 0–1023")
    expect(the_line(explorer, "Ports 0 to 1023")).to_be_visible()
    assert search(explorer, "https")[0] == "443 https: http protocol over TLS/SSL"


@pytest.mark.long
def test_two_displays_show_the_same_and_nothing_moves(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    both = page.locator(".tcpbook-ports")
    expect(both).to_have_count(2)
    heights = both.first.evaluate("(view) => view.offsetHeight")
    press(both.first, "user")
    press(both.last, "Open connections")
    for one in both.all():
        expect(one.locator(".tcpbook-ports-pick")).to_have_count(8)
        expect(said(one)).to_contain_text("8 connections")
    assert len(search(both.first, "mail")) > 20
    expect(both.last.get_by_role("textbox", name="Search")).to_have_value("mail")
    both.last.locator(".tcpbook-ports-results button").first.click()
    for _ in range(5):
        press(both.first, "Zoom in")
    expect(told(both.first)).to_contain_text("24, system")
    assert both.first.evaluate("(view) => view.offsetHeight") == heights


@pytest.mark.long
def test_page_and_python_find_the_same(lab_page: Callable[..., Page]) -> None:
    explorer, twin = the_explorer(lab_page(notebook(SETUP))), PortExplorer()
    for query in ("http", "80", "mail", "database server", "ETHERNET", "x11", "a", "tacacs", "no such thing"):
        twin.query = query
        rows = twin.found
        listed = [line for line in search(explorer, query) if not line.startswith("No TCP")]
        assert [line.split(" ")[0] for line in listed] == [str(port) for port in rows["port"][:100]]
        for line, name in zip(listed, rows["service"], strict=False):
            assert line.partition(" ")[2].startswith(name)
        counted = re.match(r"\d+", explorer.locator(".tcpbook-ports-count").inner_text())
        assert counted
        assert int(counted[0]) == len(rows)


@pytest.mark.long
def test_nothing_is_wider_than_the_column_at_twice_the_size(lab_page: Callable[..., Page]) -> None:
    explorer = the_explorer(lab_page(notebook(SETUP)))
    press(explorer, "user")
    press(explorer, "Open connections")
    expect(said(explorer)).to_contain_text("8 connections")
    search(explorer, "server")
    for zoom in (1, 2):
        explorer.evaluate(f"(view) => {{ view.parentElement.style.width = '700px'; view.style.zoom = {zoom}; }}")
        wide = explorer.evaluate("""(view) => [...view.querySelectorAll("*")]
            .filter((part) => !part.closest("svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert wide == []
