"""The state graph can be read at 700 pixels, whichever engine laid it out."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import pytest

from tcpbook.figures import layout
from tcpbook.figures.labels import Box, Point, covers, place, samples, size
from tcpbook.figures.layout import Edge, Layout
from tcpbook.figures.stategraph import HEIGHT, WIDTH, source
from tcpbook.protocol.transitions import transitions

WHEEL = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
GRAPH = source(compact=False)
LABELS = {f"{each.before}-{each.after}": each.labels[0].split(" / ") for each in transitions() if not each.abrupt}


@pytest.fixture(params=layout.ENGINES)
def laid_out(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    name = request.param
    if name == "dot" and not shutil.which("dot"):
        dot = tmp_path / "dot"
        dot.write_text(f'#!/bin/sh\nexec "{WHEEL}" -Gnodesep=0.3 "$@"\n')
        dot.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return layout._read(layout._shipped(GRAPH) if name == "shipped" else layout._run(name, GRAPH))


@pytest.fixture
def places(laid_out: Layout) -> dict[str, Point]:
    return place(LABELS, laid_out, (WIDTH, HEIGHT))


def overlap(at: Point, lines: list[str], other: Point, other_size: tuple[float, float]) -> bool:
    wide, high = size(lines)
    return covers(at, (wide + other_size[0]) / 2, (high + other_size[1]) / 2, other)


def test_every_label_has_a_place(places: dict[str, Point]) -> None:
    assert places.keys() == LABELS.keys()


def test_letters_have_eleven_pixels_at_700(laid_out: Layout) -> None:
    assert 12 * 700 / (laid_out.size[0] + 8) >= 11


def test_no_label_lies_on_a_node_or_another_label(laid_out: Layout, places: dict[str, Point]) -> None:
    boxes: dict[str, Box] = {name: (at, (WIDTH, HEIGHT)) for name, at in laid_out.nodes.items()}
    boxes |= {name: (at, size(LABELS[name])) for name, at in places.items()}
    clashes = [
        (name, other)
        for name, at in places.items()
        for other, (middle, other_size) in boxes.items()
        if other != name and overlap(at, LABELS[name], middle, other_size)
    ]
    assert not clashes


def test_no_arc_runs_through_a_label(laid_out: Layout, places: dict[str, Point]) -> None:
    tracks = {name: list(samples(edge)) for name, edge in laid_out.edges.items()}
    crossed = []
    for name, at in places.items():
        wide, high = size(LABELS[name])
        for other, track in tracks.items():
            # An arc with one or two points within grazes a corner.
            if sum(covers(at, wide / 2, high / 2, point) for point in track) > 2:
                crossed.append((name, other))
    assert not crossed


def test_every_label_is_within_the_picture(laid_out: Layout, places: dict[str, Point]) -> None:
    for name, (x, y) in places.items():
        wide, high = size(LABELS[name])
        assert wide / 2 - 4 <= x <= laid_out.size[0] - wide / 2 + 4, name
        assert high / 2 - 4 <= y <= laid_out.size[1] + 13 - high / 2 + 4, name


def straight(x: float, label: Point | None = None) -> Edge:
    points = [(x, 0.0), (x, 30.0), (x, 60.0), (x, 90.0)]
    return Edge(points, (x, 100.0), label)


def test_a_label_stays_where_graphviz_put_it_unless_something_is_in_the_way() -> None:
    free = Layout((400, 100), {}, {"a": straight(100, (130, 50)), "b": straight(300)})
    blocked = Layout((400, 100), {}, {"a": straight(100, (130, 50)), "b": straight(130)})
    assert place({"a": ["rcv"]}, free, (10, 10)) == {"a": (130, 50)}
    ((x, _),) = place({"a": ["rcv"]}, blocked, (10, 10)).values()
    assert x < 100


def test_samples_run_from_the_tail_to_the_tip() -> None:
    track = list(samples(straight(7)))
    assert track[0] == (7, 0)
    assert track[-2:] == [(7, 90), (7, 100)]
    assert [y for _, y in track] == sorted(y for _, y in track)
