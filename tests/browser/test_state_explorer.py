"""StateExplorer as a reader has it: walked by mouse and keyboard, without a kernel, and with a wrong arrow."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import look, notebook
from tcpbook.protocol.state import DIALECTS, State
from tcpbook.widgets.defects import DEFECTS
from tcpbook.widgets.state_explorer import StateExplorer

SETUP = "from tcpbook.widgets.state_explorer import StateExplorer\nexplorer = StateExplorer()\nexplorer"


def the_explorer(page: Page) -> Locator:
    expect(page.locator(".tcpbook-walk")).to_have_count(1)
    return page.locator(".tcpbook-walk")


def node(explorer: Locator, state: str) -> Locator:
    return explorer.locator(f"[data-state='{state}']:not([data-twin])")


def arc(explorer: Locator, before: str, after: str) -> Locator:
    return explorer.locator(f"[data-arc='{before}-{after}']")


def click_arc(explorer: Locator, before: str, after: str) -> None:
    """Click on the line, halfway: it is thin, and what takes the click is wider."""
    at = explorer.locator(f"[data-along='{before}-{after}']").evaluate("""(path) => {
        path.scrollIntoView({ block: "center" });
        const { x, y } = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM());
        return [x + 3, y];
    }""")
    explorer.page.mouse.click(*at)


def event(explorer: Locator, label: str) -> Locator:
    return explorer.locator(".tcpbook-walk-events").get_by_role("button", name=label)


def control(explorer: Locator, name: str) -> Locator:
    return explorer.get_by_role("combobox", name=name, exact=True)


def told(explorer: Locator) -> Locator:
    return explorer.locator(".tcpbook-told")


def test_events_walk_the_graph_and_open_the_arc(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    event(explorer, "passive OPEN").click()
    event(explorer, "rcv SYN / snd SYN,ACK → SYN-RECEIVED").click()
    expect(node(explorer, "SYN-RECEIVED")).to_have_attribute("aria-pressed", "true")
    expect(node(explorer, "LISTEN")).to_have_attribute("aria-label", "LISTEN, visited, one event away")
    expect(explorer.locator(".tcpbook-arc.tcpbook-lit")).to_have_attribute("data-arc", "LISTEN-SYN-RECEIVED")
    detail = explorer.locator(".tcpbook-walk-arc")
    section = detail.get_by_role("link", name="Figure 5, §3.10.7.2")
    expect(section).to_have_attribute("href", "https://www.rfc-editor.org/rfc/rfc9293.html#section-3.10.7.2")
    expect(detail).to_contain_text("_at(LISTEN, Check.SYN, when.has_syn")
    expect(detail).to_contain_text('HandshakePlayer("three-way handshake")')
    look(page, "state-explorer")


@pytest.mark.long
def test_nothing_moves_whatever_the_state_and_the_names(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    graph = explorer.locator(".tcpbook-walk-graph")
    tops = set()
    for names in DIALECTS:
        control(explorer, "Names of the states").select_option(names)
        for state in State:
            node(explorer, state).dispatch_event("click")
            expect(node(explorer, state)).to_have_attribute("aria-pressed", "true")
            tops.add(graph.evaluate("(graph) => graph.offsetTop"))
    assert len(tops) == 1


def test_a_click_on_an_arrow_moves_along_it_or_opens_it(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    click_arc(explorer, "FIN-WAIT-1", "CLOSING")
    expect(control(explorer, "Arrow")).to_have_value("FIN-WAIT-1-CLOSING")
    expect(explorer.locator(".tcpbook-walk-arc")).to_contain_text("Both closed at once")
    expect(node(explorer, "CLOSED")).to_have_attribute("aria-pressed", "true")
    click_arc(explorer, "CLOSED", "SYN-SENT")
    expect(node(explorer, "SYN-SENT")).to_have_attribute("aria-pressed", "true")
    expect(explorer.locator(".tcpbook-walk-history")).to_have_text("Your way: CLOSED — active OPEN → SYN-SENT")


def test_keyboard_alone(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    event(explorer, "passive OPEN").focus()
    page.keyboard.press("Enter")
    expect(event(explorer, "CLOSE / delete TCB")).to_be_focused()
    node(explorer, "LISTEN").focus()
    page.keyboard.press("ArrowUp")
    expect(node(explorer, "CLOSED")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(node(explorer, "TIME-WAIT")).to_be_focused()
    page.keyboard.press("Enter")
    expect(told(explorer)).to_contain_text("TIME-WAIT: closed in both directions")
    control(explorer, "Arrow").focus()
    page.keyboard.press("ArrowDown")
    expect(explorer.locator(".tcpbook-lit")).to_have_attribute("data-arc", "CLOSED-LISTEN")
    expect(explorer.locator(".tcpbook-walk-history")).to_have_text(
        "Your way: CLOSED — passive OPEN → LISTEN — put there → TIME-WAIT"
    )
    for _ in range(2):
        explorer.get_by_role("button", name="Undo").press("Enter")
    expect(node(explorer, "CLOSED")).to_have_attribute("aria-pressed", "true")
    expect(explorer.get_by_role("button", name="Start again")).to_be_disabled()


def test_the_wrong_arrow_is_looked_for_and_found(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    control(explorer, "Names of the states").select_option("the notes")
    expect(node(explorer, "SYN-SENT").locator(".tcpbook-name")).to_have_text("—")
    expect(node(explorer, "FIN-WAIT-2").locator(".tcpbook-name")).to_have_text("FIN_WAIT")
    look(page, "state-explorer-notes")
    control(explorer, "Diagram").select_option("1")
    wrong = arc(explorer, "SYN-SENT", "SYN-RECEIVED")
    expect(wrong.locator(".tcpbook-label")).to_have_text("rcv SYNsnd ACK")
    expect(explorer.get_by_role("button", name="This arrow is wrong")).to_be_disabled()
    expect(explorer.get_by_role("option", name="SYN-SENT) → SYN_RCV: rcv SYN / snd ACK")).to_have_count(1)
    control(explorer, "Arrow").select_option("FIN-WAIT-1-CLOSING")
    expect(told(explorer)).to_contain_text("One label is wrong.")
    explorer.get_by_role("button", name="This arrow is wrong").click()
    expect(told(explorer)).to_contain_text("Not this one. FIN_WAIT → — (CLOSING) is right: rcv FIN / snd ACK")
    assert "snd SYN,ACK (" not in explorer.inner_text()
    control(explorer, "Names of the states").select_option("Linux (ss)")
    click_arc(explorer, "SYN-SENT", "SYN-RECEIVED")
    expect(told(explorer)).to_contain_text("Found. SYN-SENT → SYN-RECV should say rcv SYN / snd SYN,ACK (Figure 5")
    expect(explorer.locator(".tcpbook-walk-arc")).to_contain_text("Both called at once")
    told(explorer).scroll_into_view_if_needed()
    look(page, "state-explorer-wrong")
    control(explorer, "Diagram").select_option("0")
    expect(wrong.locator(".tcpbook-label")).to_have_text("rcv SYNsnd SYN,ACK")
    expect(node(explorer, "CLOSED")).to_have_attribute("aria-pressed", "true")


def test_it_walks_on_without_a_kernel_and_without_messages(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP), kernel_goes=True)
    explorer = the_explorer(page)
    page.evaluate("window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    page.get_by_text("Python 3 (ipykernel) | No Kernel").or_(page.get_by_text("No Kernel |")).first.wait_for()
    event(explorer, "active OPEN").click()
    expect(node(explorer, "SYN-SENT")).to_have_attribute("aria-pressed", "true")
    control(explorer, "Diagram").select_option(str(len(DEFECTS)))
    expect(told(explorer)).to_contain_text("One label is wrong.")


@pytest.mark.long
def test_two_displays_show_the_same(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    both = page.locator(".tcpbook-walk")
    expect(both).to_have_count(2)
    event(both.first, "passive OPEN").click()
    expect(node(both.last, "LISTEN")).to_have_attribute("aria-pressed", "true")
    control(both.last, "Diagram").select_option("2")
    expect(told(both.first)).to_contain_text("One label is wrong.")


@pytest.mark.long
def test_page_and_python_agree_move_for_move(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer, twin = the_explorer(page), StateExplorer()
    dice = random.Random(9293)
    for _ in range(40):
        buttons = explorer.locator(".tcpbook-walk-events").get_by_role("button")
        labels = [f"{label} → {after}" for label, after in twin.events.items() if label in usual(twin)]
        assert buttons.all_inner_texts() == labels + [label for label in twin.events if label not in usual(twin)]
        number = dice.randrange(len(twin.events))
        twin.take(list(twin.events)[number])
        buttons.nth(number).click()
        expect(node(explorer, twin.state)).to_have_attribute("aria-pressed", "true")
        expect(control(explorer, "Arrow")).to_have_value(twin.chosen)


def usual(explorer: StateExplorer) -> list[str]:
    """The events out of the state that are not abrupt."""
    ways = [explorer.arc(explorer.state, after) for after in set(explorer.events.values())]
    return [cause.label for arc in ways for cause in arc.causes if not cause.abrupt]


@pytest.mark.long
def test_it_fits_700_pixels(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer = the_explorer(page)
    event(explorer, "passive OPEN").click()
    for zoom in (1, 2):
        explorer.evaluate(f"(view) => {{ view.parentElement.style.width = '700px'; view.style.zoom = {zoom}; }}")
        wide = explorer.evaluate("""(view) => [...view.querySelectorAll("*")]
            .filter((part) => !part.closest("svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert wide == []


@pytest.mark.long
def test_page_and_python_agree_about_every_arrow(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP))
    explorer, twin = the_explorer(page), StateExplorer()
    for number, defect in enumerate(DEFECTS, 1):
        control(explorer, "Diagram").select_option(str(number))
        twin.show(number)
        for before, after in (("ESTABLISHED", "FIN-WAIT-1"), (defect.before, defect.after)):
            control(explorer, "Arrow").select_option(f"{before}-{after}")
            explorer.get_by_role("button", name="This arrow is wrong").click()
            expect(told(explorer)).to_have_text(twin.accuse(before, after))
        drawn = arc(explorer, defect.before, defect.after).locator(".tcpbook-label")
        expect(drawn).to_have_text(defect.drawn.replace(" / ", ""))
