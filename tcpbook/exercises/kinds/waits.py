"""Exercise on what a connection waits for: a loss, a window, a program, the way (chapter 11)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from random import Random

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask
from tcpbook.exercises.kinds.captured import ENDS, HANDSHAKE, NS, Line, connection, hosts, lines, printed
from tcpbook.lab.network import Application, Closes, Link, Network
from tcpbook.lab.trace import Trace
from tcpbook.protocol.events import CLOSE, Open, Receive, Send
from tcpbook.protocol.rto import LEAST_US

MS = 1_000  # microseconds
MSS, CLIENT, SERVER = 536, 0, 1
WAY, LOSS = "the way is long", "the network lost a segment"
READS = tuple(f"the {end}'s program doesn't read" for end in ENDS)
SENDS = tuple(f"the {end}'s program is late to send" for end in ENDS)
CAUSES = (WAY, LOSS, *READS, *SENDS)
WHY = {
    WAY: "No wait is longer than a round trip: it is the way (RFC 9293 §3.5).",
    LOSS: "Its bytes had been sent before: TCP repeats what was lost (RFC 9293 §3.8.1).",
    **{READS[end]: f"Before it the {name}'s window is 0: the other end may not send (RFC 9293 §3.8.6)."
       for end, name in enumerate(ENDS)},
    **{SENDS[end]: f"It is new text of the {name}'s, and all before it was acknowledged: TCP had nothing to do "
       "(RFC 9293 §3.4)." for end, name in enumerate(ENDS)},
}  # fmt: skip
"""How each cause shows in a capture, in a sentence about what ends the wait."""


def slow(random: Random) -> Instance:
    """What a slow connection waits for (RFC 9293 §3.8)."""
    viewer, trace = _dragged(random, random.choice(CAUSES))
    shown = lines(trace, viewer)
    waits = [then.ms - first.ms for first, then in pairwise(shown)]
    longest_ms = max(waits)
    last = waits.index(longest_ms)  # the line before the wait
    round_trip_ms = connection(trace, viewer).handshake_rtt_ns // NS
    cause = WAY if longest_ms <= round_trip_ms else _cause(shown[: last + 1], shown[last + 1])
    frames = f"frames {shown[last].frame} and {shown[last + 1].frame}"
    return Instance(
        task=f"The client asks, and the server answers. It takes too long. Wireshark at the {ENDS[viewer]} captured "
        "this.",
        given=printed(shown),
        parts=(
            ask("How many ms are a round trip, by the handshake?", Form.NUMBER, round_trip_ms),
            ask("How many ms is the longest wait between two frames?", Form.NUMBER, longest_ms,
                [(shown[last + 1].ms, "a time is a wait")]),
            ask("What does the longest wait come from?", Form.CHOICE, cause, _wrong_causes(cause), CAUSES),
        ),
        hints=(
            "In the handshake only the two TCPs take part, no program: it shows how long the way there and back is.",
            f"The longest wait is between {frames}. Has what ends it been sent before? Which window did the other end "
            "announce last?",
            WHY[cause],
        ),
        solution=(
            f"From SYN to SYN,ACK and from there to the ACK: {round_trip_ms} ms.",
            f"The longest wait, between {frames}: {longest_ms} ms.",
            f"{WHY[cause]} So: {cause}.",
        ),
        trace=trace,
    )  # fmt: skip


def _dragged(random: Random, cause: str) -> tuple[int, Trace]:
    """A connection that is slow for this cause, and the end at which to see it."""
    delay_us = (random.randint(20, 45) * 10 if cause == WAY else random.choice((5, 10, 20, 40))) * MS
    late_us = random.randint(60, 400) * 10 * MS
    if cause in READS:
        reader = READS.index(cause)
        return reader, _unread(random, reader, delay_us, late_us)
    viewer, quick = random.randint(0, 1), random.randint(0, 1)
    links = [Link(delay_us), Link(delay_us)]
    repeated_us = 0
    if cause == LOSS:
        loser = random.choice((viewer, SERVER))  # a lost request is seen at the client only
        number = HANDSHAKE[loser] + 2 * quick + (3 if loser == SERVER else 1)  # amid the answer, or the request
        links[loser] = Link(delay_us, lose=(number,))
        repeated_us = LEAST_US if loser == CLIENT else 0
    both = hosts(random, rcv_mss=MSS)
    both[CLIENT].application = Application(closes=Closes.AFTER_PEER)
    network = Network(both, tuple(links))
    network.call(SERVER, Open(active=False))
    network.call(CLIENT, Open(active=True, remote_port=80))
    at_us = 2 * delay_us + 5 * MS
    for _ in range(quick):
        network.call(CLIENT, Send(bytes(random.randint(20, MSS))), at_us)
        network.call(SERVER, Send(bytes(random.randint(20, MSS))), at_us + delay_us + 10 * MS)
        at_us += 2 * delay_us + 25 * MS
    at_us += late_us if cause == SENDS[CLIENT] else 0
    network.call(CLIENT, Send(bytes(random.randint(20, MSS))), at_us)
    at_us += delay_us + 10 * MS + repeated_us + (late_us if cause == SENDS[SERVER] else 0)
    network.call(SERVER, Send(bytes(random.randint(2 * MSS + 1, 5 * MSS))), at_us)
    network.call(SERVER, CLOSE, at_us)
    return viewer, network.run()


def _unread(random: Random, reader: int, delay_us: int, late_us: int) -> Trace:
    """A request or an answer that is too long for the reader's buffer; it ends when its program reads at last."""
    both = hosts(random, rcv_mss=MSS)
    both[reader].application = Application(reads=False)
    both[reader].tcb.rcv_buff = 2 * MSS
    network = Network(both, (Link(delay_us), Link(delay_us)))
    network.call(SERVER, Open(active=False))
    network.call(CLIENT, Open(active=True, remote_port=80))
    at_us = 2 * delay_us + 5 * MS
    if reader == CLIENT:
        network.call(CLIENT, Send(bytes(random.randint(20, MSS))), at_us)
        at_us += delay_us + 10 * MS
    network.call(1 - reader, Send(bytes(random.randint(3 * MSS, 5 * MSS))), at_us)
    read_us = at_us + delay_us + late_us
    network.call(reader, Receive(), read_us)
    return network.run(until_us=read_us + delay_us)


def _cause(before: list[Line], then: Line) -> str:
    """What a wait longer than a round trip comes from, by the lines before it and the one that ends it."""
    windows = {line.end: line.window for line in before}
    for end, window in windows.items():
        if not window:
            return READS[end]
    return LOSS if then.verdict == "old" else SENDS[then.end]


def _wrong_causes(cause: str) -> Iterable[tuple[str, str]]:
    """What those say who know one cause only, or mix up the ends."""
    if cause == WAY:
        yield from ((other, "every wait is a program's") for other in (*SENDS, *READS))
        yield LOSS, "every pause is a loss"
    elif cause == LOSS:
        yield from ((other, "a program repeats") for other in SENDS)
    elif cause in READS:
        yield SENDS[1 - READS.index(cause)], "who sends is slow"
        yield LOSS, "a probe repeats what was lost"
    else:
        yield LOSS, "every pause is a loss"
        yield SENDS[1 - SENDS.index(cause)], "the wrong end is slow"
    if cause != WAY:
        yield WAY, "the way is always long"


KINDS = {"why is it slow": slow}
