"""PortExplorer without a browser: what travels to the page, what a cell can ask, and what is never told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tcpbook import ports
from tcpbook.lab.picks import Picks
from tcpbook.protocol.errors import TcpBookError
from tcpbook.widgets import port_explorer
from tcpbook.widgets.port_explorer import COUNTS, PortExplorer

MADE_UP = Picks(40_000, [49_150, 49_152, 49_154, 49_156])


@pytest.fixture
def explorer(monkeypatch: pytest.MonkeyPatch) -> PortExplorer:
    """On a machine that is made up."""
    monkeypatch.setattr(ports, "ephemeral", lambda: ports.Ephemeral(49_000, 49_999, "made up"))
    monkeypatch.setattr(port_explorer, "pick", lambda count: Picks(40_000, MADE_UP.ports[:count]))
    return PortExplorer()


def test_the_registry_travels_as_lines(explorer: PortExplorer) -> None:
    lines = [line.split("\t") for line in explorer.registered.split("\n")]
    tcp = ports.registry()
    tcp = tcp[tcp["protocol"] == "tcp"]
    assert [(int(port), name) for port, name, _ in lines] == list(zip(tcp["port"], tcp["service"], strict=True))
    assert ["22", "ssh", "The Secure Shell (SSH) Protocol"] in lines
    assert ["351", "bhoetty", ""] in lines
    assert len(explorer.registered.encode()) < 250_000
    assert len(json.dumps(explorer.table)) < 2_000


def test_nothing_is_opened_or_guessed_before_the_reader_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(count: int) -> Picks:
        raise AssertionError(count)

    monkeypatch.setattr(port_explorer, "pick", fail)
    explorer = PortExplorer()
    assert (explorer.guess, explorer.picks, explorer.port, explorer.query) == ("", [], None, "")


def test_picks_are_told_and_kept(explorer: PortExplorer) -> None:
    explorer.guess = "dynamic"
    assert explorer.connect(4) == MADE_UP.ports
    assert explorer.answer["told"] == (
        "4 connections to 127.0.0.1:40000, from the local ports 49150, 49152, 49154, 49156. By RFC 6335: 1 user, "
        "3 dynamic; in the kernel's range 49000–49999: 4. All are even. You said dynamic: 3 of 4."
    )
    explorer.connect(1)
    assert explorer.picks == [*MADE_UP.ports, 49_150]
    assert (explorer.answer["number"], explorer.answer["newest"]) == (2, 1)
    assert explorer.answer["told"].startswith("1 connection to 127.0.0.1:40000, from the local port 49150. ")


def test_many_picks_are_told_as_a_span_and_the_oldest_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_explorer, "pick", lambda count: Picks(9, list(range(40_001, 40_001 + count))))
    explorer = PortExplorer()
    for _ in range(5):
        explorer.connect(64)
    assert len(explorer.picks) == 256
    assert "64 connections to 127.0.0.1:9, from the local ports between 40001 and 40064. " in explorer.answer["told"]
    assert "All are" not in explorer.answer["told"]
    assert "You said" not in explorer.answer["told"]


def test_the_range_says_what_it_straddles(explorer: PortExplorer) -> None:
    assert explorer.here == {
        "first": 49_000,
        "last": 49_999,
        "told": "Your kernel picks from 49000–49999, which straddles user and dynamic ports (made up).",
    }


def test_the_range_is_read_again_with_each_picking(explorer: PortExplorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "ephemeral", lambda: ports.Ephemeral(49_152, 65_535, "changed"))
    explorer.connect()
    assert explorer.here["told"] == "Your kernel picks from 49152–65535, which lies in the dynamic range (changed)."


@pytest.mark.parametrize("asked", [0, 65])
def test_an_error_becomes_a_sentence_in_the_page_and_an_exception_in_a_cell(asked: int) -> None:
    explorer = PortExplorer()
    explorer._asked(explorer, {"connect": asked}, [])
    assert explorer.answer == {
        "number": 1, "newest": 0, "told": f"{asked} connections are out of range; open 1 to 64."
    }  # fmt: skip
    with pytest.raises(TcpBookError, match="open 1 to 64"):
        explorer.connect(asked)
    assert explorer.picks == []


def test_the_page_offers_what_python_allows() -> None:
    explorer = PortExplorer()
    for count in COUNTS:
        explorer._asked(explorer, {"connect": count}, [])
        assert explorer.answer["newest"] == count
        assert all(port in ports.ephemeral() for port in explorer.picks)


@pytest.mark.parametrize(
    ("query", "first"),
    [("http", ["http", "www", "www-http"]), ("80", ["http", "www", "www-http"]), ("ssh", ["ssh"]), ("SSH", ["ssh"])],
)
def test_what_is_searched_for_exactly_comes_first(explorer: PortExplorer, query: str, first: list[str]) -> None:
    explorer.query = query
    assert list(explorer.found["service"])[: len(first)] == first
    assert set(explorer.found["protocol"]) == {"tcp"}
    assert list(explorer.found.columns) == list(ports.registry().columns)


def test_finding_nothing_is_an_answer_and_seeking_nothing_too(explorer: PortExplorer) -> None:
    explorer.query = "no such thing at all"
    assert len(explorer.found) == 0
    explorer.query = " "
    assert len(explorer.found) == 0


def test_zoom_shows_a_part_and_the_whole(explorer: PortExplorer) -> None:
    explorer.zoom(0, 63)
    assert (explorer.first, explorer.last) == (0, 63)
    explorer.zoom(65_472, 65_535)
    explorer.zoom()
    assert (explorer.first, explorer.last) == (0, 65_535)


@pytest.mark.parametrize("wrong", [(0, 62), (-1, 100), (65_473, 65_536), (100, 0)])
def test_what_the_line_can_t_show_is_refused(explorer: PortExplorer, wrong: tuple[int, int]) -> None:
    with pytest.raises(TcpBookError, match="can't be shown; give 64 ports or more of 0 to 65535"):
        explorer.zoom(*wrong)
    assert (explorer.first, explorer.last) == (0, 65_535)


@pytest.mark.parametrize(
    ("trait", "wrong", "remedy"),
    [
        ("port", 65_536, "from 0 to 65535"),
        ("port", -1, "from 0 to 65535"),
        ("guess", "ephemeral", "choose one of system, user, dynamic"),
    ],
)
def test_what_the_page_could_not_show_is_refused(explorer: PortExplorer, trait: str, wrong: Any, remedy: str) -> None:
    before = getattr(explorer, trait)
    with pytest.raises(TcpBookError, match=remedy):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before


def test_its_words_are_the_same_on_every_machine(explorer: PortExplorer) -> None:
    """Nothing of this machine, and nothing of what the reader did."""
    fresh = PortExplorer()
    explorer.guess, explorer.query, explorer.port = "user", "ssh", 22
    explorer.connect()
    assert repr(explorer) == repr(fresh) == "PortExplorer: 65536 ports in 3 ranges, 6267 names registered for TCP."
    assert explorer.static_html() == fresh.static_html()
    assert "49000" not in explorer.static_html()


def test_the_static_twin_is_understood_without_markup(explorer: PortExplorer) -> None:
    words = " ".join(re.sub("<[^>]+>", " ", explorer.static_html()).split())
    assert "system 0–1023 1024 682 also well-known; assigned by IANA" in words
    assert "dynamic 49152–65535 16384 0 also private or ephemeral; never assigned" in words
    assert "A recording, on Linux 6.18 with its default range: 8 connections to 127.0.0.1:46239" in words
