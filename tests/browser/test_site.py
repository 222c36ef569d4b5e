"""What `make html` writes: complete, its links alive, and opened from disk with the network off as good as it gets."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from lab_server import WINDOW
from pages import accessibility_report, screenshot
from tree import CHAPTERS, NOTEBOOKS, ROOT, cells

SITE = ROOT / "build" / "html"
PAGES = ["index.html", "docs/teachers.html", *(f"chapters/{path.stem}.html" for path in NOTEBOOKS)]
WIDGETS = ".tcpbook-alive"
OUTPUTS: Any = {"include": [".cell_output"], "exclude": ["table.dataframe"]}  # pandas leaves a heading empty
NEEDS_PYTHON = "This needs the running book"

pytestmark = pytest.mark.long  # all chapters are run for it


class Parsed(HTMLParser):
    """The links, the sources and the ids of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif source := found.get("src") or found.get("href"):
            self.sources.append(source)


@pytest.fixture(scope="module", autouse=True)
def site() -> None:
    """Write it all; a warning of Sphinx ends it."""
    run = subprocess.run(
        [sys.executable, "-m", "tools.make_site"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[[str, str], Page]]:
    """A function that opens a page from disk, with the network off; a request or an error fails the test at its end."""
    wrong: list[str] = []

    def open_page(name: str, theme: str = "light") -> Page:
        context = browser.new_context(viewport=WINDOW, offline=True)
        context.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')")
        page = context.new_page()

        def complain(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                wrong.append(message.text)

        def leave(request: Request) -> None:
            if not request.url.startswith(("file:", "blob:")):
                wrong.append(request.url)

        page.on("console", complain)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", leave)
        page.goto((SITE / name).as_uri())
        expect(page.locator(f"{WIDGETS}:has(.tcpbook-view)")).to_have_count(page.locator("[data-model]").count())
        return page

    yield open_page
    assert wrong == []


def test_every_page_is_there() -> None:
    assert [name for name in PAGES if not (SITE / name).is_file()] == []
    listed = Parsed(SITE / "index.html").links
    assert {name for name in PAGES if name != "index.html"} <= set(listed)


def test_no_link_is_dead() -> None:
    parsed = {path: Parsed(path) for path in [SITE / "search.html", *(SITE / name for name in PAGES)]}
    dead = []
    for path, page in parsed.items():
        for target in page.links + page.sources:
            file, _, place = unquote(target).partition("#")
            whole = (path.parent / file.partition("?")[0]).resolve() if file else path
            if "://" not in target and not (whole.exists() and (not place or place in parsed[whole].ids)):
                dead.append((path.name, target))
    assert dead == []


def test_links_lead_to_the_cell() -> None:
    """As many as in the notebooks, and each to where its cell begins."""
    for notebook in NOTEBOOKS:
        prose = "\n".join(cell["source"] for cell in cells(notebook, "markdown"))
        page = Parsed(SITE / "chapters" / f"{notebook.stem}.html")
        for stem, cell in re.findall(r"\]\(([\w-]+)\.ipynb#cell-id=([\w-]+)\)", prose):
            assert {f"{stem}.html#cell-{cell}", f"#cell-{cell}"} & set(page.links), (notebook.name, cell)


def test_nothing_comes_from_elsewhere_or_tells_of_this_machine() -> None:
    for name in PAGES:
        assert [source for source in Parsed(SITE / name).sources if "://" in source] == []
        assert str(ROOT) not in (SITE / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_widgets_are_alive_and_legible(opened: Callable[..., Page], theme: str) -> None:
    for name in PAGES:
        page = opened(name, theme)
        screenshot(page, f"site-{Path(name).stem}-{theme}")
        if page.locator(WIDGETS).count():
            assert accessibility_report(page, OUTPUTS) == "", name
        page.context.close()


def test_a_flag_is_clicked(opened: Callable[..., Page]) -> None:
    lab = opened("chapters/02-flags.html").locator(".tcpbook-lab").first
    answer = lab.locator(".tcpbook-told")
    expect(answer).to_contain_text("SYN-SENT stays")
    lab.get_by_role("button", name="RST", exact=True).click()
    lab.get_by_role("button", name="ACK", exact=True).click()
    expect(answer).to_contain_text("SYN-SENT → CLOSED")


def test_a_player_steps(opened: Callable[..., Page]) -> None:
    player = opened("chapters/03-opening.html").locator(".tcpbook-player")
    player.get_by_role("button", name="Step").click()
    expect(player.locator(".tcpbook-player-count")).to_contain_text("1 of 5")
    player.get_by_role("slider").press("End")
    expect(player.get_by_role("group", name="End B")).to_contain_text("ESTABLISHED")


def test_a_prediction_is_committed(opened: Callable[..., Page]) -> None:
    page = opened("chapters/00-start-here.html")
    expect(page.get_by_text("predict.number(").first).to_be_hidden()  # its source holds the answer
    question = page.locator(".tcpbook-predict").first
    question.get_by_role("textbox").fill("3")
    question.get_by_role("button", name="certain").click()
    expect(question).to_contain_text("You answered 3 (certain).")


def test_what_needs_python_says_so(opened: Callable[..., Page]) -> None:
    page = opened("chapters/03-opening.html")
    exercise = page.locator(WIDGETS, has=page.locator(".tcpbook-exercise")).first
    expect(exercise).not_to_contain_text(NEEDS_PYTHON)
    exercise.get_by_role("button", name="Another one").click()
    expect(exercise.get_by_role("status").last).to_contain_text(NEEDS_PYTHON)
    twin = page.locator(".text_html", has_text="ConnectionLab.")
    expect(twin).to_contain_text("Run this cell in Jupyter")
    expect(twin.get_by_role("button")).to_have_count(0)


def test_paper_is_light_and_has_no_navigation(opened: Callable[..., Page]) -> None:
    page = opened("chapters/02-flags.html", "dark")
    page.evaluate("""() => addEventListener("beforeprint", () => {
        window.printed = [document.documentElement.dataset.theme, getComputedStyle(document.body).color];
    })""")
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    theme, color = page.evaluate("window.printed")
    assert theme == "light"
    assert sum(map(int, re.findall(r"\d+", color)[:3])) < 300
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.emulate_media(media="print")
    for part in ("#pst-primary-sidebar", ".bd-header-article", ".prev-next-footer"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator(WIDGETS).first).to_be_hidden()
    expect(page.locator(".text_html", has_text="Run this cell in Jupyter").first).to_be_visible()


def test_every_chapter_has_widgets() -> None:
    """Else the tests above would hold of nothing."""
    pages = [(SITE / "chapters" / f"{path.stem}.html").read_text(encoding="utf-8") for path in CHAPTERS]
    assert min(page.count("data-model=") for page in pages) >= 5
