"""`replay`: a captured connection run through the machine, as an outside observer puts it together.

What the capture does not hold may have been a FIN: then several stories fit, and a state is known where they agree.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from tcpbook.lab.capture.observer import Observer, Story
from tcpbook.lab.capture.passing import ACK, FIN, RST, SYN, Passed, arrivals, passed, signed
from tcpbook.lab.trace import Trace
from tcpbook.protocol.errors import TcpBookError

if TYPE_CHECKING:
    from pandas import DataFrame

MOST = 20_000  # segments


def replay(segments: DataFrame, connection: int) -> Trace:
    """Run both ends of one connection in a table of `read_capture` through the machine; return what they did.

    The trace is like the simulator's. Its flights are the segments as captured, numbers counted from each end's first
    and windows in bytes; its times are microseconds since the first segment (see `passed`), and when each segment
    arrived is inferred (see `arrivals`). A step is not `known` where the capture leaves the state open; its `note`
    tells what the capture misses, and where an end departs from RFC 9293.

    TcpBookError for a connection that isn't there, or one of more than MOST segments.
    """
    rows = segments[segments["connection"] == connection]
    if rows.empty:
        raise TcpBookError(f"connection {connection!r} is not in this capture; choose one of connections(segments)")
    if len(rows) > MOST:
        raise TcpBookError(
            f"connection {connection} has {len(rows)} segments, a replay has room for {MOST}; replay a part of it, "
            f"such as segments[segments.connection == {connection}][:{MOST}]"
        )
    first = rows.iloc[0]
    addresses = (str(first["source"]), str(first["destination"]))[:: -1 if first["end"] else 1]
    found = passed(rows)
    arrived = arrivals(found, _round_trip_us(found))
    observers = [Observer(found, arrived, story, addresses) for story in _stories(found)]
    for observer in observers:
        observer.run()
    fewest = min(observer.departures for observer in observers)
    observers = [observer for observer in observers if observer.departures == fewest]
    told = observers[0]
    for place, (event, step) in enumerate(zip(told.events, told.trace.steps, strict=True)):
        agreed = len({observer.states[event][step.end] for observer in observers}) == 1
        told.trace.steps[place] = step._replace(known=agreed and not told.doubtful[step.end])
    return told.trace


def _round_trip_us(segments: list[Passed]) -> int | None:
    """From the SYN to the ACK of its answer, if the capture begins with a handshake without repetitions."""
    opening = segments[:3]
    if [one.segment.flags & (SYN | ACK | RST | FIN) for one in opening] != [SYN, SYN | ACK, ACK]:
        return None
    return opening[2].at_us - opening[0].at_us


def _stories(segments: list[Passed]) -> list[Story]:
    """No FIN that nobody saw, or one of either end, or one of each.

    Only an end's last number can be a FIN: it came before the capture, or a later SEQ or ACK tells that it was used.
    A FIN that left no trace is not reckoned with.
    """
    places: list[list[int | None]] = []
    for end in (0, 1):
        own = [one for one in segments if one.end == end and not one.has(RST)]
        heard = [signed(one.segment.ack) for one in segments if one.end != end and one.has(ACK)]
        found: list[int | None] = [None]
        if fins := [one.stop - 1 for one in own if one.has(FIN)]:
            found = [fins[0]]
        else:
            if not segments[0].has(SYN) and not any(one.takes and one.stop > own[0].start for one in own):
                found.append(0)
            seen = max([1, *(one.start for one in own[:1]), *(one.stop for one in own if one.takes)])
            if (sent := max([*heard, *(one.start for one in own)], default=0)) > seen:
                found.append(sent - 1)
        places.append(found)
    stories = [Story((client, server)) for client, server in product(*places)]
    return stories + [Story(story.fins, 1) for story in stories if story.fins == (0, 0)]
