"""ConnectionLab as a reader has it: every segment by hand, the clock, undo, sharing and saving."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import accessibility_report, look, notebook
from tcpbook.widgets.connection_lab import ConnectionLab

SETUP = "from tcpbook.widgets.connection_lab import ConnectionLab\nlab = ConnectionLab()\nlab"
SYN_ACK = "<SEQ=300><ACK=101><CTL=SYN,ACK> from B"


def the_lab(page: Page) -> Locator:
    expect(page.locator(".tcpbook-sandbox")).to_have_count(1)
    return page.locator(".tcpbook-sandbox")


def press(lab: Locator, name: str) -> None:
    lab.get_by_role("button", name=name, exact=True).click()


def expect_states(lab: Locator, a: str, b: str) -> None:
    expect(lab.locator(".tcpbook-ends strong")).to_have_text([a, b])
    for end, state in (("A", a), ("B", b)):
        expect(lab.get_by_role("img", name=f"State graph of {end}: {state}", exact=True)).to_be_visible()


def test_the_answer_is_dropped_and_comes_again_at_the_rto(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    expect_states(lab, "CLOSED", "CLOSED")
    press(lab, "B OPEN passive")
    press(lab, "A OPEN active")
    expect_states(lab, "SYN-SENT", "LISTEN")
    press(lab, "deliver <SEQ=100><CTL=SYN> from A")
    expect_states(lab, "SYN-SENT", "SYN-RECEIVED")
    expect(lab.locator(".tcpbook-sandbox-air li")).to_have_count(1)
    look(page, "sandbox")
    press(lab, f"drop {SYN_ACK}")
    expect(lab.locator(".tcpbook-sandbox-air")).to_have_text("Nothing is in the air.")
    press(lab, "Wait for the next event")
    expect(lab.locator(".tcpbook-sandbox-clock")).to_have_text("Clock: 1 s")
    expect(lab.locator(".tcpbook-told")).to_contain_text("A: RETRANSMISSION TIMEOUT; SYN-SENT stays, sends")
    press(lab, "Let time run")
    expect_states(lab, "ESTABLISHED", "ESTABLISHED")
    expect(lab.locator(".tcpbook-sandbox-story tbody tr").nth(2)).to_contain_text("X--")
    look(page, "sandbox-after")


def test_keyboard_alone_and_undo_to_any_moment(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    lab.get_by_role("button", name="B OPEN passive", exact=True).focus()
    page.keyboard.press("Enter")
    expect_states(lab, "CLOSED", "LISTEN")
    lab.get_by_role("button", name="A OPEN active", exact=True).focus()
    page.keyboard.press("Space")
    expect_states(lab, "SYN-SENT", "LISTEN")
    press(lab, "Let time run")
    text = lab.get_by_role("textbox", name="Text that A sends")
    text.fill("a word")
    text.press("Enter")
    press(lab, "Let time run")
    expect(lab.get_by_role("group", name="End B", exact=True)).to_contain_text("6 bytes unread")
    press(lab, "B RECEIVE")
    expect(lab.get_by_role("group", name="End B", exact=True)).to_contain_text("read “a word”")
    press(lab, "Undo")
    expect(lab.get_by_role("group", name="End B", exact=True)).to_contain_text("6 bytes unread")
    lab.locator("summary").click()
    press(lab, "Back to after A OPEN active")
    expect_states(lab, "SYN-SENT", "LISTEN")
    assert accessibility_report(page) == ""


def test_sharing_and_saving(lab_page: Callable[..., Page], tmp_path: Path) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    for name in ("B OPEN passive", "A OPEN active", "Let time run"):
        press(lab, name)
    expect_states(lab, "ESTABLISHED", "ESTABLISHED")
    lab.locator("summary").click()
    code = lab.get_by_role("textbox", name="Python that recreates the experiment").input_value()
    again = eval(code, {"ConnectionLab": ConnectionLab})
    assert again.actions == ["B OPEN passive", "A OPEN active", "run"]
    with page.expect_download() as download:
        press(lab, "Save B's capture")
    download.value.save_as(tmp_path / "b.pcap")
    assert download.value.suggested_filename == "B.pcap"
    assert (tmp_path / "b.pcap").read_bytes() == again.trace.capture(1)


@pytest.mark.long
def test_what_can_not_be_done_is_a_sentence(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    press(lab, "Wait for the next event")
    expect(lab.get_by_role("alert")).to_contain_text("nothing will happen by itself")
    press(lab, "A CLOSE")
    expect(lab.locator(".tcpbook-told")).to_contain_text('tells its user "error: connection does not exist"')
    expect(lab.get_by_role("alert")).to_have_text("")


@pytest.mark.long
def test_two_displays_and_python_show_the_same(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "lab", "lab.do('A OPEN active')"))
    labs = page.locator(".tcpbook-sandbox")
    expect(labs).to_have_count(2)
    for lab in (labs.first, labs.last):
        expect_states(lab, "SYN-SENT", "CLOSED")
    press(labs.first, "Undo")
    expect_states(labs.last, "CLOSED", "CLOSED")


@pytest.mark.long
def test_it_fits_700_pixels(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP.replace("Lab()", "Lab('B OPEN passive', 'A OPEN active', 'deliver 1')")))
    lab = the_lab(page)
    for zoom in (1, 2):
        lab.evaluate(f"(lab) => {{ lab.parentElement.style.width = '700px'; lab.style.zoom = {zoom}; }}")
        wide = lab.evaluate("""(lab) => [...lab.querySelectorAll("*")]
            .filter((part) => !part.closest("svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert wide == []
