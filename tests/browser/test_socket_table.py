"""SocketTable as a reader has it: the guess, the live table, the states to press, a pasted table."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import accessibility_report, look, notebook, screenshot

SETUP = "from tcpbook.widgets.socket_table import SocketTable\ntable = SocketTable()\ntable"
LEAK = """\
import socket
server = socket.create_server(("127.0.0.1", 0), backlog=32)
calls = [socket.create_connection(server.getsockname()) for _ in range(30)]
held = [server.accept()[0] for _ in calls]
for call in calls:
    call.close()
"""
RECORDED = """\
from tcpbook import sockets
from tcpbook.widgets import socket_table
socket_table.sockets.here = lambda: sockets.recorded("healthy")
"""
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNT = """() => {
    window.asked = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        if (text.includes('"look":true')) window.asked += 1;
        return send.call(this, data);
    };
}"""


def the_table(page: Page) -> Locator:
    expect(page.locator(".tcpbook-sockets")).to_have_count(1)
    return page.locator(".tcpbook-sockets")


def press(table: Locator, name: str) -> None:
    table.get_by_role("button", name=name, exact=True).click()


def guess(table: Locator, state: str) -> None:
    table.get_by_role("combobox").select_option(state)
    press(table, "Look")
    expect(table.locator(".tcpbook-sockets-told")).to_contain_text(f"You said {state}")


def state(table: Locator, name: str) -> Locator:
    return table.locator(f"[data-state={name}]:not([data-twin])")


def test_a_leak_in_the_readers_own_program(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(LEAK, SETUP))
    table = the_table(page)
    expect(table.get_by_role("button", name="Look", exact=True)).to_be_disabled()
    expect(table.get_by_role("button", name="Look again")).to_be_disabled()
    expect(table.locator("tbody tr")).to_have_count(0)
    expect(table).to_contain_text("Guess first, then look.")
    look(page, "sockets-before")
    guess(table, "CLOSE-WAIT")
    expect(table.locator(".tcpbook-sockets-meaning li")).to_contain_text("CLOSE-WAIT leak: port ")
    state(table, "CLOSE-WAIT").click()
    expect(state(table, "CLOSE-WAIT")).to_have_attribute("aria-pressed", "true")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(13)
    expect(rows.last).to_contain_text("more in CLOSE-WAIT")
    expect(table).to_contain_text("CLOSE-WAIT: 3")
    look(page, "sockets")


def test_by_keyboard_and_while_the_kernel_is_gone(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(RECORDED, SETUP), kernel_goes=True)
    table = the_table(page)
    table.get_by_role("combobox").select_option("ESTABLISHED")
    table.get_by_role("button", name="Look", exact=True).focus()
    page.keyboard.press("Enter")
    expect(table.locator(".tcpbook-sockets-told")).to_have_text(
        "Right. You said ESTABLISHED; most are in ESTABLISHED: 314 of 395."
    )
    page.evaluate("() => window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    state(table, "CLOSED").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(state(table, "LISTEN")).to_have_attribute("aria-pressed", "true")
    expect(table.locator("tbody tr")).to_have_count(3)
    page.keyboard.press("Space")
    expect(state(table, "LISTEN")).to_have_attribute("aria-pressed", "false")
    expect(state(table, "TIME-WAIT")).to_have_attribute("aria-label", "TIME-WAIT: 72")


def test_a_pasted_table(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(RECORDED, SETUP))
    table = the_table(page)
    table.locator("summary").click()
    box = table.get_by_role("textbox", name="A socket table as text")
    box.fill("hello")
    press(table, "Read it")
    expect(table.get_by_role("alert").last).to_contain_text("5 characters show no TCP socket; paste what")
    box.fill("\n".join(f"SYN-RECV 0 0 10.0.0.1:80 203.0.113.{n}:{2_000 + n}" for n in range(1, 200)) + "\n<b>hello</b>")
    press(table, "Read it")
    expect(table.locator(".tcpbook-sockets-meaning")).to_contain_text("1 line was not read: '<b>hello</b>'.")
    expect(table.locator(".tcpbook-sockets-meaning li")).to_contain_text("SYN flood: port 80, 199 of 199 connections.")
    expect(table.get_by_role("alert").last).to_have_text("")
    expect(table.locator(".tcpbook-sockets-status")).to_contain_text("Your paste, ")
    assert accessibility_report(page) == ""
    screenshot(page, "sockets-paste")


@pytest.mark.long
def test_live_does_not_ask_unseen(lab_page: Callable[..., Page]) -> None:
    """Each bound holds however slow the machine is: a message too many is the only way to fail."""
    space = "from IPython.display import HTML\nHTML('<div style=\"height: 3000px\"></div>')"
    page = lab_page(notebook(RECORDED, SETUP, space, "1"))
    table = the_table(page)
    page.evaluate(COUNT)
    guess(table, "LISTEN")
    table.get_by_role("checkbox", name="every second").check()
    page.wait_for_function("window.asked >= 3")
    # out of view
    page.locator(".jp-CodeCell").last.scroll_into_view_if_needed()
    expect(table).not_to_be_in_viewport()
    before = page.evaluate("window.asked")
    page.wait_for_timeout(3_000)
    assert page.evaluate("window.asked") <= before + 1
    # in view again
    table.scroll_into_view_if_needed()
    page.wait_for_function(f"window.asked >= {before + 2}")
    # behind another tab
    page.evaluate(HIDE, True)
    before = page.evaluate("window.asked")
    page.wait_for_timeout(2_500)
    assert page.evaluate("window.asked") <= before + 1
    page.evaluate(HIDE, False)
    page.wait_for_function(f"window.asked >= {before + 2}")
    # not any more
    table.get_by_role("checkbox", name="every second").uncheck()
    before = page.evaluate("window.asked")
    page.wait_for_timeout(2_500)
    assert page.evaluate("window.asked") <= before + 1


@pytest.mark.long
def test_a_slow_kernel_is_not_asked_again_before_it_has_answered(lab_page: Callable[..., Page]) -> None:
    slow = "import time\nsocket_table.sockets.here = lambda: time.sleep(2) or sockets.recorded('healthy')"
    page = lab_page(notebook(RECORDED, slow, SETUP))
    table = the_table(page)
    page.evaluate(COUNT)
    guess(table, "LISTEN")
    table.get_by_role("checkbox", name="every second").check()
    page.wait_for_function("window.asked >= 1")
    page.wait_for_timeout(6_000)
    assert page.evaluate("window.asked") <= 3
    expect(table.locator(".tcpbook-sockets-status")).to_have_text("Waiting for the kernel, which is busy.")


@pytest.mark.long
def test_two_displays_show_the_same(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(RECORDED, SETUP, "table"))
    tables = page.locator(".tcpbook-sockets")
    expect(tables).to_have_count(2)
    guess(tables.last, "LISTEN")
    expect(tables.first.locator(".tcpbook-sockets-told")).to_contain_text("You said LISTEN")
    state(tables.first, "FIN-WAIT-2").click()
    for table in (tables.first, tables.last):
        expect(table.locator("tbody tr")).to_have_count(3)
        expect(table).to_contain_text("FIN-WAIT-2: 3 sockets")


@pytest.mark.long
def test_it_fits_700_pixels(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(RECORDED, SETUP))
    table = the_table(page)
    guess(table, "LISTEN")
    table.locator("summary").click()
    for zoom in (1, 2):
        table.evaluate(f"(table) => {{ table.parentElement.style.width = '700px'; table.style.zoom = {zoom}; }}")
        wide = table.evaluate("""(table) => [...table.querySelectorAll("*")]
            .filter((part) => !part.closest("svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert wide == []
