"""Where an arc's label stands: where Graphviz put it, unless something is in the way there.

Versions of Graphviz differ in which labels they lay over a node, a foreign arc or another label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import hypot

from tcpbook.figures.layout import Edge, Layout

LETTER, LINE = 6.8, 13  # what to reckon with for a letter's width and a line's height, in units of 12px text
AIR = 3  # around a label, so that it is plain to which arc it belongs
STEPS = 12  # samples of each piece of a spline


Point = tuple[float, float]
Size = tuple[float, float]
Box = tuple[Point, Size]  # its middle, and how wide and high it is


def place(labels: dict[str, list[str]], layout: Layout, node: Size) -> dict[str, Point]:
    """Return the middle of each label; `labels` are the lines of text by edge, `node` is every node's size."""
    tracks = {name: list(samples(edge)) for name, edge in layout.edges.items()}
    sizes = {name: size(lines) for name, lines in labels.items()}
    places = {name: edge.label for name, edge in layout.edges.items() if edge.label and name in labels}
    for name in [*places, *places]:  # twice, since labels placed early did not know where the others would go
        beside = (each for each in _beside(tracks[name], sizes[name]) if _fits(each, sizes[name], layout.size))
        foreign = [point for other, track in tracks.items() if other != name for point in track]
        boxes = [(middle, node) for middle in layout.nodes.values()]
        boxes += [(middle, sizes[other]) for other, middle in places.items() if other != name]
        places[name] = _best([places[name], *beside], sizes[name], tracks[name], foreign, boxes)
    return places


def size(lines: list[str]) -> Size:
    """About how wide and high lines of text are."""
    return LETTER * max(map(len, lines)), LINE * len(lines)


def _fits(at: Point, size: Size, canvas: Size) -> bool:
    """Whether a label stands within the picture; it may reach a line below the lowest node."""
    width, height = canvas[0], canvas[1] + LINE
    return covers((width / 2, height / 2), (width - size[0]) / 2, (height - size[1]) / 2, at)


def _best(choices: list[Point], size: Size, own: list[Point], foreign: list[Point], boxes: list[Box]) -> Point:
    """The first place with the least in the way: points of arcs; a box counts as many as an arc through it."""
    wide, high = size[0] / 2 + AIR, size[1] / 2 + AIR
    reach = [max(abs(at[axis] - choices[0][axis]) for at in choices) for axis in (0, 1)]
    foreign = [point for point in foreign if covers(choices[0], reach[0] + wide, reach[1] + high, point)]

    def hits(at: Point) -> int:
        arcs = sum(covers(at, wide, high, point) for point in foreign)
        arcs += sum(covers(at, wide - 1, high - 1, point) for point in own)
        return arcs + STEPS * sum(covers(at, wide - 2 + w / 2, high - 1 + h / 2, middle) for middle, (w, h) in boxes)

    best, fewest = choices[0], hits(choices[0])
    for at in choices[1:]:
        if not fewest:
            break
        if (number := hits(at)) < fewest:
            best, fewest = at, number
    return best


def covers(middle: Point, wide: float, high: float, point: Point) -> bool:
    """Whether a point lies in the box that reaches `wide` and `high` from its middle."""
    return abs(point[0] - middle[0]) < wide and abs(point[1] - middle[1]) < high


def samples(edge: Edge) -> Iterator[Point]:
    """Points along an edge, from its tail to the tip of its arrowhead."""
    for start in range(0, len(edge.points) - 1, 3):
        a, b, c, d = edge.points[start : start + 4]
        for step in range(STEPS):
            t = step / STEPS
            s = 1 - t
            weights = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
            x, y = (sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
            yield x, y
    yield from (edge.points[-1], edge.tip)


def _beside(track: list[Point], size: Size) -> Iterable[Point]:
    """The places on both sides of an arc, those near its middle first."""
    steps = list(enumerate(pairwise(track)))
    for _, ((x, y), (next_x, next_y)) in sorted(steps, key=lambda step: abs(step[0] - len(steps) / 2)):
        length = hypot(next_x - x, next_y - y) or 1
        across, down = (y - next_y) / length, (next_x - x) / length
        off = abs(across) * size[0] / 2 + abs(down) * size[1] / 2 + AIR
        for side in (off, -off):
            yield x + side * across, y + side * down
