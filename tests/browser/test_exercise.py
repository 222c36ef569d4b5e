"""Answer wrong, read why, take a hint, get it right, take another one: by keyboard, and without the kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from pages import accessibility_report, look, notebook
from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Part
from tcpbook.exercises.kinds import generate

KIND, SEED = "classify a port", 3
CELL = f"from tcpbook.exercises.exercise import Exercise\nexercise = Exercise({KIND!r}, {SEED})\nexercise"


def exercise(page: Page) -> Locator:
    found = page.locator(".tcpbook-exercise")
    found.wait_for()
    return found


def press(page: Page, found: Locator, name: str) -> None:
    button = found.get_by_role("button", name=name)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()


def put(page: Page, found: Locator, part: Part, key: str) -> None:
    """Type a number, or choose by the arrow keys."""
    group = found.get_by_role("group", name=part.label)
    if part.form is Form.NUMBER:
        group.get_by_role("textbox").focus()
        page.keyboard.press("Control+A")
        page.keyboard.type(key)
        return
    group.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    for _ in range(part.choices.index(key)):
        page.keyboard.press("ArrowDown")
    expect(group.get_by_label(key, exact=True)).to_be_checked()


def test_by_keyboard_from_a_wrong_answer_to_another_one(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(CELL, "print(exercise.tries, exercise.right)"))
    found, instance = exercise(page), generate(KIND, SEED)
    part, status = instance.parts[0], found.get_by_role("status")
    press(page, found, "certain")
    expect(found).to_contain_text("Choose an answer first.")

    wrong = next(iter(part.mistakes))
    for each in instance.parts:
        put(page, found, each, wrong if each is part else each.answer)
    press(page, found, "certain")
    expect(status).to_have_text(f"{len(instance.parts) - 1} of {len(instance.parts)} right (certain, try 1).")
    said = instance.mark([wrong, *(each.answer for each in instance.parts[1:])])[0].says
    expect(found.get_by_role("group", name=part.label)).to_contain_text(said)
    press(page, found, "Hint")
    expect(found.get_by_role("list", name="Hints").get_by_role("listitem")).to_have_text(list(instance.hints[:1]))
    look(page, "exercise")

    put(page, found, part, part.answer)
    press(page, found, "fairly sure")
    expect(status).to_have_text("All right (fairly sure, try 2).")
    press(page, found, "Show the solution")
    expect(found).to_contain_text(instance.solution[-1])
    assert accessibility_report(page) == ""
    press(page, found, "Another one")
    expect(found).to_contain_text(f"({KIND}, seed {SEED + 1})")
    expect(status).to_be_empty()
    expect(found).not_to_contain_text(instance.solution[-1])


def test_it_marks_after_the_kernel_is_gone(lab_page: Callable[..., Page], lab_server: Any) -> None:
    page = lab_page(notebook(CELL), kernel_goes=True)
    found, instance = exercise(page), generate(KIND, SEED)
    lab_server.stop_kernels()
    for part in instance.parts:
        put(page, found, part, part.answer)
    press(page, found, "a guess")
    expect(found.get_by_role("status")).to_have_text("All right (a guess, try 1).")


def test_python_learns_what_was_tried_and_a_second_display_shows_it(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(CELL, "exercise", "print(exercise.tries, exercise.right)"))
    first, second = page.locator(".tcpbook-exercise").all()
    instance = generate(KIND, SEED)
    for part in instance.parts:
        put(page, first, part, part.answer)
    press(page, first, "certain")
    expect(second.get_by_role("status")).to_have_text("All right (certain, try 1).")
    page.locator(".jp-Cell .cm-content").last.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("1 True\n")


def test_arrows_are_chosen_in_the_graph_and_the_solution_is_played(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(CELL.replace(repr(KIND), repr("arcs of a trace"))))
    found, parts = exercise(page), generate("arcs of a trace", SEED).parts
    for part in parts:
        arc = found.locator(f"[data-along='{part.answer.replace(' → ', '-')}']")
        arc.dispatch_event("click")
        expect(found.get_by_label(part.label, exact=True).get_by_role("combobox")).to_have_value(part.answer)
    expect(found.locator(".tcpbook-lit")).to_have_count(len({part.answer for part in parts}))
    press(page, found, "fairly sure")
    expect(found.get_by_role("status")).to_have_text("All right (fairly sure, try 1).")
    press(page, found, "Play it")
    player = page.locator(".tcpbook-player")
    player.get_by_role("button", name="To end", exact=True).click()
    expect(player).to_contain_text(parts[-1].answer.split(" → ")[1])
    press(page, found, "Another one")
    expect(player).to_have_count(0)
