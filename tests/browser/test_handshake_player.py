"""HandshakePlayer as a reader has it: step by step, by mouse and keyboard, and after the kernel is gone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages import look, notebook, screenshot
from tcpbook.widgets.handshake_player import HandshakePlayer


def setup(name: str) -> str:
    return f"from tcpbook.widgets.handshake_player import HandshakePlayer\nplayer = HandshakePlayer({name!r})\nplayer"


def the_player(page: Page) -> Locator:
    expect(page.locator(".tcpbook-player")).to_have_count(1)
    return page.locator(".tcpbook-player")


def button(player: Locator, name: str) -> Locator:
    return player.get_by_role("button", name=name, exact=True)


def shown(player: Locator) -> dict[str, object]:
    """What is on show: both states on graphs and in words, and the numbers of the segments on the ladder."""
    found: dict[str, object] = player.evaluate("""(player) => {
        const graphs = [...player.querySelectorAll(".tcpbook-end svg")];
        const current = (graph) => [...graph.querySelectorAll(".tcpbook-current:not([data-twin])")]
            .map((node) => node.dataset.state);
        const seen = (kind) => [...player.querySelectorAll(`${kind}:not(.tcpbook-later)`)];
        const words = [...player.querySelectorAll(".tcpbook-ends strong")].map((each) => each.textContent);
        return {
            states: graphs.flatMap(current), words,
            arcs: graphs.map((graph) => graph.querySelector(".tcpbook-lit")?.dataset.arc ?? ""),
            flights: seen(".tcpbook-flight").map((flight) => Number(flight.dataset.flight)),
            air: seen(".tcpbook-flight.tcpbook-air").map((flight) => Number(flight.dataset.flight)),
            told: player.querySelector(".tcpbook-told").textContent,
        };
    }""")
    return found


def test_stepping_through_the_handshake_shows_both_ends(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(setup("three-way handshake")))
    player = the_player(page)
    states = [("CLOSED", "CLOSED"), ("CLOSED", "LISTEN"), ("SYN-SENT", "LISTEN"), ("SYN-SENT", "SYN-RECEIVED"),
              ("ESTABLISHED", "SYN-RECEIVED"), ("ESTABLISHED", "ESTABLISHED")]  # fmt: skip
    air: list[list[int]] = [[], [], [1], [2], [3], []]
    place = player.locator(".tcpbook-ends").evaluate("(ends) => ends.offsetTop")
    for number, expected in enumerate(states):
        expect(player.locator(".tcpbook-player-count")).to_contain_text(f"{number} of 5")
        seen = shown(player)
        assert seen["states"] == seen["words"] == list(expected)
        assert seen["air"] == air[number]
        assert seen["flights"] == list(range(1, number - 1 + (number < 5)))
        if number == 4:
            look(page, "player")
        if number < 5:
            button(player, "Step").click()
    assert shown(player)["arcs"] == ["", "SYN-RECEIVED-ESTABLISHED"]
    assert player.locator(".tcpbook-ends").evaluate("(ends) => ends.offsetTop") == place
    expect(button(player, "Step")).to_be_disabled()
    button(player, "Back").click()
    assert shown(player)["states"] == ["ESTABLISHED", "SYN-RECEIVED"]
    button(player, "To start").click()
    assert shown(player)["flights"] == []


@pytest.mark.parametrize(
    "name",
    [
        "last ACK of the close lost",
        pytest.param("crash, and a new call", marks=pytest.mark.long),
        pytest.param("simultaneous open", marks=pytest.mark.long),
    ],
)
def test_page_and_frames_agree(lab_page: Callable[..., Page], name: str) -> None:
    page = lab_page(notebook(setup(name)))
    player = the_player(page)
    model = HandshakePlayer(name)
    for frame in model.frames:
        expect(player.locator(".tcpbook-told")).to_have_text(frame["told"])
        seen = shown(player)
        assert seen["states"] == [end["state"] for end in frame["ends"]]
        if frame is not model.frames[-1]:
            button(player, "Step").click()
    assert seen["flights"] == [flight.number for flight in model.trace.flights]
    assert seen["air"] == []
    screenshot(page, f"player-{name.replace(' ', '-').replace(',', '')}")


def test_keyboard_and_slider(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(setup("four-segment close"), "player.at"))
    player = the_player(page)
    slider = player.get_by_role("slider", name="Step")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(player.locator(".tcpbook-player-count")).to_contain_text("2 of ")
    page.keyboard.press("End")
    expect(player.locator(".tcpbook-ends strong")).to_have_text(["CLOSED", "CLOSED"])
    slider.fill("5")
    expect(player.locator(".tcpbook-ends strong")).to_have_text(["ESTABLISHED", "ESTABLISHED"])
    button(player, "Back").focus()
    page.keyboard.press("Enter")
    expect(player.locator(".tcpbook-player-count")).to_contain_text("4 of ")
    player.get_by_role("group", name="Ladder", exact=True).focus()


def test_it_plays_on_after_the_kernel_is_gone(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(setup("three-way handshake")), kernel_goes=True)
    player = the_player(page)
    page.evaluate("window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    page.get_by_text("Python 3 (ipykernel) | No Kernel").or_(page.get_by_text("No Kernel |")).first.wait_for()
    button(player, "Play").click()
    expect(button(player, "Pause")).to_be_visible()
    expect(player.locator(".tcpbook-player-count")).to_contain_text("5 of 5", timeout=30_000)
    expect(button(player, "Play")).to_be_visible()
    assert shown(player)["states"] == ["ESTABLISHED", "ESTABLISHED"]


@pytest.mark.long
def test_python_drives_the_page_and_two_displays_show_the_same(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(setup("refused"), "player", "player.go(2)\nprint(player.states)"))
    players = page.locator(".tcpbook-player")
    expect(players).to_have_count(2)
    for player in (players.first, players.last):
        expect(player.locator(".tcpbook-player-count")).to_contain_text("2 of ")
    button(players.first, "Back").click()
    expect(players.last.locator(".tcpbook-player-count")).to_contain_text("1 of ")
    expect(page.get_by_text(re.compile("State.SYN_SENT"))).to_be_visible()


@pytest.mark.long
def test_it_fits_700_pixels(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(setup("half-close with data")))
    player = the_player(page)
    for zoom in (1, 2):
        player.evaluate(f"(player) => {{ player.parentElement.style.width = '700px'; player.style.zoom = {zoom}; }}")
        wide = player.evaluate("""(player) => [...player.querySelectorAll("*")]
            .filter((part) => !part.closest("svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert wide == []
