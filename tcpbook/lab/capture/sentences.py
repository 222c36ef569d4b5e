"""The sentences of `explain`: each function looks at one connection and says what it finds, or nothing.

A sentence says what was seen; where that helps, what it usually means, or where to look next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tcpbook.lab.capture.packets import Mask
from tcpbook.lab.capture.seen import Seen
from tcpbook.lab.capture.wording import capital, counted, duration, often, spoken

ENDS = ("client", "server")
BOTH = ((0, "client", "server"), (1, "server", "client"))
SILENCE_NS = 1_000_000_000  # what is shorter is no silence


def opening(seen: Seen) -> Iterator[str]:
    """How it opened."""
    yield OPENINGS[seen.row.opened](seen)


def _client(seen: Seen) -> str:
    return _socket(seen.row.client, seen.row.client_port)


def _server(seen: Seen) -> str:
    return _socket(seen.row.server, seen.row.server_port)


def _socket(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _complete(seen: Seen) -> str:
    story = f"{_client(seen)} opened the connection to {_server(seen)}"
    rtt_ns = int(seen.ends.round_trip_ns[0])
    if rtt_ns >= 0:
        story += f"; the handshake took {duration(rtt_ns)}"
    bare = seen.ends.syn & ~seen.ends.acks
    if (bare & seen.of(1)).any():
        return story + ". Each end's SYN crossed the other's: a simultaneous open (RFC 9293 §3.5)."
    return story + f".{_repeated(seen, bare, 'SYN')}{_repeated(seen, seen.ends.syn & seen.ends.acks, 'SYN,ACK')}"


def _repeated(seen: Seen, mask: Mask, what: str) -> str:
    rows = np.flatnonzero(mask)
    return f" The {what} was sent {often(len(rows))}, {seen.apart(rows)}." if len(rows) > 1 else ""


def _unanswered(seen: Seen) -> str:
    rows = np.flatnonzero(seen.ends.syn)
    sent = f"{often(len(rows))}, {seen.apart(rows)}" if len(rows) > 1 else "once"
    return (
        f"{_client(seen)} called {_server(seen)}. The SYN was sent {sent}: no answer. A host without a listener would "
        "answer with a RST: look for a filter that drops, a wrong address, or a way back that this capture doesn't "
        "see (RFC 9293 §3.8.1)."
    )


def _refused(seen: Seen) -> str:
    reset = np.flatnonzero(seen.ends.rst & seen.of(1))[0]
    call = np.flatnonzero(seen.ends.syn & seen.of(0) & (seen.ends.rows < reset))
    after = f" {seen.between(call[-1], reset)} after the SYN" if len(call) else ""
    return (
        f"{_client(seen)} called {_server(seen)}. The server refused: {seen.bits(reset)}{after}. Nobody listens on "
        f"port {seen.row.server_port} there, or a filter says so in its place (RFC 9293 §3.5.2)."
    )


def _incomplete(seen: Seen) -> str:
    story = f"{_client(seen)} called {_server(seen)}."
    answers = np.flatnonzero(seen.ends.syn & seen.ends.acks & seen.of(1))
    if len(answers):
        story += f" The server's SYN,ACK was sent {often(len(answers))}, no ACK of it was captured"
        if seen.row.closed_how == "RST":
            return f"{story} (RFC 9293 §3.5)."
        return f"{story}: either it got lost on the way, or the client never meant to go on (RFC 9293 §3.5)."
    first = np.flatnonzero(seen.of(1))[0]
    return story + (
        f" The answer was {seen.bits(first)} instead of SYN,ACK: to the server these ports still belong to an earlier "
        "connection (RFC 9293 §3.5.1)."
    )


def _midstream(seen: Seen) -> str:
    what = "the SYN was not captured"
    if seen.ends.syn.any():
        what = "the SYN,ACK was captured, the SYN before it was not"
    return (
        f"The capture of {_client(seen)} and {_server(seen)} begins in the middle: {what}. What the SYNs agreed on is "
        "unknown: windows are as written in the header, perhaps to be multiplied (RFC 7323 §2.2)."
    )


OPENINGS: dict[str, Callable[[Seen], str]] = {
    "complete": _complete,
    "unanswered": _unanswered,
    "refused": _refused,
    "incomplete": _incomplete,
    "mid-stream": _midstream,
}


def gaps(seen: Seen) -> Iterator[str]:
    """What the capture lacks."""
    if seen.row.opened not in ("complete", "mid-stream"):
        return
    for end, who, other in BOTH:
        if not seen.of(end).any():
            yield f"Not one segment of the {who}'s was captured: this is one direction only."
            continue
        missing, answered = seen.missing(end)
        if missing:
            story = f"The capture misses {counted(missing, 'byte')} of the {who}'s"
            if answered == missing:
                yield f"{story}. The {other} acknowledged them: they arrived, and whoever captured was too slow."
            elif answered:
                yield f"{story}. The {other} acknowledged {spoken(answered)} of them: so many arrived unseen."
            else:
                yield f"{story}. The {other} never acknowledged them: they were lost on the way here."


def volume(seen: Seen) -> Iterator[str]:
    """Who sent how much."""
    octets = (int(seen.row.client_bytes), int(seen.row.server_bytes))
    if not any(octets):
        if seen.row.opened in ("complete", "mid-stream"):
            yield "No text passed in either direction."
        return
    parts = []
    for who, number in zip(ENDS, octets, strict=True):
        segments = counted(int(seen.row[f"{who}_segments"]), "segment")
        said = f"{counted(number, 'byte')} of text in {segments}" if number else f"{segments} without text"
        parts.append(f"the {who} sent {said}")
    yield capital("; ".join(parts)) + "."


def repeats(seen: Seen) -> Iterator[str]:
    """What was sent again, and what overtook."""
    for end, who, _ in BOTH:
        again = seen.named("retransmission", end)
        texts = again[seen.ends.length[again] > 0]
        if len(texts):
            octets = int(seen.ends.length[texts].sum())
            share = octets / int(seen.ends.length[seen.of(end)].sum())
            story = f"The {who} repeated {counted(len(texts), 'segment')}"
            story += f", {counted(octets, 'byte')}, {share:.1%} of its text"
            position = seen.observed.position[texts]
            starts, sendings = np.unique(position, return_counts=True)
            same = texts[position == starts[sendings.argmax()]]
            if len(same) > 1:
                story += f". One of them it repeated {often(len(same))}, {seen.apart(same)}"
            yield f"{story} (RFC 9293 §3.8.1)."
        fins = np.flatnonzero(seen.ends.fin & seen.of(end))
        if len(fins) > 1 and (seen.ends.length[fins[1:]] == 0).any():
            yield f"The {who}'s FIN was sent {often(len(fins))}, {seen.apart(fins)} (RFC 9293 §3.8.1)."
        early = seen.named("out of order", end)
        if len(early):
            yield (
                f"{capital(counted(len(early), 'segment'))} of the {who}'s came out of order, too soon to have "
                "been asked for: the network let others overtake."
            )
        duplicates = seen.named("duplicate ACK", end)
        if len(duplicates):
            yield (
                f"The {who} sent {counted(len(duplicates), 'duplicate ACK')}: what it waited for had not come, what "
                "lies behind had. Three in a row ask for a repetition at once (RFC 5681 §3.2)."
            )


def windows(seen: Seen) -> Iterator[str]:
    """Closed windows, for how long, and who asked whether they are open again."""
    for end, who, other in BOTH:
        rows = np.flatnonzero(seen.of(end) & seen.plain)
        closed = seen.ends.window[rows] == 0
        if closed.any():
            begins = np.flatnonzero(closed & ~np.append(False, closed[:-1]))
            opens = np.flatnonzero(~closed & np.append(False, closed[:-1]))
            last = int(seen.ends.time_ns.max())
            until = np.append(seen.ends.time_ns[rows[opens]], last)[: len(begins)]
            total = int((until - seen.ends.time_ns[rows[begins]]).sum())
            story = f"The {who} closed its window {often(len(begins))}, for {duration(total)} in all"
            story += ", and it is closed to the end" if closed[-1] else ""
            yield (
                f"{story}. Its program did not read as fast as the {other} sent: look there, not at the network "
                "(RFC 9293 §3.8.6)."
            )
        probes = seen.named("window probe", 1 - end)
        if len(probes):
            apart = f", {seen.apart(probes)}" if len(probes) > 1 else ""
            yield (
                f"The {other} asked {often(len(probes))} whether the {who}'s window is open again{apart} "
                "(RFC 9293 §3.8.6.1)."
            )


def keepalives(seen: Seen) -> Iterator[str]:
    """Who asked whether the other is still there."""
    for end, who, other in BOTH:
        rows = seen.named("keep-alive", end)
        if len(rows):
            apart = f", {seen.apart(rows)}" if len(rows) > 1 else ""
            answered = (seen.of(1 - end) & (seen.ends.rows > rows[0])).any()
            story = f"The {who} sent {counted(len(rows), 'keep-alive')}{apart} (RFC 9293 §3.8.4)"
            yield f"{story}." if answered else f"{story}: the {other} sent nothing more. It is gone, or the way to it."


def silence(seen: Seen) -> Iterator[str]:
    """The longest time in which nothing was captured."""
    if seen.ends.count < 2 or seen.row.opened in ("unanswered", "refused"):
        return
    waits = np.where(seen.ends.syn[1:], 0, np.diff(seen.ends.time_ns))  # the opening has told of repeated SYNs
    before = int(waits.argmax())
    if waits[before] >= SILENCE_NS:
        last, following = (ENDS[seen.ends.end[row]] for row in (before, before + 1))
        yield (
            f"The longest silence lasted {duration(int(waits[before]))}: after frame {seen.frame[before]}, "
            f"{seen.bits(before)} from the {last}, until the {following} sent {seen.bits(before + 1)}."
        )


def resets(seen: Seen) -> Iterator[str]:
    """Who reset, and in which situation."""
    rows = np.flatnonzero(seen.ends.rst)
    if not len(rows) or seen.row.opened == "refused":
        return
    if seen.row.closed_how != "RST":
        why = "an old duplicate asked for it, or it is forged (RFC 5961 §3)."
        if seen.row.close_segments:
            why = "all was closed before. It can have ended TIME-WAIT early (RFC 1337 §1)."
        yield f"{capital(counted(len(rows), 'RST'))} changed nothing: {why}"
        return
    end = ENDS.index(seen.row.closed_by)
    who, other = ENDS[end], ENDS[1 - end]
    others = np.flatnonzero(seen.of(end) & ~seen.ends.rst)
    row = rows[(seen.ends.end[rows] == end) & (rows > others.max(initial=-1))][0]
    story = f"The {who} reset the connection"
    if row:
        last = ENDS[seen.ends.end[row - 1]]
        story += f", {seen.between(row - 1, row)} after the {last}'s {seen.bits(row - 1)},"
    yield f"{story} {_situation(seen, end, row)}"
    octets = seen.outstanding(1 - end, row)
    if octets:
        yield f"{capital(counted(octets, 'byte'))} of the {other}'s had not been acknowledged by then: they are lost."


def _situation(seen: Seen, end: int, row: int) -> str:
    other = ENDS[1 - end]
    own_fin, other_fin = (seen.ends.fin_row[side] < row for side in (end, 1 - end))
    answers = seen.ends.syn & seen.ends.acks & seen.of(1 - end)
    if seen.row.opened == "incomplete" and not answers.any():
        return "as it has to, for that acknowledged what it never sent: it ends the earlier one (RFC 9293 §3.5.1)."
    if seen.row.opened == "mid-stream" and row and answers[row - 1]:
        return (
            "which it had not asked for: an old SYN of its own came by, or somebody calls in its name (RFC 9293 §3.5)."
        )
    if seen.row.opened in ("incomplete", "unanswered"):
        return "before the handshake was complete. Scanners do so, and health checks (RFC 9293 §3.10.5)."
    if own_fin and other_fin:
        return "while both were closing (RFC 9293 §3.10.7.4)."
    if own_fin:
        return f"after its own FIN: what the {other} went on to send had no reader any more (RFC 9293 §3.6.1)."
    if other_fin:
        return f"after the {other}'s FIN, instead of a FIN of its own: its program aborted or ended (RFC 9293 §3.10.5)."
    return (
        "while both directions were open. Its program aborted, or ended with text unread (RFC 9293 §3.6.1); or it "
        "restarted and knows nothing of the connection (§3.5.1); or something between the ends did it in its name: "
        "compare the hop limit with that of earlier segments."
    )


def closing(seen: Seen) -> Iterator[str]:
    """Who closed, in how many segments, and what an end still owes."""
    fin, acked = seen.ends.fin_row, seen.ends.fin_acked
    none = seen.ends.count
    if seen.row.closed_how == "open" and seen.row.opened in ("complete", "mid-stream"):
        waited_ns = seen.until_ns - int(seen.ends.time_ns.max())
        yield "Neither end closed within the capture" + (
            f", which goes on for {duration(waited_ns)} after the last segment." if waited_ns else "."
        )
        return
    if seen.row.closed_how == "RST" or (fin == none).all():
        return
    if seen.row.closed_by == "both":
        yield "Both ends closed at once, neither knowing of the other's FIN: a simultaneous close (RFC 9293 §3.6)."
        first = int(fin.argmin())
    else:
        first = ENDS.index(seen.row.closed_by)
        yield from _in_turn(seen, first)
    for end in (first, 1 - first):
        if fin[end] < none and acked[end] == none:
            yield f"The {ENDS[end]}'s FIN was not acknowledged within the capture (RFC 9293 §3.6)."


def _in_turn(seen: Seen, first: int) -> Iterator[str]:
    fin, acked = seen.ends.fin_row, seen.ends.fin_acked
    none = seen.ends.count
    who, other = ENDS[first], ENDS[1 - first]
    begun, second = fin[first], fin[1 - first]
    if second == none:
        if acked[first] < none and seen.left_ns(acked[first]) < SILENCE_NS:
            yield (
                f"The {who} closed first. When the capture ends, the {other} is in CLOSE-WAIT: it may still send, and "
                "its CLOSE is to come (RFC 9293 §3.6)."
            )
        elif acked[first] < none:
            yield (
                f"The {who} closed first; the {other} never closed: CLOSE-WAIT for {seen.since(acked[first])}, until "
                f"the capture ends. The {other}'s program read the end of the text and did not call CLOSE: look for a "
                "socket that it forgot (RFC 9293 §3.6)."
            )
        return
    if seen.row.close_segments == 3:
        yield f"The {who} closed first. Three segments: the {other}'s FIN brought the ACK along (RFC 9293 §3.6)."
        return
    story = f"The {who} closed first, the {other} {seen.between(begun, second)} later"
    if seen.row.close_segments == 4:
        story += ". Four segments: the first FIN was acknowledged before the second was sent (RFC 9293 §3.6)"
    late = seen.of(1 - first) & (seen.ends.rows > begun) & (seen.ends.length > 0)
    if late.any():
        octets = counted(int(seen.ends.length[late].sum()), "byte")
        story += f". In between the {other} sent {octets}: a half-closed connection (RFC 9293 §3.6.1)"
    yield f"{story}."


STORY: tuple[Callable[[Seen], Iterator[str]], ...] = (
    opening, gaps, volume, repeats, windows, keepalives, silence, closing, resets,
)  # fmt: skip
"""What is told, in this order."""
