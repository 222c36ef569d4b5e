"""FlagLab as a reader has it: by mouse and keyboard, beside a busy kernel and without one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import look, notebook, start_all
from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.state import State
from tcpbook.widgets.flag_table import CONDITIONS, look_up

SETUP = "from tcpbook import FlagLab\nlab = FlagLab(state='SYN-SENT')\nlab"
BUSY = "import threading\nprint('running')\nthreading.Event().wait(30)"
LIT = ".tcpbook-arc.tcpbook-lit"


def the_lab(page: Page) -> Locator:
    expect(page.locator(".tcpbook-lab")).to_have_count(1)
    return page.locator(".tcpbook-lab")


def answer(lab: Locator) -> Locator:
    return lab.locator(".tcpbook-told")


def toggle(lab: Locator, name: str) -> Locator:
    return lab.get_by_role("group", name="Control bits").get_by_role("button", name=name, exact=True)


def control(lab: Locator, name: str) -> Locator:
    return lab.get_by_role("combobox", name=name, exact=True)


def node(lab: Locator, state: str) -> Locator:
    return lab.locator(f"[data-state='{state}']:not([data-twin])")


def test_toggles_are_answered_on_the_graph(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    graph = lab.locator(".tcpbook-lab-graph")
    before = graph.evaluate("(graph) => graph.offsetTop")
    toggle(lab, "SYN").click()
    toggle(lab, "ACK").click()
    expect(toggle(lab, "SYN")).to_have_attribute("aria-pressed", "true")
    expect(toggle(lab, "FIN")).to_have_attribute("aria-pressed", "false")
    expect(lab.locator(LIT)).to_have_attribute("data-arc", "SYN-SENT-ESTABLISHED")
    expect(answer(lab)).to_have_text("SYN-SENT → ESTABLISHED, and replies <SEQ=101><ACK=301><CTL=ACK>")
    expect(lab.locator(".tcpbook-lab-word")).to_have_text("SYN,ACK: 0001 0010 = 0x12")
    expect(lab.locator(".tcpbook-lab-verdict")).to_contain_text("usual. The answer to a SYN.")
    look(page, "flag-lab")

    control(lab, "State").select_option("LISTEN")
    expect(lab.locator(LIT)).to_have_count(0)
    expect(answer(lab)).to_contain_text("LISTEN stays, and replies")
    expect(answer(lab)).to_contain_text("<CTL=RST>")
    assert graph.evaluate("(graph) => graph.offsetTop") == before

    lab.get_by_label("All states at once").check()
    expect(node(lab, "SYN-SENT")).to_have_attribute("aria-label", "SYN-SENT: → ESTABLISHED, ACK")
    expect(node(lab, "ESTABLISHED").locator(".tcpbook-note")).to_have_text("ACK")
    look(page, "flag-lab-everywhere")


def test_keyboard_alone(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    toggle(lab, "ACK").focus()
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(toggle(lab, "SYN")).to_have_attribute("aria-pressed", "true")
    expect(lab.locator(LIT)).to_have_attribute("data-arc", "SYN-SENT-ESTABLISHED")

    node(lab, "SYN-SENT").focus()
    page.keyboard.press("ArrowLeft")
    expect(node(lab, "SYN-RECEIVED")).to_be_focused()  # it stands to the left
    page.keyboard.press("ArrowUp")
    expect(node(lab, "LISTEN")).to_be_focused()
    page.keyboard.press("Enter")
    expect(node(lab, "LISTEN")).to_have_attribute("aria-pressed", "true")
    expect(node(lab, "LISTEN")).to_have_attribute("tabindex", "0")
    expect(node(lab, "SYN-SENT")).to_have_attribute("tabindex", "-1")
    expect(answer(lab)).to_contain_text("<CTL=RST>")


def test_send_it_walks_the_graph_and_undo_walks_back(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    expect(lab.get_by_role("button", name="Undo")).to_be_disabled()
    toggle(lab, "SYN").click()
    toggle(lab, "ACK").click()
    lab.get_by_role("button", name="Send it").click()
    expect(node(lab, "ESTABLISHED")).to_have_attribute("aria-pressed", "true")
    toggle(lab, "SYN").click()
    toggle(lab, "FIN").click()
    lab.get_by_role("button", name="Send it").click()
    expect(node(lab, "CLOSE-WAIT")).to_have_attribute("aria-pressed", "true")
    steps = lab.locator(".tcpbook-lab-history li")
    walked = ["SYN-SENT received SYN,ACK: → ESTABLISHED", "ESTABLISHED received FIN,ACK: → CLOSE-WAIT"]
    expect(steps).to_have_text(walked)
    lab.get_by_role("button", name="Undo").click()
    lab.get_by_role("button", name="Undo").click()
    expect(node(lab, "SYN-SENT")).to_have_attribute("aria-pressed", "true")
    expect(toggle(lab, "SYN")).to_have_attribute("aria-pressed", "true")


def test_conditions_that_mean_nothing_are_off_and_say_why(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    expect(control(lab, "SEQ")).to_be_disabled()
    expect(control(lab, "ACK")).to_be_disabled()
    expect(lab.locator(".tcpbook-lab-reasons")).to_contain_text("SYN-SENT has no RCV.NXT to compare SEQ with")
    node(lab, "ESTABLISHED").click()
    expect(control(lab, "SEQ")).to_be_enabled()
    toggle(lab, "RST").click()
    control(lab, "SEQ").select_option("later")
    expect(answer(lab)).to_contain_text("ESTABLISHED stays, and replies <SEQ=101><ACK=301><CTL=ACK>")
    control(lab, "RFC 5961").select_option("off")
    expect(answer(lab)).to_contain_text("ESTABLISHED → CLOSED")
    expect(lab.locator(LIT)).to_have_attribute("data-arc", "ESTABLISHED-CLOSED")


def test_it_answers_while_the_kernel_is_busy_and_after_it_is_gone(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, BUSY), run=False, kernel_goes=True)
    start_all(page)
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("running\n")
    lab = the_lab(page)
    toggle(lab, "SYN").click()
    expect(answer(lab)).to_contain_text("SYN-SENT → SYN-RECEIVED")
    assert not page.evaluate("window.allDone")
    page.evaluate("window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    page.get_by_text("Python 3 (ipykernel) | No Kernel").or_(page.get_by_text("No Kernel |")).first.wait_for()
    toggle(lab, "ACK").click()
    expect(answer(lab)).to_contain_text("SYN-SENT → ESTABLISHED")


@pytest.mark.long
def test_two_displays_show_the_same(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "lab"))
    labs = page.locator(".tcpbook-lab")
    expect(labs).to_have_count(2)
    toggle(labs.first, "SYN").click()
    expect(answer(labs.last)).to_contain_text("SYN-SENT → SYN-RECEIVED")


def test_page_and_table_agree_click_for_click(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    lab = the_lab(page)
    dice = random.Random(9293)
    chosen = {name: next(iter(choices)) for name, choices in CONDITIONS.items()}
    flags = 0
    for _ in range(40):
        flag = dice.choice([flag for flag in Flags if flag is not Flags.AE])
        state = dice.choice(list(State))
        toggle(lab, str(flag)).click()
        control(lab, "State").select_option(str(state))
        flags ^= int(flag)
        found = look_up(state, COMBINATIONS[flags], chosen)
        moves = f"{state} stays" if found["after"] == state else f"{state} → {found['after']}"
        replies = f", and replies {''.join(found['reply'])}" if found["reply"] else ", and sends nothing."
        expect(answer(lab)).to_have_text(moves + replies)
