"""Exercises on captures: what became of a connection, and what a segment is to those before it (chapter 11)."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any, NamedTuple

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask
from tcpbook.exercises.kinds.captured import ENDS, HANDSHAKE, Line, connection, hosts, lines, printed
from tcpbook.lab.network import Link, Network
from tcpbook.lab.trace import CRASH, Trace
from tcpbook.protocol.events import ABORT, CLOSE, Call, Open, Send
from tcpbook.protocol.flags import Flags

MS, S = 1_000, 1_000_000  # microseconds
DELAYED_ACK_US = 200 * MS

FATES = REFUSED, UNANSWERED, INCOMPLETE, RESET, THREE, FOUR, HALF, OPENED = (
    "the call was refused", "the call was not answered", "the handshake was not completed", "it was reset",
    "it was closed in three segments", "it was closed in four segments", "one direction was closed", "it is open",
)  # fmt: skip
WHO = ("the client", "the server", "both at once", "nobody")
MISSING = ("the client's", "the server's", "both ends'", "nobody's, for it is over or never was open")

NEEDS = {
    HALF: "The other end has sent its FIN; this one may go on for as long as it likes (RFC 9293 §3.6).",
    OPENED: "Each closes its own direction, when its program likes (RFC 9293 §3.6).",
    **dict.fromkeys((THREE, FOUR), "Each end has closed its direction (RFC 9293 §3.6)."),
    **dict.fromkeys((REFUSED, RESET), "A RST leaves nothing to close (RFC 9293 §3.10.7)."),
    **dict.fromkeys((UNANSWERED, INCOMPLETE), "A close is for what was open (RFC 9293 §3.6)."),
}
"""What each fate leaves to do."""

CLUES = {
    REFUSED: "A RST is all that answers the SYN (RFC 9293 §3.5.2).",
    UNANSWERED: "SYNs, further and further apart, and not one segment the other way (RFC 9293 §3.8.1).",
    INCOMPLETE: "A SYN,ACK answers the SYN, but no ACK of it comes (RFC 9293 §3.5).",
    RESET: "The handshake was completed, and a RST comes before both FINs are acknowledged (RFC 9293 §3.5.3).",
    THREE: "Both FINs are acknowledged, the first of them by the second (RFC 9293 §3.6).",
    FOUR: "Both FINs are acknowledged, each by a segment of its own (RFC 9293 §3.6).",
    HALF: "There is one FIN, and it is acknowledged. The other direction has none (RFC 9293 §3.6).",
    OPENED: "The handshake was completed, and there is neither FIN nor RST (RFC 9293 §3.5, §3.6).",
}
"""How each fate shows in a capture."""

WAYS = (
    "refused", "unanswered", "incomplete", "aborted", "aborted when the other had closed", "crashed",
    "closed", "closed", "closed at once", "half-closed", "half-closed", "open",
)  # fmt: skip


def fate(random: Random) -> Instance:
    """What became of a connection, who did it, and who still has to (RFC 9293 §3.5, §3.6)."""
    way = random.choice(WAYS)
    trace = _lived(random, way)
    end = {"unanswered": 0, "incomplete": 1}.get(way, random.randint(0, 1))
    row, shown = connection(trace, end), lines(trace, end)
    became, who = _became(row), {"": WHO[3], "both": WHO[2]}.get(row.closed_by, f"the {row.closed_by}")
    missing = {HALF: MISSING[who == WHO[0]], OPENED: MISSING[2]}.get(became, MISSING[3])
    fins = [WHO[line.end] for line in shown if Flags.FIN in line.flags]
    return Instance(
        task=f"Wireshark at the {ENDS[end]} captured this connection. The capture went on for a minute more, and "
        "nothing came.",
        given=printed(shown),
        parts=(
            ask("What became of it?", Form.CHOICE, became, _wrong_fates(became, fins), FATES),
            ask("Who refused or reset it? If nobody did, who closed first?", Form.CHOICE, who,
                _wrong_doers(became, who, fins, WHO[shown[-1].end]), WHO),
            ask("Whose CLOSE is still missing?", Form.CHOICE, missing, _wrong_closers(became, who), MISSING),
        ),
        hints=(
            "First the opening: is there a SYN, a SYN,ACK, and an ACK of it? Then look for FIN and RST.",
            "A RST that answers a SYN refuses the call. Any other ends all at once. A FIN closes one direction.",
            CLUES[became],
        ),
        solution=(
            f"{CLUES[became]} So: {became}.",
            f"Who did it: {who}. {_deed(became, who)}",
            f"Whose CLOSE is missing: {missing}. {NEEDS[became]}",
        ),
        trace=trace,
    )  # fmt: skip


def _lived(random: Random, way: str) -> Trace:
    """A connection that goes this way, in which the client asks and the server answers."""
    dead = {"unanswered": random.randint(0, 1), "incomplete": 1}.get(way)
    texts = random.randint(0, 3)
    links = [Link(random.choice((5, 10, 20, 40)) * MS, loss=float(end == dead)) for end in (0, 1)]
    if texts and random.random() < 0.3:
        links[0] = links[0]._replace(lose=(HANDSHAKE[0] + 1,))
    both = hosts(random, r2=random.randint(2, 4))
    for host in both:
        host.delayed_ack_us = random.choice((None, DELAYED_ACK_US))
    network = Network(both, tuple(links))
    if way != "refused":
        network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    if way in ("refused", "unanswered", "incomplete"):
        return network.run()
    at_us = S
    for number in range(texts):
        network.call(number % 2, Send(bytes(random.randint(5, 900))), at_us)
        at_us += 2 * S
    one, later_us = random.randint(0, 1), at_us + random.choice((50, 100, 3_000)) * MS
    late = [(1 - one, Send(bytes(random.randint(5, 900))), at_us + 500 * MS)] * random.randint(0, 1)
    calls: dict[str, list[tuple[int, Call | str, int]]] = {
        "aborted": [(one, ABORT, at_us)],
        "aborted when the other had closed": [(one, CLOSE, at_us), (1 - one, ABORT, later_us)],
        "crashed": [(one, CRASH, at_us), (1 - one, Send(b"hello?"), later_us)],
        "closed": [(one, CLOSE, at_us), *(late if later_us > at_us + S else []), (1 - one, CLOSE, later_us)],
        "closed at once": [(one, CLOSE, at_us), (1 - one, CLOSE, at_us)],
        "half-closed": [(one, CLOSE, at_us), *late],
        "open": [],
    }
    for end, call, when_us in calls[way]:
        network.call(end, call, when_us)
    return network.run()


def _became(row: Any) -> str:
    """The fate of a connection, by its row of `connections`."""
    unopened = {"refused": REFUSED, "unanswered": UNANSWERED, "incomplete": INCOMPLETE}
    if row.opened in unopened:
        return unopened[row.opened]
    if row.closed_how == "FIN":
        return {3: THREE, 4: FOUR, 0: HALF}[row.close_segments]
    return RESET if row.closed_how == "RST" else OPENED


def _deed(became: str, who: str) -> str:
    """How it shows who did that."""
    if who == WHO[2]:
        return "Neither FIN acknowledges the other."
    if who == WHO[3]:
        return "There is neither FIN nor RST."
    if became in (REFUSED, RESET):
        return "It sent the RST."
    return "It sent the only FIN." if became == HALF else "Its FIN is first, and the second acknowledges it."


def _wrong_fates(became: str, fins: list[str]) -> Iterable[tuple[str, str]]:
    """What those say who take one sign for another."""
    yield from {
        REFUSED: [(RESET, "a refusal is a reset")],
        UNANSWERED: [(REFUSED, "silence refuses")],
        INCOMPLETE: [(OPENED, "one segment opens it")],
        RESET: [(REFUSED, "a refusal is a reset")],
        THREE: [(FOUR, "a close takes four segments")],
        FOUR: [(THREE, "a FIN brings the ACK along")],
        HALF: [(THREE, "FIN closes both ways"), (FOUR, "FIN closes both ways")],
        OPENED: [(THREE, "the kernel cleans up"), (FOUR, "the kernel cleans up")],
    }[became]
    if became == RESET and fins:
        yield from ((closed, "a FIN counts more than a RST") for closed in (THREE, FOUR, HALF))


def _wrong_doers(became: str, who: str, fins: list[str], last: str) -> Iterable[tuple[str, str]]:
    """What those say who look at the wrong segment."""
    if became == UNANSWERED:
        yield WHO[1], "silence refuses"
    elif became == RESET and fins:
        yield fins[0], "a FIN counts more than a RST"
    elif who == WHO[2]:
        yield fins[0], "the first FIN seen was first"
    elif became in (THREE, FOUR):
        yield WHO[2], "two FINs are at once"
    if became in (THREE, FOUR, HALF, OPENED):
        yield last, "the last to speak closed"


def _wrong_closers(became: str, who: str) -> Iterable[tuple[str, str]]:
    """What those say who mix up the ends, or wait for nothing."""
    if became == HALF:
        yield MISSING[WHO.index(who)], "who closed is mixed up"
        yield MISSING[3], "the peer's TCP closes"
    elif became == OPENED:
        yield MISSING[3], "the kernel cleans up"
    elif became in (REFUSED, RESET):
        yield MISSING[2], "a reset leaves something to close"


NEW, OLD, GAP, NONE = KINSHIPS = ("new", "old", "one that leaves a gap", "none of these: it takes no number")
KINSHIP = {"new": NEW, "old": OLD, "gap": GAP, "": NONE}
"""What we call what `verdicts` finds."""


class Compared(NamedTuple):
    """A line, the highest number that its sender has reached before, and what that makes of it."""

    line: Line
    mark: int
    kinship: str


def kinship(random: Random) -> Instance:
    """What a segment is to those that its sender sent before it: new, old, leaving a gap (RFC 9293 §3.4)."""
    teller, viewer = random.randint(0, 1), random.randint(0, 1)
    trace, seen = _told(random, teller, viewer)
    asked = _asked(random, seen, teller)
    odd = random.choice([each for each in asked if each.kinship in (OLD, GAP)])
    frame = odd.line.frame
    return Instance(
        task=f"Wireshark at the {ENDS[viewer]} captured this. Compare each segment with the highest number that its "
        "sender has reached before: one that begins there is new, one that begins below it is old, one that begins "
        "beyond it leaves a gap.",
        given=printed(each.line for each in seen),
        parts=(
            *(ask(f"What is frame {each.line.frame}?", Form.CHOICE, each.kinship, _wrong_kinships(seen, each), KINSHIPS)
              for each in asked),
            ask(f"With which Seq would frame {frame} have been new?", Form.NUMBER, odd.mark, _wrong_marks(seen, odd)),
        ),
        hints=(
            "Go down the lines of one direction only, and note where each segment ends: Seq + Len, and 1 more for a "
            "SYN or FIN.",
            "The highest of these ends counts. It never falls, whatever comes late or again.",
            f"Before frame {frame} the {ENDS[teller]} has reached {odd.mark}.",
        ),
        solution=(*map(_reason, asked), f"Frame {frame} would have been new at {odd.mark}."),
        trace=trace,
    )  # fmt: skip


def _told(random: Random, teller: int, viewer: int) -> tuple[Trace, list[Compared]]:
    """One end tells in pieces, on a way that loses, delays or doubles some: until something looks odd to the viewer."""
    while True:
        pieces = random.randint(4, 6)
        one, other = (HANDSHAKE[teller] + 1 + piece for piece in random.sample(range(pieces), 2))
        links = [Link(), Link()]
        links[teller] = random.choice((
            Link(lose=(one, other)),
            Link(lose=(one,)),
            Link(lose=(one,), twice={other: 30 * MS}),
            Link(late={one: 60 * MS}, twice={other: 30 * MS}),
            Link(late={one: 60 * MS, other: 60 * MS}),
        ))  # fmt: skip
        network = Network(hosts(random), tuple(links))
        network.call(1, Open(active=False))
        network.call(0, Open(active=True, remote_port=80))
        for piece in range(pieces):
            network.call(teller, Send(bytes(random.randint(1, 500))), S + 25 * MS * piece)
        if random.random() < 0.5:
            network.call(teller, CLOSE, S + 25 * MS * pieces)
        trace = network.run()
        seen = _compared(lines(trace, viewer))
        if any(each.kinship == OLD for each in seen):
            return trace, seen


def _compared(shown: list[Line]) -> list[Compared]:
    marks = [0, 0]
    found = []
    for line in shown:
        found.append(Compared(line, marks[line.end], KINSHIP[line.verdict]))
        marks[line.end] = max(marks[line.end], line.seq + line.takes)
    return found


def _asked(random: Random, seen: list[Compared], teller: int) -> list[Compared]:
    """Three lines behind the handshake, each of another sort; a new one, if there is one, behind an odd one."""
    seen = seen[sum(HANDSHAKE) :]
    told = [each for each in seen if each.line.end == teller and each.line.takes]
    odd = next(at for at, each in enumerate(told) if each.kinship in (OLD, GAP))
    sorts = [[each for each in told if each.kinship == sort] for sort in (OLD, GAP)]
    sorts += [
        [each for each in told[odd:] if each.kinship == NEW] or [each for each in told if each.kinship == NEW],
        [each for each in seen if each.kinship == NONE],
    ]
    return sorted([random.choice(sort) for sort in sorts if sort][:3])


def _reason(each: Compared) -> str:
    """Why it is of its sort."""
    if each.kinship == NONE:
        return f"Frame {each.line.frame} has no text, no SYN, no FIN: it takes no number (RFC 9293 §3.4)."
    where = {NEW: "there", OLD: f"below it, at {each.line.seq}", GAP: f"beyond it, at {each.line.seq}"}[each.kinship]
    return (
        f"Before frame {each.line.frame} the {ENDS[each.line.end]} has reached {each.mark}. It begins {where}: "
        f"{each.kinship} (RFC 9293 §3.4)."
    )


def _wrong_kinships(seen: list[Compared], each: Compared) -> Iterable[tuple[str, str]]:
    """What those say who go by whether it was seen, or by the gap that is still open."""
    earlier = [other for other in seen[: seen.index(each)] if other.line.end == each.line.end]
    if each.kinship == NONE:
        yield from ((sort, "an empty segment has a number") for sort in (NEW, OLD))
    elif each.kinship == NEW:
        if any(other.kinship == GAP for other in earlier):
            yield GAP, "a gap lasts"
    elif each.line.seq in [other.line.seq for other in earlier if other.line.takes]:
        yield NEW, "a retransmission is numbered anew"
    else:
        yield NEW, "what is seen first is new"


def _wrong_marks(seen: list[Compared], each: Compared) -> Iterable[tuple[int, str]]:
    """Where those would go on who don't take the highest number."""
    before = [other.line for other in seen[: seen.index(each)]]
    last = [line for line in before if line.end == each.line.end and line.takes][-1]
    yield last.seq + last.takes, "the last segment counts"
    yield [line.ack for line in before if line.end != each.line.end][-1], "the ACK is the mark"
    yield each.mark + 1, "SEQ plus length is the last"


KINDS = {"what became of it": fate, "new, old or gap": kinship}
