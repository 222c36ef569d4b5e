"""What every picture is: SVG that stands alone and never leaks, with the same in words."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpbook.figures.demux import demux
from tcpbook.figures.exhaustion import exhaustion_plot
from tcpbook.figures.figure import Figure, classes, text
from tcpbook.figures.headermap import headermap
from tcpbook.figures.seqspace import seqspace
from tcpbook.figures.stategraph import stategraph
from tcpbook.ports.exhaustion import Exhaustion
from tcpbook.protocol.events import Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.options import MSS, NOP, TIMESTAMPS
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.situations import in_state
from tcpbook.protocol.state import State

SVG = "{http://www.w3.org/2000/svg}"
SYN = Segment(49152, 80, 100, flags=Flags.SYN, options=(MSS(1460), TIMESTAMPS((1, 2)), NOP()), data=b"hello")

SEGMENT = ("192.0.2.1", "192.0.2.2", SYN)
HOST = [("LISTEN", "192.0.2.2:80", "*:*"), ("TIME-WAIT", "192.0.2.2:80", "192.0.2.1:40001")]
LIMIT = Exhaustion(ports=60_000, held_s=60)
IN_FLIGHT = step(in_state(State.ESTABLISHED), Send(bytes(9_000))).tcb

PICTURES: dict[str, tuple[Callable[[], Figure], Callable[[], Figure]]] = {
    "stategraph": (
        lambda: stategraph(State.LISTEN, abrupt=True),
        lambda: stategraph(State.LISTEN, [State.CLOSED], [State.CLOSING]),
    ),
    "headermap": (lambda: headermap(SYN, ["SYN"]), lambda: headermap(SYN)),
    "demux": (lambda: demux(HOST, SEGMENT), lambda: demux(HOST, SEGMENT, ("192.0.2.1", "192.0.2.9", SYN))),
    "exhaustion": (lambda: exhaustion_plot(LIMIT, 1, 2, 3, 4, 5), lambda: exhaustion_plot(LIMIT, 2_000)),
    "seqspace": (lambda: seqspace(IN_FLIGHT), lambda: seqspace(in_state(State.LISTEN, passive=True))),
}
"""Every kind of picture, twice: with two contents."""

SET_BY_WIDGETS = ("tcpbook-pointed", "tcpbook-lit", "tcpbook-noted")

every_kind = pytest.mark.parametrize("kind", PICTURES)


def little(words: str = "Two & <three>.", size: tuple[float, float] = (10, 20)) -> Figure:
    return Figure("little", "<g/>", ".tcpbook-a rect { fill: none; }\n.tcpbook-b { fill: none; }", size, words, "a > b")


def ids(svg: str) -> list[str]:
    return [node.attrib["id"] for node in ElementTree.fromstring(svg).iter() if "id" in node.attrib]


def test_title_and_description_are_the_words_escaped() -> None:
    root = ElementTree.fromstring(little().svg)
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert (title.text, desc.text) == ("Two & <three>.", "a > b")
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {desc.attrib['id']}"
    assert "<figcaption>Two &amp; &lt;three&gt;.</figcaption>" in little()._repr_html_()


def test_it_shows_itself_as_svg_inside_a_figure_and_says_its_words() -> None:
    html = ElementTree.fromstring(little()._repr_html_())
    assert [node.tag for node in html] == [f"{SVG}svg", "figcaption"]
    assert repr(little()) == little().words == "Two & <three>."


def test_it_saves_what_it_shows_on_a_background_of_its_own(tmp_path: Path) -> None:
    little("déjà").save(tmp_path / "little.svg")
    saved = (tmp_path / "little.svg").read_text("utf-8")
    background = ".tcpbook-little { background: Canvas; }"
    assert saved.count(background) == 1
    assert saved.replace(background, "") == little("déjà").svg + "\n"


def test_ids_are_of_the_content_and_not_of_the_geometry() -> None:
    assert ids(little().svg) == ids(little(size=(30, 40)).svg)
    assert not set(ids(little().svg)) & set(ids(little("Others").svg))


def test_each_rule_is_bound_to_its_kind_of_picture() -> None:
    (style,) = re.findall("<style>(.*?)</style>", little().svg, re.DOTALL)
    font, *rules = style.splitlines()
    assert font.startswith(".tcpbook-little { font-family:")
    assert rules == [".tcpbook-little .tcpbook-a rect { fill: none; }", ".tcpbook-little .tcpbook-b { fill: none; }"]


def test_classes_are_prefixed_and_empty_ones_left_out() -> None:
    assert classes("arc", "", "lit") == 'class="tcpbook-arc tcpbook-lit"'


def test_lines_of_text_are_escaped_and_centered_on_the_point() -> None:
    root = ElementTree.fromstring(text(5, 100, ("a<b", "c", "d"), "name"))
    assert [(line.text, line.attrib["y"]) for line in root] == [("a<b", "87"), ("c", "100"), ("d", "113")]
    assert {line.attrib["x"] for line in root} == {"5"}


@every_kind
def test_a_picture_is_well_formed_and_twice_the_same(kind: str) -> None:
    one, _ = PICTURES[kind]
    assert ElementTree.fromstring(one().svg).tag == f"{SVG}svg"
    assert one().svg == one().svg


@every_kind
def test_ids_are_unique_have_no_hyphens_and_the_contents_prefix(kind: str) -> None:
    prefixes = []
    for picture in PICTURES[kind]:
        found = ids(picture().svg)
        assert len(found) == len(set(found)) == 2
        assert all(re.fullmatch(r"t[0-9a-f]{8}_[a-z]+", each) for each in found)
        prefixes.append(found[0].split("_")[0])
    assert len(set(prefixes)) == 2


@every_kind
def test_every_class_and_selector_is_the_books_own(kind: str) -> None:
    one, _ = PICTURES[kind]
    root = ElementTree.fromstring(one().svg)
    used = {name for node in root.iter() for name in node.attrib.get("class", "").split()}
    assert f"tcpbook-{kind}" in used
    assert all(name.startswith("tcpbook-") for name in used)
    style = root.findtext(f"{SVG}style") or ""
    assert re.sub(r"\{[^}]*\}", "", style).count(",") == 0  # one selector a rule, so that each is bound
    for rule in style.splitlines():
        assert re.match(rf"\.tcpbook-{kind} (\.tcpbook-|\{{)", rule)
        assert set(re.findall(r"\.[a-z][\w-]*", rule.split("{")[0])) <= set(re.findall(r"\.tcpbook-[\w-]+", rule))


@every_kind
def test_no_style_is_for_a_class_that_nothing_has(kind: str) -> None:
    """The classes that a still picture lacks are those by which a widget highlights."""
    one, other = PICTURES[kind]
    svg = one().svg + other().svg
    for name in set(re.findall(r"\.(tcpbook-[\w-]+)", re.sub(r"\{[^}]*\}", "", style_of(one())))):
        assert re.search(rf'class="[^"]*\b{name}[ "]', svg) or name in (
            "tcpbook-pointed",
            "tcpbook-lit",
            "tcpbook-noted",
        )


@every_kind
def test_a_still_picture_is_an_image_and_an_interactive_one_a_group(kind: str) -> None:
    one, _ = PICTURES[kind]
    assert one().svg.replace('role="img"', 'role="group"', 1) == one().interactive()
    assert one().svg.count('role="') == 1


@every_kind
def test_text_has_11_pixels_or_more_in_a_column_of_700(kind: str) -> None:
    one, _ = PICTURES[kind]
    width = float(ElementTree.fromstring(one().svg).attrib["viewBox"].split()[2])
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", style_of(one()))]
    assert sizes
    assert min(sizes) * min(1, 700 / width) >= 11


def style_of(figure: Figure) -> str:
    return ElementTree.fromstring(figure.svg).findtext(f"{SVG}style") or ""
