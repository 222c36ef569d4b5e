"""The map of the book as a reader has it: what was tried, the way to a chapter, and a blank map again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from pages import accessibility_report, look, notebook, run_all, screenshot

HOSTILE = "<img src=x onerror=alert(1)><b>SYN</b>"
SETUP = f"""\
from tcpbook.exercises.book_map import BookMap
from tcpbook.exercises.progress import Attempt, read, record, reset
reset()
for number in (3, 4):
    for right in (True, True, False):
        record(Attempt(f"Question {{right}} of {{number}}?", right, "fairly sure", chapter=number))
record(Attempt("What answers a SYN to a closed port?", False, "certain", chapter=3))
record(Attempt({HOSTILE!r}, False, "certain", chapter=5))
record(Attempt("Which ranges are there?", True, "certain", chapter=6))
record(Attempt("classify a port", False, "a guess", ("registered by use", {HOSTILE!r}), seed=1, chapter=6))
"""


def the_map(page: Page) -> Locator:
    expect(page.locator(".tcpbook-map")).to_have_count(1)
    return page.locator(".tcpbook-map")


def chapter(book: Locator, name: str) -> Locator:
    return book.get_by_role("table", name="Chapters").get_by_role("row", name=name)


def test_what_the_reader_tried(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "BookMap()"))
    book = the_map(page)
    expect(chapter(book, "03 Opening").get_by_role("cell")).to_have_text(["1 of 3 right", "—"])
    expect(chapter(book, "06 Ports").get_by_role("cell")).to_have_text(["1 of 1 right", "0 of 1 right"])
    expect(chapter(book, "01 Headers").get_by_role("cell")).to_have_text(["—", "—"])
    sure = book.get_by_role("table", name="How sure, how right")
    expect(sure.get_by_role("row", name="certain").get_by_role("cell")).to_have_text(["1", "2"])
    expect(book).to_contain_text("Certain and wrong: 2 of 3.")
    items = book.get_by_role("listitem")
    expect(items).to_have_text(
        [
            "Not so: A port's class depends on who uses it. The class is a matter of the number alone: 0–1023 system, "
            "1024–49151 user, 49152–65535 dynamic. (RFC 6335 §6) 06 Ports",
            f"Certain, and wrong: {HOSTILE} 05 Port states",
            "Certain, and wrong: What answers a SYN to a closed port? 03 Opening",
        ]
    )
    expect(book).to_contain_text("progress.jsonl on this machine, a line an answer, and sent nowhere.")
    expect(book.locator("img, b")).to_have_count(0)
    look(page, "book-map")


QUESTION = """\
from tcpbook import predict
predict.number("How many states?", 11, "They are in Figure 5.")
"""


KERNEL_ANSWERS = """async () => {
    const { sessionContext } = window.jupyterapp.shell.currentWidget;
    await sessionContext.ready;
    await sessionContext.session.kernel.info;
}"""


def test_a_chapter_opens_beside_the_map_and_its_answers_come_onto_it(
    lab_page: Callable[..., Page], lab_server: Any
) -> None:
    """In a reader's own copy of the folder: the kernel's environment names the notebook, and so the chapter."""
    folder = lab_server.folder / "my"
    folder.mkdir(exist_ok=True)
    for name, source in {"start": f"{SETUP}BookMap()", "12-your-kernel": QUESTION}.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook(source)), encoding="utf-8")
    page = lab_page("my/start.ipynb")
    book = the_map(page)
    expect(chapter(book, "12 Your kernel").get_by_role("cell")).to_have_text(["—", "—"])
    chapter(book, "12 Your kernel").get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/lab/tree/my/12-your-kernel.ipynb")
    page.evaluate(KERNEL_ANSWERS)
    run_all(page)
    page.get_by_role("textbox", name="Your answer").fill("11")
    page.get_by_role("button", name="certain", exact=True).click()
    expect(page.get_by_text("Right. You answered 11 (certain)")).to_be_visible()
    page.get_by_role("tab", name="start.ipynb").click()
    expect(chapter(book, "12 Your kernel").get_by_role("cell")).to_have_text(["1 of 1 right", "—"])


def test_blank_again_by_keyboard(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "BookMap()", "print(len(read()))"))
    book = the_map(page)
    reset, keep, yes = (book.get_by_role("button", name=name) for name in ("Reset …", "No, keep it", "Yes, delete it"))
    expect(keep).to_have_count(0)
    height = book.bounding_box()
    reset.focus()
    page.keyboard.press("Enter")
    expect(keep).to_be_focused()
    assert accessibility_report(page) == ""
    screenshot(page, "book-map-reset")
    page.keyboard.press("Escape")
    expect(keep).to_have_count(0)
    expect(reset).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(yes).to_be_focused()
    expect(chapter(book, "03 Opening")).to_contain_text("1 of 3 right")
    page.keyboard.press("Space")
    expect(reset).to_be_focused()
    expect(book.get_by_role("status")).to_have_text("Deleted. The map is blank again.")
    expect(chapter(book, "03 Opening").get_by_role("cell")).to_have_text(["—", "—"])
    expect(book.get_by_role("listitem")).to_have_text("Nothing yet.")
    expect(book).to_contain_text("You have not been certain of anything yet.")
    assert book.bounding_box() == height
    page.locator(".jp-Cell .cm-content").last.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("0\n")


def test_look_again(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "BookMap()", "record(Attempt('?', True, 'certain', chapter=12))"), run=False)
    cells = page.locator(".jp-Cell .cm-content")
    for number in range(2):
        cells.nth(number).click()
        page.keyboard.press("Control+Enter")
    book = the_map(page)
    expect(chapter(book, "12 Your kernel").get_by_role("cell")).to_have_text(["—", "—"])
    cells.nth(2).click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("''")
    book.get_by_role("button", name="Look again").click()
    expect(book.get_by_role("button", name="Look again")).to_be_focused()
    expect(chapter(book, "12 Your kernel").get_by_role("cell")).to_have_text(["1 of 1 right", "—"])
