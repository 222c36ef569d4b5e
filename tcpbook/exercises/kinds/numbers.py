"""Exercises about sequence numbers: how text is cut and numbered, and what a window takes (chapter 01)."""

from __future__ import annotations

from random import Random

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask, ask_whether
from tcpbook.lab.network import Network, pair
from tcpbook.protocol.events import Open, Send
from tcpbook.protocol.segment import HEADER_BYTES
from tcpbook.protocol.seqnum import MODULUS, add, distance, in_window
from tcpbook.protocol.tcb import TCB


def acceptable(random: Random) -> Instance:
    """Whether a segment passes the first check, and what in it is new (RFC 9293 §3.4, Table 5)."""
    wnd = random.choice((0, random.randint(1, 40) * 50))
    nxt = random.choice((random.randint(1_000, 9_999), add(0, -random.randint(1, 60)), random.randint(0, 40)))
    length = random.choice((0, random.randint(1, wnd or 500)))
    edges = (0, 0, -1, -length, -(length // 2), -length - 1, wnd - 1, wnd, wnd + 1, wnd - length, wnd - length // 2)
    seq = add(nxt, random.choice((*edges, random.randint(-60, wnd + 60))))
    tcb = TCB(rcv_nxt=nxt, rcv_wnd=wnd)
    accepted = tcb.accepts(seq, length)
    new = sum(in_window(add(seq, octet), nxt, wnd) for octet in range(length))
    end, edge = add(seq, length), add(nxt, wnd)
    wrong_counts = [(length, "old bytes are new")]
    if 0 < new < length:
        off_by_one = "right edge included" if distance(nxt, seq) < wnd else "SEQ plus length is the last"
        wrong_counts.append((new + 1, off_by_one))
    has = f"bytes {seq} to {add(end, -1)}" if length else f"no bytes and stands at {seq}"
    window = f"{nxt} to {add(edge, -1)}" if wnd else "shut"
    parts = [ask_whether("Is it acceptable?", accepted, _judgments(tcb, seq, length))]
    if length:
        parts.append(ask("How many of its bytes are in the window?", Form.NUMBER, new, wrong_counts))
    return Instance(
        task="A segment arrives in ESTABLISHED. TCP looks first at whether it is acceptable.",
        given=f"RCV.NXT {nxt:>12}      SEG.SEQ {seq:>12}\nRCV.WND {wnd:>12}      SEG.LEN {length:>12}",
        parts=tuple(parts),
        hints=(
            "The window begins at RCV.NXT and is RCV.WND bytes long. Numbers end at 4294967295 and go on with 0.",
            "The first or the last byte in the window is enough. A segment without bytes counts as one at SEG.SEQ; "
            "it is the only kind that a shut window takes, and only at RCV.NXT.",
            f"The window is {window}; the segment has {has}.",
        ),
        solution=(
            f"The window is {window}; the segment has {has}.",
            f"So it is {'' if accepted else 'not '}acceptable (RFC 9293 §3.4, Table 5).",
            *([f"In the window are {new} of its {length} bytes."] if length else []),
        ),
    )


def _judgments(tcb: TCB, seq: int, length: int) -> list[tuple[bool, str]]:
    """What those say who know the test in part."""
    nxt, wnd = tcb.rcv_nxt, tcb.rcv_wnd
    ends = seq, seq + max(0, length - 1)
    plain = any(nxt <= number < nxt + wnd for number in ends) or (wnd == 0 == length and seq == nxt)
    wider = TCB(rcv_nxt=nxt, rcv_wnd=wnd + 1).accepts(seq, length)
    return [
        (wnd > 0 and tcb.accepts(seq, length), "zero window takes nothing"),
        (plain, "compared as plain numbers"),
        (wider, "right edge included"),
        (in_window(seq, nxt, wnd) or seq == nxt, "the first byte decides"),
        (seq == nxt, "only RCV.NXT is acceptable"),
    ]


def segments(random: Random) -> Instance:
    """Into how many segments a message is cut, and how they are numbered (RFC 9293 §3.4, §3.7.1)."""
    mss = random.choice((500, 536, 1_000, 1_220, 1_460))
    size = random.choice((mss * random.randint(2, 7), random.randint(mss + 1, 7 * mss)))
    start = random.choice((random.randint(1, 9) * 1_000, add(0, -random.randint(1, size - 1))))
    a, b = pair(rcv_mss=mss)
    a.tcb.next_iss = add(start, -1)
    network = Network((a, b))
    network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    network.call(0, Send(bytes(size)), at_us=1_000_000)
    trace = network.run(until_us=2_000_000)
    sent = [flight.segment for flight in trace.flights if flight.segment.data]
    count, last = len(sent), len(sent[-1].data)
    k = random.randint(2, count)
    paper = start + (k - 1) * mss
    return Instance(
        task=f"A program sends {size} bytes in one call. The peer's MSS is {mss}, its window is large enough, and no "
        f"segment has options. The first data byte has number {start}.",
        parts=(
            ask("How many segments carry them?", Form.NUMBER, count,
                [(size // mss, "the rest needs no segment"), (size // mss + 1, "an empty segment ends the text"),
                 (-(-size // (mss - HEADER_BYTES)), "MSS includes the header")]),
            ask("How many bytes are in the last?", Form.NUMBER, last,
                [(size % mss, "an empty segment ends the text"), (mss, "every segment is full")]),
            ask(f"SEQ of segment {k}, the first being 1", Form.NUMBER, sent[k - 1].seq,
                [(paper, "sequence numbers have no end"), (add(start, k - 1), "SEQ counts segments"),
                 (add(paper, mss), "SEQ names the end"), (add(start, (k - 1) * (mss - HEADER_BYTES)),
                                                          "MSS includes the header")]),
        ),
        hints=(
            "The MSS is the most data in one segment; the header isn't counted.",
            "Each segment begins where the one before it has ended, and numbers count bytes modulo 4294967296.",
            f"Before segment {k} lie {k - 1} × {mss} = {(k - 1) * mss} bytes.",
        ),
        solution=(
            f"{size} bytes in pieces of {mss}: {count} segments, the last with {size} - {count - 1} × {mss} = {last} "
            "(RFC 9293 §3.7.1).",
            f"Segment {k}: {start} + {(k - 1) * mss} = {paper}"
            + (f", modulo 4294967296 that is {sent[k - 1].seq}" if paper >= MODULUS else "") + " (RFC 9293 §3.4).",
        ),
        trace=trace,
    )  # fmt: skip


KINDS = {"is it acceptable": acceptable, "how many segments": segments}
