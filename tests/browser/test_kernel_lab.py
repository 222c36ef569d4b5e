"""KernelLab as a reader has it: a guess, a call, what the kernel says, and TIME-WAIT counting down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import accessibility_report, look, notebook

SETUP = "from tcpbook.widgets.kernel_lab import KernelLab\nlab = KernelLab()\nlab"
OPENED = SETUP.replace("KernelLab()", "KernelLab('server listen', 'client connect')")


def the_lab(page: Page) -> Locator:
    expect(page.locator(".tcpbook-kernel")).to_have_count(1)
    return page.locator(".tcpbook-kernel")


def press(lab: Locator, name: str) -> None:
    lab.get_by_role("button", name=name, exact=True).click()


def expect_states(lab: Locator, client: str, server: str) -> None:
    expect(lab.locator(".tcpbook-ends strong")).to_have_text([client, server])
    for end, state in (("client", client), ("server", server)):
        expect(lab.get_by_role("img", name=f"State graph of {end}, by the kernel: {state}", exact=True)).to_be_visible()


def test_a_guess_then_the_kernel_s_answer_then_a_difference(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(OPENED))
    lab = the_lab(page)
    expect_states(lab, "ESTABLISHED", "ESTABLISHED")
    press(lab, "client half-close")
    expect(lab.locator(".tcpbook-kernel-question p")).to_have_text(
        "client half-close: in which states will both ends be then?"
    )
    expect_states(lab, "ESTABLISHED", "ESTABLISHED")
    lab.get_by_role("combobox", name="Your guess: the client", exact=True).select_option("FIN-WAIT-2")
    lab.get_by_role("combobox", name="Your guess: the server", exact=True).select_option("CLOSED")
    look(page, "kernel-asks")
    press(lab, "Ask the kernel")
    expect_states(lab, "FIN-WAIT-2", "CLOSE-WAIT")
    expect(lab.locator(".tcpbook-told")).to_contain_text("client FIN-WAIT-2, server CLOSED: half right.")
    expect(lab.locator(".tcpbook-kernel-story tbody tr").last).to_contain_text("half right")
    lab.get_by_role("checkbox", name="ask me first").uncheck()
    press(lab, "server close")
    expect_states(lab, "TIME-WAIT", "CLOSED")
    press(lab, "client abort")
    expect(lab.locator(".tcpbook-told")).to_contain_text("TIME-WAIT is not the socket's")
    expect_states(lab, "TIME-WAIT", "CLOSED")
    expect(lab.locator("[data-state='CLOSED'].tcpbook-possible").first).to_be_visible()
    look(page, "kernel-differs")
    lab.locator(".tcpbook-kernel-story").scroll_into_view_if_needed()
    look(page, "kernel-story")


def test_keyboard_alone_and_time_wait_counts_down_in_sight_only(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(OPENED, *["'below'"] * 40))
    lab = the_lab(page)
    page.evaluate("document.querySelector('.tcpbook-kernel').scrollIntoView()")
    lab.get_by_role("checkbox", name="ask me first").focus()
    page.keyboard.press("Space")
    for name in ("client half-close", "server close"):
        lab.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")
    expect_states(lab, "TIME-WAIT", "CLOSED")
    left = lab.get_by_role("row", name="Time left, by the kernel").first.get_by_role("cell")
    first = left.inner_text()
    expect(left).not_to_have_text(first)
    assert int(left.inner_text().split()[0]) < int(first.split()[0])
    assert accessibility_report(page) == ""


@pytest.mark.long
def test_out_of_sight_nothing_is_asked(lab_page: Callable[..., Page]) -> None:
    """Three seconds pass without a look; back in sight, the looks go on."""
    page = lab_page(notebook(OPENED.replace("connect'", "connect', 'client close', 'server close'")))
    lab = the_lab(page)
    left = lab.locator(".tcpbook-end td").nth(1)
    expect(left).not_to_have_text(left.inner_text())
    lab.evaluate("(lab) => { lab.style.display = 'none'; }")
    page.wait_for_timeout(1_500)  # what was underway is answered
    before = left.evaluate("(cell) => cell.textContent")
    page.wait_for_timeout(3_000)
    assert left.evaluate("(cell) => cell.textContent") == before
    lab.evaluate("(lab) => { lab.style.display = ''; }")
    expect(left).not_to_have_text(before)


@pytest.mark.long
def test_two_displays_and_python_show_the_same_and_starting_again(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(OPENED, "lab", "lab.do('client close')"))
    labs = page.locator(".tcpbook-kernel")
    expect(labs).to_have_count(2)
    for lab in (labs.first, labs.last):
        expect_states(lab, "FIN-WAIT-2", "CLOSE-WAIT")
    press(labs.first, "server close")
    expect(labs.last.locator(".tcpbook-kernel-question p")).to_contain_text("server close: in which states")
    press(labs.last, "Ask the kernel")
    expect_states(labs.first, "TIME-WAIT", "CLOSED")
    press(labs.first, "Start again")
    expect_states(labs.last, "CLOSED", "CLOSED")
    expect(labs.last.locator(".tcpbook-kernel-story tbody tr")).to_have_count(0)


@pytest.mark.long
def test_what_can_not_be_done_is_a_sentence(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(f"import sys\nsys.platform = 'darwin'\n{SETUP}"))
    lab = the_lab(page)
    expect(lab.get_by_role("alert")).to_contain_text("darwin tells no state of a connection")
    expect(lab.get_by_role("button", name="client connect", exact=True)).to_be_disabled()
    assert accessibility_report(page) == ""


@pytest.mark.long
def test_a_bad_text_is_a_sentence_and_it_fits_700_pixels(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(OPENED))
    lab = the_lab(page)
    lab.get_by_role("checkbox", name="ask me first").uncheck()
    text = lab.get_by_role("textbox", name="Text that the client sends")
    text.fill("x" * 300)
    text.press("Enter")
    expect(lab.get_by_role("alert")).to_contain_text("300 bytes, more than 200")
    text.fill("y" * 200)
    text.press("Enter")
    expect(lab.get_by_role("alert")).to_have_text("")
    text.fill("short")
    for zoom in (1, 2):
        lab.evaluate(f"(lab) => {{ lab.parentElement.style.width = '700px'; lab.style.zoom = {zoom}; }}")
        wide = lab.evaluate("""(lab) => [...lab.querySelectorAll("*")]
            .filter((part) => !part.closest("svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert wide == []
