"""The demultiplexing picture: each segment's way leads to the socket that takes it, and its answer is TCP's own."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tcpbook.figures.demux import EDGE, WIDTH, demux
from tcpbook.figures.figure import Figure
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.segment import Segment

SVG = "{http://www.w3.org/2000/svg}"
SERVER, CLIENT, OTHER = "192.0.2.2", "192.0.2.1", "198.51.100.7"
HOST = [
    ("LISTEN", "192.0.2.2:80", "*:*"),
    ("ESTABLISHED", "192.0.2.2:80", "192.0.2.1:40001"),
    ("ESTABLISHED", "192.0.2.2:80", "198.51.100.7:40001"),
]
TEXT = Segment(40001, 80, 301, 101, Flags.ACK, data=b"GET /")
SYN = Segment(40003, 80, 300, flags=Flags.SYN)
ARRIVALS = (OTHER, SERVER, TEXT), (CLIENT, SERVER, SYN), (CLIENT, SERVER, SYN._replace(destination_port=8080))


def groups(figure: Figure, kind: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(figure.svg)
    return [group for group in root.iter(f"{SVG}g") if f"tcpbook-{kind}" in group.attrib["class"].split()]


def span(box: ElementTree.Element) -> tuple[float, float]:
    rect = next(box.iter(f"{SVG}rect"))
    return float(rect.attrib["y"]), float(rect.attrib["y"]) + float(rect.attrib["height"])


def tip(way: ElementTree.Element) -> float:
    return float(next(way.iter(f"{SVG}polygon")).attrib["points"].split()[0].split(",")[1])


def lines(box: ElementTree.Element) -> list[str]:
    return ["".join(line.itertext()).replace("\xa0", " ") for line in box.iter(f"{SVG}text")]


def test_words_say_who_takes_what_and_answers() -> None:
    assert repr(demux(HOST, *ARRIVALS)) == (
        "Demultiplexing. 1: the connection with 198.51.100.7:40001 sends ACK. "
        "2: the listener at 192.0.2.2:80 sends SYN,ACK; a new socket in SYN-RECEIVED. "
        "3: the host, as no socket fits, sends RST,ACK."
    )
    svg = demux(HOST, *ARRIVALS).svg
    assert "Segment 1: ACK from 198.51.100.7:40001 to 192.0.2.2:80." in svg
    assert "Socket: ESTABLISHED, local 192.0.2.2:80, remote 192.0.2.1:40001." in svg


def test_each_way_leads_into_the_box_that_names_its_number() -> None:
    figure = demux(HOST, *ARRIVALS)
    boxes = groups(figure, "box")[len(ARRIVALS) :]
    for number, way in enumerate(groups(figure, "way"), 1):
        top, low = next(span(box) for box in boxes if any(line.startswith(f"{number}:") for line in lines(box)))
        assert top < tip(way) < low


def test_ways_and_boxes_are_told_apart_by_more_than_color() -> None:
    figure = demux(HOST, *ARRIVALS)
    kinds = [way.attrib["class"].split()[1] for way in groups(figure, "way")]
    assert kinds == ["tcpbook-toconnection", "tcpbook-tolistener", "tcpbook-tonobody"]
    dashes = re.findall(r"\.tcpbook-(\w+) path \{[^}]*stroke-dasharray: ([\d ]+)", figure.svg)
    assert dict(dashes) == {"tolistener": "9 5", "tonobody": "2 4"}
    assert [lines(box)[0] for box in groups(figure, "nobody")] == ["no socket: as in CLOSED"]
    assert not groups(demux(HOST, ARRIVALS[0]), "nobody")


@pytest.mark.parametrize(
    ("state", "segment", "answer"),
    [
        ("ESTABLISHED", TEXT._replace(flags=Flags.SYN), "1: sends ACK"),  # a challenge ACK
        ("ESTABLISHED", TEXT._replace(flags=Flags.FIN | Flags.ACK), "1: sends ACK; now in CLOSE-WAIT"),
        ("ESTABLISHED", TEXT._replace(flags=Flags.RST), "1: sends nothing; now in CLOSED"),
        ("SYN-SENT", TEXT._replace(seq=300, flags=Flags.SYN | Flags.ACK, data=b""), "1: sends ACK; now in ESTABLISHED"),
    ],
)
def test_a_connection_answers_as_in_its_state(state: str, segment: Segment, answer: str) -> None:
    figure = demux([(state, *HOST[1][1:])], (CLIENT, SERVER, segment))
    assert lines(groups(figure, "connection")[0])[-1] == answer


def test_a_strangers_ack_reaches_the_listener_who_refuses_it() -> None:
    """RFC 9293 §3.10.7.2, second check."""
    assert repr(demux(HOST, (OTHER, SERVER, TEXT._replace(source_port=9)))).endswith(
        "1: the listener at 192.0.2.2:80 sends RST."
    )


def test_ways_to_one_socket_end_below_each_other() -> None:
    figure = demux(HOST, (CLIENT, SERVER, TEXT), (CLIENT, SERVER, TEXT))
    one, other = map(tip, groups(figure, "way"))
    assert other - one >= 15


def test_a_long_address_widens_the_picture() -> None:
    address = "[2001:db8:1234:5678:9abc:def0:1234:5678]"
    figure = demux([("LISTEN", f"{address}:80", "[::]:*")], (address, address, SYN))
    assert repr(figure).startswith(f"Demultiplexing. 1: the listener at {address}:80 sends SYN")
    width = float(ElementTree.fromstring(figure.svg).attrib["width"])
    assert width > WIDTH
    for box in groups(figure, "box"):
        rect = next(box.iter(f"{SVG}rect"))
        assert float(rect.attrib["width"]) > 7 * max(map(len, lines(box)[1:3]))
        assert float(rect.attrib["x"]) + float(rect.attrib["width"]) <= width - EDGE
