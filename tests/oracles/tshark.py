"""tshark as the judge of captures: every field of every segment, its verdict, and the completeness of its connection.

The reasons why a few may differ stand at the end.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pandas import DataFrame

from tcpbook.lab.capture import connections, read_capture, verdicts
from tcpbook.protocol.flags import Flags

Row = dict[str, Any]
"""One segment: column of `read_capture` → value; None where there is none."""


class Difference(NamedTuple):
    """Where the two disagree; the column is "frame" where only one of them has the segment."""

    frame: int
    column: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"frame {self.frame}: {self.column} {self.ours!r}, tshark {self.theirs!r}"


class Judgment(NamedTuple):
    """How many segments agreed wholly, the differences, and how often each written reason excused one."""

    agreed: int
    differences: list[Difference]
    excused: Counter[str]


def judge(capture: Path, ours: DataFrame | None = None) -> Judgment:
    """Compare what `read_capture` says (or said: `ours`, with checksums) with tshark, field by field."""
    if ours is None:
        ours = read_capture(capture, checksums=True)
    completeness = ours["connection"].map(connections(ours)["completeness"])
    mine = {row["frame"]: row for row in _rows(ours.assign(verdict=verdicts(ours), completeness=completeness))}
    theirs = {row["frame"]: row for row in decode(capture)}
    segments = [row for row in theirs.values() if "stream" in row]
    _add_connections([row for row in segments if row["frame"] in mine])
    _add_facts(segments)

    agreed, differences, excused = 0, [], Counter[str]()
    for frame in sorted(mine.keys() | {frame for frame, row in theirs.items() if "seq" in row}):
        found = list(_compare(frame, mine.get(frame), theirs[frame]))
        agreed += not found
        for difference in found:
            reason = next((r for r in REASONS if r.excuses(difference, mine.get(frame), theirs[frame])), None)
            if reason:
                excused[reason.sentence] += 1
            else:
                differences.append(difference)
    return Judgment(agreed, differences, excused)


def _rows(table: DataFrame) -> Iterator[Row]:
    plain = table.astype(object).where(table.notna(), None)
    columns = list(plain.columns)
    for values in zip(*(plain[column] for column in columns), strict=True):
        yield dict(zip(columns, values, strict=True))


def _add_connections(rows: list[Row]) -> None:
    """Number the connections among these segments; tshark also counts those in tunnels and ICMP errors."""
    numbers: dict[int, int] = {}
    for row in rows:
        row["connection"] = numbers.setdefault(row["stream"], len(numbers))


def _add_facts(rows: list[Row]) -> None:
    """Give each segment what holds for its connection as a whole.

    That are the bits of completeness, too: with the first segment tshark shows what they were then.
    """
    streams: dict[int, list[Row]] = {}
    for row in rows:
        streams.setdefault(row["stream"], []).append(row)
    for stream in streams.values():
        facts = {
            "completeness": stream[-1]["completeness"],
            "all SYNs scale": all(row["scale"] is not None for row in stream if row["flags"] & Flags.SYN),
            "all are plain": all(PLAIN.match(row["protocols"]) for row in stream),
            "all are whole": all(row["length"] is not None for row in stream),
            "no ACK without its flag": all(row["flags"] & Flags.ACK or not row["ack"] for row in stream),
        }
        for row in stream:
            row.update(facts)


def _compare(frame: int, mine: Row | None, theirs: Row) -> Iterator[Difference]:
    if mine is None or "seq" not in theirs:
        yield Difference(frame, "frame", mine and "a segment", theirs["protocols"])
        return
    for column in COLUMNS:
        if mine[column] != theirs[column]:
            yield Difference(frame, column, mine[column], theirs[column])


# What tshark says.

COLUMNS = [
    *("time_ns", "source", "destination", "source_port", "destination_port", "seq", "ack", "flags", "window"),
    *("window_bytes", "length", "urgent", "header_bytes", "mss", "scale", "sack_permitted", "sack", "tsval", "tsecr"),
    *("connection", "checksum_ok", "verdict", "completeness"),
]
NUMBERS = {
    "source_port": "tcp.srcport",
    "destination_port": "tcp.dstport",
    "seq": "tcp.seq_raw",
    "ack": "tcp.ack_raw",
    "flags": "tcp.flags",
    "window": "tcp.window_size_value",
    "window_bytes": "tcp.window_size",
    "length": "tcp.len",
    "urgent": "tcp.urgent_pointer",
    "header_bytes": "tcp.hdr_len",
    "mss": "tcp.options.mss_val",
    "scale": "tcp.options.wscale.shift",
    "tsval": "tcp.options.timestamp.tsval",
    "tsecr": "tcp.options.timestamp.tsecr",
    "checksum": "tcp.checksum",
    "stream": "tcp.stream",
    "completeness": "tcp.completeness",
}
OTHERS = [
    *("frame.number", "frame.time_epoch", "frame.protocols", "frame.len", "frame.cap_len", "ip.src", "ip.dst"),
    *("ipv6.src", "ipv6.dst", "tcp.options.sack_perm", "tcp.options.sack_le", "tcp.options.sack_re"),
    "tcp.checksum.status",
]
OLD = [
    f"tcp.analysis.{what}"
    for what in ("retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "keep_alive")
]
GAP = "tcp.analysis.lost_segment"
SETTINGS = ("tcp.check_checksum:TRUE", "tcp.relative_sequence_numbers:FALSE")


def decode(capture: Path) -> Iterator[Row]:
    """One row a packet: the columns of `read_capture` where tshark sees a segment, `protocols` in any case."""
    fields = [*OTHERS, *NUMBERS.values(), *OLD, GAP]
    command = ["tshark", "-2", "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=a"]
    command += ["-d", "tcp.port==0-65535,data"]  # what reads the text may declare its connection another one
    command += [word for setting in SETTINGS for word in ("-o", setting)]
    command += [word for field in fields for word in ("-e", field)]
    shown = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace").stdout
    for line in shown.splitlines():
        yield _row(dict(zip(fields, (value.split(",") for value in line.split("\t")), strict=True)))


def _row(said: dict[str, list[str]]) -> Row:
    def first(field: str) -> str | None:
        return said[field][0] or None

    def numbers(field: str) -> list[int]:
        return [int(value, 0) for value in said[field] if value]

    row: Row = {
        "frame": int(said["frame.number"][0]),
        "time_ns": _nanoseconds(said["frame.time_epoch"][0]),
        "protocols": said["frame.protocols"][0],
        "cut": int(said["frame.cap_len"][0]) < int(said["frame.len"][0]),
    }
    if not first("tcp.seq_raw"):
        return row
    name = "ip" if first("ip.src") else "ipv6"
    row |= {column: next(iter(numbers(field)), None) for column, field in NUMBERS.items()}
    row["flags"] = row["flags"] or 0
    if not row["length"] and not row["flags"] & (Flags.SYN | Flags.FIN):
        verdict = ""
    else:
        verdict = "old" if any(map(first, OLD)) else "gap" if first(GAP) else "new"
    return row | {
        "source": first(f"{name}.src"),
        "destination": first(f"{name}.dst"),
        "sack_permitted": first("tcp.options.sack_perm") is not None,
        "sack": tuple(zip(numbers("tcp.options.sack_le"), numbers("tcp.options.sack_re"), strict=False)),
        "checksum_ok": {"0": False, "1": True}.get(said["tcp.checksum.status"][0]),
        "verdict": verdict,
    }


def _nanoseconds(seconds: str) -> int:
    """The time of a packet; 0 for one without."""
    whole, _, rest = seconds.lstrip("-").partition(".")
    return (int(whole or 0) * 10**9 + int(rest or 0)) * (-1 if seconds.startswith("-") else 1)


# Why they may differ.

PLAIN = re.compile(
    r"(?:(?:eth:ethertype(?::(?:vlan|ieee8021ad):ethertype)*(?::pppoes:ppp)?|sll:ethertype|raw|null|(?:pppoes:)?ppp):)?"
    r"ip(?:v6)?(?::(?:ipv6\.\w+|ah))*:tcp\b"
)
"""The layers that `read_capture` reads, as tshark names them."""


class Reason(NamedTuple):
    """Why one of these columns may differ, where `applies` to what we and tshark say of the packet."""

    sentence: str
    columns: set[str]
    applies: Callable[[Row | None, Row], object]

    def excuses(self, difference: Difference, mine: Row | None, theirs: Row) -> bool:
        """Whether this is the reason for the difference."""
        return difference.column in self.columns and bool(self.applies(mine, theirs))


REASONS: tuple[Reason, ...] = (
    Reason(
        "The segment is not the packet's own: it is inside a tunnel or an ICMP error, or under a link not read.",
        {"frame"},
        lambda mine, theirs: mine is None and not PLAIN.match(theirs["protocols"]),
    ),
    Reason(
        "The capture holds only a part of the TCP header; tshark shows the fields in it.",
        {"frame"},
        lambda mine, theirs: mine is None and theirs["cut"] and theirs["urgent"] is None,
    ),
    Reason(
        "A data offset below 5 leaves no place where the options and the text could begin; tshark stops there, too.",
        {"frame"},
        lambda mine, theirs: mine is None and theirs["header_bytes"] in range(20),
    ),
    Reason(
        "The header says that it is longer than the packet, or the packet is a fragment: tshark gives no length.",
        {"length"},
        lambda mine, theirs: theirs["length"] is None,
    ),
    Reason(
        "tshark looks at the connection's segments together with copies of them in a tunnel or an ICMP error.",
        {"verdict", "completeness"},
        lambda mine, theirs: not theirs["all are plain"],
    ),
    Reason(
        "A segment of the connection has no length for tshark, as above: it is not looked at.",
        {"verdict", "completeness"},
        lambda mine, theirs: not theirs["all are whole"],
    ),
    Reason(
        "tshark believes the ACK field of a segment without the flag ACK.",
        {"verdict"},
        lambda mine, theirs: not theirs["no ACK without its flag"],
    ),
    Reason(
        "The capture holds only the first half of an option; tshark shows it.",
        {"tsval", "sack"},
        lambda mine, theirs: theirs["cut"] and mine and not mine["tsecr"] and not mine["sack"],
    ),
    Reason(
        "tshark scales a window by its sender's SYN alone; without the other SYN nobody knows (RFC 7323 §2.2).",
        {"window_bytes"},
        lambda mine, theirs: mine and theirs["completeness"] & 3 != 3 and mine["window_bytes"] == mine["window"],
    ),
    Reason(
        "A SYN repeated after a SYN,ACK without a scale makes tshark scale; RFC 7323 §2.2 needs both.",
        {"window_bytes"},
        lambda mine, theirs: mine and not theirs["all SYNs scale"] and mine["window_bytes"] == mine["window"],
    ),
    Reason(
        "A checksum of ffff is right where 0000 is (RFC 1071); tshark calls it wrong, as no sender should write it.",
        {"checksum_ok"},
        lambda mine, theirs: mine and mine["checksum_ok"] and theirs["checksum"] == 0xFFFF,
    ),
    Reason(
        "The file gives a second more than 10**9 nanoseconds; tshark keeps 32 bits of them, one of them a sign.",
        {"time_ns"},
        lambda mine, theirs: mine and (mine["time_ns"] - abs(theirs["time_ns"])) % 2**32 == 0,
    ),
    Reason(
        "A time after the year 2262 is more nanoseconds than 64 bits hold.",
        {"time_ns"},
        lambda mine, theirs: theirs["time_ns"] >= 2**63,
    ),
)
