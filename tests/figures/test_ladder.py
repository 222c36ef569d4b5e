"""The ladder: bands, arrows, crosses and timers stand where the trace says."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tcpbook.figures.ladder import BAND, ROW, SCALED, TOP, ladder
from tcpbook.lab.network import Network
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import Open

SVG = "{http://www.w3.org/2000/svg}"


def groups(svg: str, kind: str) -> list[ElementTree.Element]:
    found = ElementTree.fromstring(svg).iter(f"{SVG}g")
    return [group for group in found if f"tcpbook-{kind}" in group.get("class", "").split()]


def said(part: ElementTree.Element) -> str:
    return " ".join(span.text or "" for span in part.iter(f"{SVG}tspan"))


def line(flight: ElementTree.Element) -> list[float]:
    """Where a segment's line begins and ends: x, y, x, y."""
    path = flight.find(f"{SVG}path")
    assert path is not None
    return [float(number) for number in path.attrib["d"].replace("L", ",")[1:].split(",")]


def test_a_segment_goes_from_band_to_band_and_down() -> None:
    syn, syn_ack, ack = groups(ladder(SCENARIOS["three-way handshake"].run()).svg, "flight")
    assert line(syn) == [BAND[0], TOP, BAND[1], TOP + ROW]
    assert line(syn_ack) == [BAND[1], TOP + ROW, BAND[0], TOP + 2 * ROW]
    assert [said(each) for each in (syn, syn_ack, ack)] == [
        "SYN seq=100",
        "SYN,ACK seq=300 ack=101",
        "ACK seq=101 ack=301",
    ]


def test_a_lost_segment_ends_in_a_cross_and_its_retransmission_is_marked() -> None:
    lost, again, *_ = groups(ladder(SCENARIOS["SYN lost"].run()).svg, "flight")
    assert lost.find(f"{SVG}polygon") is None
    assert any("tcpbook-cross" in path.get("class", "") for path in lost.iter(f"{SVG}path"))
    assert line(lost)[2] < BAND[1]
    assert said(again).endswith("(again)")
    assert "tcpbook-again" in again.attrib["class"]


def test_segments_that_cross_have_smaller_labels_nearer_to_their_senders() -> None:
    flights = groups(ladder(SCENARIOS["simultaneous close"].run()).svg, "flight")
    crossed = ["tcpbook-crossed" in flight.attrib["class"] for flight in flights]
    assert crossed == [False] * 3 + [True] * 4
    old_and_late = groups(ladder(SCENARIOS["old duplicate SYN"].run()).svg, "flight")
    assert sum("tcpbook-crossed" in flight.attrib["class"] for flight in old_and_late) == 2


def test_timers_that_ran_out_are_shown_with_their_length() -> None:
    trace = SCENARIOS["last ACK of the close lost"].run()
    assert [said(timer) for timer in groups(ladder(trace).svg, "timer")] == ["2 MSL 240 s", "RTO 1 s"]


def test_bands_change_where_the_states_do() -> None:
    svg = ladder(SCENARIOS["three-way handshake"].run()).svg
    kinds = [group.attrib["class"].split()[1].removeprefix("tcpbook-") for group in groups(svg, "band")]
    assert kinds == ["idle", "opening", "open", "idle", "idle", "opening", "open"]
    rects = [rect.attrib for group in groups(svg, "band") for rect in group.iter(f"{SVG}rect")]
    starts, heights = ([float(rect[key]) for rect in rects] for key in ("y", "height"))
    assert starts[:4] == [TOP - 14, TOP, TOP + 2 * ROW, TOP - 14]
    for n in (0, 1, 3, 4, 5):
        assert starts[n] + heights[n] == starts[n + 1]


def test_to_scale_a_second_is_as_long_everywhere() -> None:
    trace = SCENARIOS["SYN lost"].run()
    again = groups(ladder(trace, to_scale=True).svg, "flight")[1]
    assert line(again)[1] == pytest.approx(TOP + SCALED * 1_000 / 1_030, abs=0.01)


def test_to_scale_time_begins_with_the_first_event() -> None:
    network = Network()
    network.call(1, Open(active=False), 5_000_000)
    network.call(0, Open(active=True, remote_port=80), 5_000_000)
    syn, *_ = groups(ladder(network.run(), to_scale=True).svg, "flight")
    assert line(syn)[1] == TOP


def test_a_moment_is_marked_where_the_last_event_up_to_it_is() -> None:
    trace = SCENARIOS["three-way handshake"].run()
    marks = [groups(ladder(trace, at_us=at_us).svg, "now")[0] for at_us in (9_999, 10_000, 19_999)]
    heights = [mark.find(f"{SVG}path").attrib["d"] for mark in marks]  # type: ignore[union-attr]
    assert heights[0] != heights[1] == heights[2]


def test_relative_numbers_and_a_moment() -> None:
    trace = SCENARIOS["three-way handshake"].network().run(until_us=20_000)
    figure = ladder(trace, at_us=10_000, relative=True)
    assert [said(flight) for flight in groups(figure.svg, "flight")][:2] == ["SYN seq=0", "SYN,ACK seq=0 ack=1"]
    assert len(groups(figure.svg, "now")) == 1
    assert repr(figure) == "Ladder of A and B: 3 segments, 0 lost; A ends in ESTABLISHED, B ends in SYN-RECEIVED."


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_drawn_and_says_in_words_what_it_shows(name: str) -> None:
    trace = SCENARIOS[name].run()
    figure = ladder(trace)
    assert len(groups(figure.svg, "flight")) == len(trace.flights)
    assert all(str(step.tcb.state) in figure.svg for step in trace.steps)
    assert figure.svg == ladder(SCENARIOS[name].run()).svg


def test_nothing_to_draw_is_an_error_that_says_so() -> None:
    with pytest.raises(TcpBookError, match="0 events in this trace"):
        ladder(Network().trace)
