"""The plot of held ports: lines that bend and end where the calculator says, to scale."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tcpbook.figures.exhaustion import BOTTOM, LEFT, RIGHT, TOP, exhaustion_plot
from tcpbook.figures.figure import Figure
from tcpbook.ports.exhaustion import Exhaustion
from tcpbook.protocol.errors import TcpBookError

SVG = "{http://www.w3.org/2000/svg}"
LINUX = Exhaustion(ports=28_232, held_s=60)


def paths(figure: Figure, kind: str) -> list[list[float]]:
    """The numbers of each path in a group of a kind."""
    root = ElementTree.fromstring(figure.svg)
    groups = [group for group in root.iter(f"{SVG}g") if f"tcpbook-{kind}" in group.attrib["class"].split()]
    found = [path.attrib["d"] for group in groups for path in group.iter(f"{SVG}path")]
    return [[float(each) for each in re.findall(r"-?[\d.]+", path)] for path in found]


def texts(figure: Figure, kind: str) -> list[str]:
    root = ElementTree.fromstring(figure.svg)
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text") if node.get("class") == f"tcpbook-{kind}"]


def line(figure: Figure, number: int) -> list[float]:
    return paths(figure, f"rate{number}")[0]


def test_words_say_what_becomes_of_each_rate() -> None:
    assert repr(exhaustion_plot(LINUX, 300, 1_000)) == (
        "Ports held over time: 28232 ports, each taken for 60 s: at most 470.5 connections a second. "
        "300 a second: never more than 18,000 ports; 1,000 a second: no port is left after 28.2 s."
    )
    assert texts(exhaustion_plot(LINUX, 300, 1_000), "legend") == [
        "300 a second: never more than 18,000 ports",
        "1,000 a second: no port is left after 28.2 s",
    ]


def test_lines_bend_and_end_to_scale() -> None:
    figure = exhaustion_plot(LINUX, 300, 1_000)
    ((_, limit, right),) = paths(figure, "limit")
    *start, x, y, end = line(figure, 1)
    assert (start, right, end) == ([LEFT, BOTTOM], RIGHT, RIGHT)
    assert (x - LEFT) / (RIGHT - LEFT) == pytest.approx(60 / 90, abs=0.001)
    assert (BOTTOM - y) / (BOTTOM - limit) == pytest.approx(18_000 / 28_232, abs=0.001)
    *start, x, y = line(figure, 2)
    assert (x - LEFT) / (RIGHT - LEFT) == pytest.approx(28.232 / 90, abs=0.001)
    assert (start, y) == ([LEFT, BOTTOM], limit)
    assert figure.svg.count('class="tcpbook-cross"') == 1


def test_a_rate_that_just_fits_lasts() -> None:
    figure = exhaustion_plot(Exhaustion(ports=600, held_s=60), 10, 10.1)
    assert len(line(figure, 1)) == 5
    assert len(line(figure, 2)) == 4


def test_ticks_are_round_and_reach_the_limit() -> None:
    ticks = texts(exhaustion_plot(LINUX, 1), "tick")
    assert ticks == ["0", "5,000", "10,000", "15,000", "20,000", "25,000", "0", "20", "40", "60", "80"]


@pytest.mark.parametrize("ports", [1, 9, 28, 470, 65_535])
@pytest.mark.parametrize("held_s", [0, 0.1, 1, 60, 61, 240, 86_400])
def test_every_limit_can_be_drawn(ports: int, held_s: float) -> None:
    figure = exhaustion_plot(Exhaustion(ports, held_s), 0, 1, 1e5)
    (grid,) = paths(figure, "grid")
    across = len(grid) // 3
    down = len(texts(figure, "tick")) - across
    assert 3 <= across <= 7
    assert 3 <= down <= 7
    for number in (1, 2, 3):
        points = line(figure, number)
        assert all(LEFT <= x <= RIGHT for x in (*points[:4:2], *points[4:]))
        assert all(TOP <= y <= BOTTOM for y in points[1:4:2])


def test_lines_differ_by_more_than_color() -> None:
    dashes = re.findall(r"tcpbook-rate\d path \{[^}]*stroke-dasharray: ([^;]+);", exhaustion_plot(LINUX, 1).svg)
    assert len(dashes) == len(set(dashes)) == 5


@pytest.mark.parametrize("rates", [(), range(1, 7)])
def test_the_number_of_rates_is_limited(rates: range) -> None:
    with pytest.raises(TcpBookError, match=rf"{len(rates)} rates .* give 1 to 5"):
        exhaustion_plot(LINUX, *rates)
