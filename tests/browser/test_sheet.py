"""A student's way through an exercise sheet: open it in JupyterLab, write answers, save, hand in."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from classroom import MARKUP, STRANGE, chapter_99  # noqa: F401  (a fixture of every test)
from lab_server import Lab
from pages import screenshot
from tcpbook.exercises import mark, sheet


def test_a_sheet_is_read_answered_and_saved(lab_page: Callable[..., Page], lab_server: Lab) -> None:
    given = json.loads(sheet.notebook(STRANGE, 7))
    page = lab_page(given, run=False)
    tasks = page.locator(".jp-RenderedMarkdown")
    strange, other = tasks.filter(has_text="strange: 1, seed 7"), tasks.filter(has_text="calm, seed 7")
    expect(strange.locator("p").first).to_have_text(f"Look: {MARKUP}")
    expect(strange.locator("pre")).to_contain_text(MARKUP)
    expect(page.locator("mjx-container, .jp-RenderedMarkdown em, .jp-RenderedMarkdown a[href^=http]")).to_have_count(0)
    picture = strange.locator("img")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 100
    screenshot(page, "sheet")

    other.dblclick()
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.keyboard.press("d")

    for exercise in sheet.exercises(STRANGE, 7):
        prompt = sheet.prompts(exercise.parts)[1]
        page.locator(".jp-RawCell .cm-content", has_text=prompt).click()
        page.keyboard.press("Control+Home")
        for part in exercise.parts:
            page.keyboard.press("End")
            page.keyboard.insert_text(part.answer)
            page.keyboard.press("ArrowDown")
    screenshot(page, "sheet-answered")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "sample.ipynb" in answer.url):
        page.keyboard.press("Control+s")
    rows = [row for row in mark.mark(lab_server.folder) if row.file == "sample.ipynb"]
    assert [row.right for row in rows] == [1] * 7, rows

    # A task is locked: neither changed nor deleted by accident. And every cell has kept its id.
    saved = json.loads((lab_server.folder / "sample.ipynb").read_text("utf-8"))
    before, after = ([cell for cell in each["cells"] if cell["cell_type"] != "raw"] for each in (given, saved))
    assert after == before
    assert [cell["id"] for cell in saved["cells"]] == [cell["id"] for cell in given["cells"]]
