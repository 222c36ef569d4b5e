"""The reader commits first, then sees; by mouse and keyboard, without the kernel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from pages import look, notebook, start_all

SETUP = """
from tcpbook.exercises import predict
from tcpbook.protocol.flags import Flags
reply = predict.choice("What answers a SYN in LISTEN?", ["SYN,ACK", "RST", "<b>nothing</b>"], "SYN,ACK",
                       "LISTEN moves on to SYN-RECEIVED.", {"RST": "RST is for <i>what</i> can't be."})
length = predict.number("How long is a header of 6 words, in bytes?", lambda: 6 * 4, "A word is 4 bytes.")
bits = predict.flags("Which bits has the second segment?", Flags.SYN | Flags.ACK, "It does both.")
"""
MORE = """
from tcpbook.exercises import predict
order = predict.order("In which order?", ["SYN,ACK", "SYN", "ACK"], ["SYN", "SYN,ACK", "ACK"], "A calls, B answers.")
arc = predict.arc("Which arc does the SYN,ACK take?", "SYN-SENT → ESTABLISHED", "A had called.")
"""
BUSY = "import time\nprint('running', flush=True)\ntime.sleep(30)"


def questions(page: Page) -> list[Locator]:
    expect(page.locator(".tcpbook-predict")).to_have_count(3)
    return page.locator(".tcpbook-predict").all()


def layout(page: Page) -> list[list[float]]:
    """Where every control is, counted from the first question: the page itself may scroll."""
    places: list[list[float]] = page.evaluate("""() => {
        const first = document.querySelector(".tcpbook-predict").getBoundingClientRect();
        const parts = document.querySelectorAll(".tcpbook-predict, .tcpbook-predict :is(button, input)");
        return [...parts].map((part) => part.getBoundingClientRect())
            .map(({ x, y, width, height }) => [x - first.x, y - first.y, width, height]);
    }""")
    return places


def outcome(question: Locator) -> Locator:
    return question.locator("[aria-live=polite]")


def test_commit_reveals_the_outcome_and_nothing_moves(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "reply", "length", "bits"))
    reply, length, bits = questions(page)
    before = layout(page)
    expect(outcome(reply)).to_have_text("The outcome appears here.")

    reply.get_by_label("RST").check()
    reply.get_by_role("button", name="certain").click()
    expect(outcome(reply)).to_contain_text("Not yet: the answer is SYN,ACK. You answered RST (certain).")
    expect(outcome(reply)).to_contain_text("RST is for <i>what</i> can't be.")
    expect(reply.get_by_role("button", name="certain")).to_have_attribute("aria-pressed", "true")
    expect(reply.get_by_label("SYN,ACK")).to_be_disabled()

    length.get_by_role("textbox").fill("0x18")
    length.get_by_role("button", name="a guess").click()
    expect(outcome(length)).to_contain_text("Right. You answered 24 (a guess).")

    bits.get_by_role("button", name="ACK").click()
    bits.get_by_role("button", name="SYN").click()
    bits.get_by_role("button", name="fairly sure").click()
    expect(outcome(bits)).to_contain_text("Right. You answered SYN,ACK (fairly sure).")

    assert layout(page) == before
    look(page, "predict")


def test_keyboard_alone_answers(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "reply", "length", "bits"))
    reply, _, bits = questions(page)
    reply.get_by_label("SYN,ACK").focus()
    page.keyboard.press("ArrowDown")
    expect(reply.get_by_label("RST")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(outcome(reply)).to_contain_text("You answered RST (fairly sure).")

    bits.get_by_role("button", name="FIN").focus()
    page.keyboard.press("Space")
    expect(bits.get_by_role("button", name="FIN")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(outcome(bits)).to_contain_text("You answered FIN (a guess).")


def test_what_cannot_be_committed_gets_a_sentence(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "reply", "length", "bits"))
    reply, length, _ = questions(page)
    reply.get_by_role("button", name="certain").click()
    expect(reply.get_by_role("status")).to_have_text("Choose an answer first.")
    for text in ("", "2 4", "1,24", "-24", "0x", "<b>24</b>"):
        length.get_by_role("textbox").fill(text)
        length.get_by_role("button", name="certain").click()
        expect(length.get_by_role("status")).to_contain_text("Write a whole number, like 18, 1,024 or 0x12.")
    expect(outcome(length)).to_have_text("The outcome appears here.")
    length.get_by_role("textbox").fill("4,294,967,295")
    length.get_by_role("button", name="certain").click()
    expect(outcome(length)).to_contain_text("You answered 4294967295 (certain).")


def test_it_answers_while_a_cell_runs_and_after_the_kernel_is_gone(
    lab_page: Callable[..., Page], lab_server: Any
) -> None:
    page = lab_page(notebook(SETUP, "reply", "length", "bits", BUSY), run=False, kernel_goes=True)
    start_all(page)
    reply, length, _ = questions(page)
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("running\n")
    reply.get_by_label("RST").check()
    reply.get_by_role("button", name="certain").click()
    expect(outcome(reply)).to_contain_text("You answered RST (certain).", timeout=1000)
    expect(page.locator(".jp-InputPrompt").last).to_have_text("[*]:")

    lab_server.stop_kernels()
    length.get_by_role("textbox").fill("24")
    length.get_by_role("button", name="certain").click()
    expect(outcome(length)).to_contain_text("You answered 24 (certain).", timeout=1000)


def test_python_learns_the_answer_and_a_second_display_shows_it(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "reply", "reply", "length", "print(reply.outcome)"))
    first, second, _ = questions(page)
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("Not answered yet.\n")
    first.get_by_label("RST").check()
    first.get_by_role("button", name="certain").click()
    expect(outcome(second)).to_contain_text("You answered RST (certain).")
    expect(second.get_by_label("RST")).to_be_checked()
    page.locator(".jp-Cell .cm-content").last.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea-output").last).to_contain_text("You answered RST (certain).")


def test_segments_are_put_in_order_by_keyboard(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(MORE, "order", "arc"))
    order, arc = page.locator(".tcpbook-predict").all()
    down = order.get_by_role("button", name="Move A down")
    down.focus()
    page.keyboard.press("Enter")
    expect(down).to_be_focused()
    rows = [re.compile("BSYN$"), re.compile("ASYN,ACK$"), re.compile("CACK$")]
    expect(order.get_by_role("listitem")).to_have_text(rows)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # it is the last one now
    order.get_by_role("button", name="Move A up").press("Enter")
    order.get_by_role("button", name="certain").press("Enter")
    expect(outcome(order)).to_contain_text("Right. You answered B A C (certain).")
    expect(down).to_be_disabled()

    arrow = arc.get_by_label("Your answer")
    arrow.select_option("LISTEN → SYN-RECEIVED")
    expect(arc.locator(".tcpbook-lit")).to_have_attribute("data-arc", "LISTEN-SYN-RECEIVED")
    arc.locator("[data-along='SYN-SENT-ESTABLISHED']").dispatch_event("click")
    expect(arrow).to_have_value("SYN-SENT → ESTABLISHED")
    expect(arc.locator(".tcpbook-lit")).to_have_attribute("data-arc", "SYN-SENT-ESTABLISHED")
    arc.get_by_role("button", name="a guess").press("Enter")
    expect(outcome(arc)).to_contain_text("Right. You answered SYN-SENT → ESTABLISHED (a guess).")
    arc.locator("[data-along='LISTEN-SYN-RECEIVED']").dispatch_event("click")
    expect(arrow).to_have_value("SYN-SENT → ESTABLISHED")
    look(page, "predict-order")
