"""Record what this machine's Linux kernel answers to single segments: tests/data/kernel-answers.json.

Run it as root: `python -m tools.record_kernel`. The process moves into a new network namespace with one TUN
device, so no packet leaves it: the kernel is one end of every connection, this script the other. Each case
brings a fresh socket to a state, sends one probe and notes the answer, which is there once the probe is
written: no timer is waited for. Namespace, device and sockets end with the process.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import platform
import socket
import struct
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from tools.kernel_wire import KERNEL, PEER, Segment, Wire, socket_states

RECORDING = Path(__file__).parent.parent / "tests" / "data" / "kernel-answers.json"
Case = dict[str, Any]

MODULUS = 2**32
IRS = 0x1000_0000  # the peer's initial sequence number; the kernel picks ISS
SND_WND = 1000  # the window in every segment of the peer, so MAX.SND.WND too
TEXT = b"sixteen octets.."  # sent and acknowledged in ESTABLISHED, so that an old ACK acknowledges bytes
SILENCE_S = 0.004  # no answer for so long is none
PATIENCE_S = 0.5  # a case that took longer may hold a timer's doing: it is tried again
TRIES_MAX = 20000

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
FLAG_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")

# SEQ and ACK of the probes by name: a variable of the kernel, and how far from it.
SEQ = {
    "any": ("IRS", 0),  # nothing received yet to compare with
    "next": ("RCV.NXT", 0),
    "later": ("RCV.NXT", 100),
    "left": ("RCV.NXT", -1),
    "right": ("RCV.NXT+RCV.WND", 1),
    "edge": ("RCV.NXT+RCV.WND", 0),  # the first number beyond the window
}
ACKS = {
    "none": ("0", 0),  # the ACK bit is off
    "any": ("IRS", 0),  # nothing sent yet to compare with: a number like any other
    "old": ("SND.UNA", -1),
    "current": ("SND.UNA", 0),
    "ours": ("SND.NXT", 0),  # acknowledges our SYN or FIN
    "beyond": ("SND.NXT", 1),
    "ancient": ("SND.UNA-MAX.SND.WND", -1),  # below what RFC 5961 §5 lets pass
}
# Control bits and bytes of text of the probes.
WITHOUT_ACK = (
    (0, 0),
    (0, 1),
    (FIN, 0),
    (SYN, 0),
    (SYN, 1),
    (RST, 0),
    (FIN | SYN, 0),
    (FIN | PSH | URG, 0),
    (SYN | RST, 0),
    (FIN | SYN | RST, 0),
)
WITH_ACK = (
    (ACK, 0),
    (RST | ACK, 0),
    (SYN | ACK, 0),
    (SYN | ACK, 1),
    (FIN | ACK, 0),
    (PSH | ACK, 1),
    (PSH | ACK, 4),
    (ACK | URG, 1),
    (FIN | PSH | ACK, 1),
    (FIN | SYN | ACK, 0),
    (FIN | SYN | RST | ACK, 0),
    (SYN | RST | ACK, 0),
    (FIN | PSH | ACK | URG, 0),
)


def flag_text(flags: int) -> str:
    """The control bits by name, low bit first."""
    return ",".join(name for bit, name in enumerate(FLAG_NAMES) if flags >> bit & 1) or "none"


class Connection:
    """One kernel socket and the peer that this script plays. `variables` are the kernel's."""

    def __init__(self, wire: Wire, number: int) -> None:
        self.wire = wire
        self.local, self.remote = 10000 + number, 40000 + number
        self.listener: socket.socket | None = None
        self.socket: socket.socket | None = None
        self.variables: dict[str, int] = {}

    # The steps that lead to a state: what the kernel's user or the peer does.

    def listen(self) -> None:
        """Passive OPEN."""
        self.listener = self.new_socket()
        self.listener.listen()

    def connect(self) -> None:
        """Active OPEN."""
        self.socket = self.new_socket()
        self.socket.connect_ex((PEER, self.remote))
        self.track()

    def peer_syn(self) -> None:
        """The peer sends its SYN."""
        self.hear(SYN, IRS, 0)

    def peer_syn_ack(self) -> None:
        """The peer answers our SYN."""
        self.hear(SYN | ACK, IRS, self.variables["SND.NXT"])

    def accept(self) -> None:
        """The user takes the connection that the listener made, if any."""
        if self.listener is not None and self.socket is None:
            with contextlib.suppress(BlockingIOError):
                self.socket = self.listener.accept()[0]

    def talk(self) -> None:
        """The user sends text, and the peer acknowledges it."""
        assert self.socket is not None
        self.socket.send(TEXT)
        self.track()
        self.peer_ack()

    def close(self) -> None:
        """CLOSE. shutdown() lets the user go on receiving as the RFC does; Linux's close() would not."""
        assert self.socket is not None
        self.socket.shutdown(socket.SHUT_WR)
        self.track()

    def peer_ack(self) -> None:
        """The peer acknowledges all that was sent."""
        self.hear(ACK, self.variables["RCV.NXT"], self.variables["SND.NXT"])

    def peer_fin(self) -> None:
        """The peer sends its FIN and acknowledges nothing new."""
        self.hear(FIN | ACK, self.variables["RCV.NXT"], self.variables["SND.UNA"])

    # What the steps stand on.

    def new_socket(self) -> socket.socket:
        """A socket on this connection's port; closed, it leaves no state behind."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        made.setblocking(False)
        made.bind((KERNEL, self.local))
        return made

    def send(self, flags: int, seq: int, ack: int, text: int = 0) -> Segment:
        """Send the kernel a segment of this connection."""
        segment = Segment(self.remote, self.local, seq % MODULUS, ack % MODULUS, flags, SND_WND, text)
        self.wire.send(segment)
        return segment

    def receive(self, wait_s: float = 0.0) -> list[Segment]:
        """The kernel's segments of this connection."""
        ports = (self.local, self.remote)
        return [segment for segment in self.wire.receive(wait_s) if segment[:2] == ports]

    def hear(self, flags: int, seq: int, ack: int) -> None:
        """Send a segment of a setup and follow the kernel's answer."""
        self.send(flags, seq, ack)
        if flags & ACK:
            self.variables["SND.UNA"] = ack
        self.variables |= {"SND.WND": SND_WND, "MAX.SND.WND": SND_WND}
        self.track()

    def track(self) -> None:
        """Read the kernel's variables off what it sent."""
        for segment in self.receive():
            if segment.flags & SYN:
                self.variables |= {"ISS": segment.seq, "SND.UNA": segment.seq}
            occupied = segment.text + bool(segment.flags & SYN) + bool(segment.flags & FIN)
            self.variables["SND.NXT"] = (segment.seq + occupied) % MODULUS
            if segment.flags & ACK:
                self.variables |= {"RCV.NXT": segment.ack, "RCV.WND": segment.wnd}

    # What came of it.

    def state(self) -> str:
        """The connection's state; without one, its listener's."""
        found = socket_states()
        return found.get((self.local, self.remote)) or found.get((self.local, 0)) or "CLOSED"

    def error(self) -> str:
        """What the user is told, by its errno name."""
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if self.socket else 0
        return errno.errorcode[code] if code else ""

    def delivered(self) -> int:
        """How many bytes of text the user receives."""
        with contextlib.suppress(OSError):
            return len(self.socket.recv(100, socket.MSG_DONTWAIT)) if self.socket else 0
        return 0

    def end(self) -> None:
        """Give up the sockets."""
        for each in (self.socket, self.listener):
            if each is not None:
                each.close()


class Probe(NamedTuple):
    """One segment to try; `seq` and `ack` by their names in SEQ and ACKS, `text` in bytes."""

    flags: int
    seq: str
    ack: str
    text: int


OPENED = (Connection.connect, Connection.peer_syn_ack, Connection.talk)
SERVED = (Connection.listen, Connection.peer_syn, Connection.peer_ack, Connection.accept, Connection.talk)
CLOSED = (Connection.close, Connection.peer_ack, Connection.peer_fin)
SETUPS: dict[tuple[str, str], tuple[Callable[[Connection], None], ...]] = {
    ("CLOSED", ""): (),
    ("LISTEN", "passive"): (Connection.listen,),
    ("SYN-SENT", "active"): (Connection.connect,),
    ("SYN-RECEIVED", "passive"): (Connection.listen, Connection.peer_syn),
    ("SYN-RECEIVED", "active"): (Connection.connect, Connection.peer_syn),
    ("ESTABLISHED", "active"): OPENED,
    ("FIN-WAIT-1", "active"): (*OPENED, Connection.close),
    ("FIN-WAIT-2", "active"): (*OPENED, Connection.close, Connection.peer_ack),
    ("CLOSE-WAIT", "active"): (*OPENED, Connection.peer_fin),
    ("CLOSING", "active"): (*OPENED, Connection.close, Connection.peer_fin),
    ("LAST-ACK", "active"): (*OPENED, Connection.peer_fin, Connection.close),
    ("TIME-WAIT", "active"): (*OPENED, *CLOSED),
    ("TIME-WAIT", "passive"): (*SERVED, *CLOSED),  # the listener is still there
}
UNACKNOWLEDGED = {"SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "CLOSING", "LAST-ACK"}  # a SYN or FIN of ours


def probes(state: str) -> Iterator[Probe]:
    """Every probe of a state: all pairs of the usual SEQ and ACK, the rare ones singly."""
    sequences: tuple[str, ...] = ("next", "later", "left", "right")
    acknowledgments: tuple[str, ...] = ("old", "current", "ours", "beyond")
    if state in {"CLOSED", "LISTEN"}:
        acknowledgments = ("any",)
    elif state not in UNACKNOWLEDGED:
        acknowledgments = ("old", "current", "beyond")
    if state in {"CLOSED", "LISTEN", "SYN-SENT"}:
        sequences = ("any",)
    pairs = [(seq, ack) for seq in sequences for ack in acknowledgments]
    if len(sequences) > 1:
        pairs += [("edge", "current"), ("next", "ancient")]
        sequences += ("edge",)
    for flags, text in WITHOUT_ACK:
        yield from (Probe(flags, seq, "none", text) for seq in sequences)
    for flags, text in WITH_ACK:
        yield from (Probe(flags, seq, ack, text) for seq, ack in pairs)


def expression(name: str, offset: int) -> str:
    """RCV.NXT+1 and the like."""
    return f"{name}{offset:+d}" if offset else name


def relative(number: int, name: str, base: int) -> str:
    """A sequence number as a distance from a named one."""
    return expression(name, (number - base + MODULUS // 2) % MODULUS - MODULUS // 2)


def before(variables: dict[str, int]) -> Case:
    """The kernel's variables as a setup left them, relative to both initial sequence numbers."""
    found: Case = {}
    for name, number in variables.items():
        if name in {"SND.UNA", "SND.NXT"}:
            found[name] = relative(number, "ISS", variables["ISS"])
        elif name == "RCV.NXT":
            found[name] = relative(number, "IRS", IRS)
        elif name != "ISS":
            found[name] = number
    return found


def bases(variables: dict[str, int]) -> dict[str, int]:
    """The numbers that SEQ and ACKS name."""
    known = {"0": 0, "IRS": IRS, **variables}
    if "RCV.NXT" in known:
        known["RCV.NXT+RCV.WND"] = known["RCV.NXT"] + known["RCV.WND"]
        known["SND.UNA-MAX.SND.WND"] = known["SND.UNA"] - known["MAX.SND.WND"]
    return known


def reply(answer: Segment, probe: Segment, known: dict[str, int]) -> Case:
    """An answer, its SEQ and ACK relative to the variables before it."""
    if answer.flags & RST:
        seq = relative(answer.seq, "SEG.ACK", probe.ack) if probe.flags & ACK else str(answer.seq)
        ack = relative(answer.ack, "SEG.SEQ", probe.seq)
    else:
        its_syn = answer.flags & SYN and known.get("ISS", answer.seq) == answer.seq
        seq = "ISS" if its_syn else relative(answer.seq, "SND.NXT", known["SND.NXT"])
        base = "RCV.NXT" if "RCV.NXT" in known else "SEG.SEQ"
        ack = relative(answer.ack, base, known.get(base, probe.seq))
    if not answer.flags & ACK:
        ack = str(answer.ack)
    return {"flags": flag_text(answer.flags), "seq": seq, "ack": ack, "len": answer.text}


def attempt(connection: Connection, state: str, opened: str, probe: Probe) -> Case:
    """One case: the connection is brought to the state and probed; raises RuntimeError off the way."""
    for step in SETUPS[state, opened]:
        step(connection)
    if connection.state() != state:
        raise RuntimeError(f"the setup of {state} led to {connection.state()}")
    known = bases(connection.variables)
    seq, ack = (known[name] + offset for name, offset in (SEQ[probe.seq], ACKS[probe.ack]))
    sent = connection.send(probe.flags, seq, ack, probe.text)
    answers = [each for each in connection.receive(SILENCE_S) if each.flags != SYN]  # SYN-SENT's timer
    after = connection.state()
    if after == "LISTEN" and state not in {"LISTEN", "SYN-RECEIVED"}:
        after = "CLOSED"  # only the listener is left
    connection.accept()
    case: Case = {"flags": flag_text(probe.flags), "seq": probe.seq, "ack": probe.ack, "data": probe.text}
    case["replies"] = [reply(answer, sent, known) for answer in answers]
    return case | {"after": after, "error": connection.error(), "delivered": connection.delivered()}


def record(wire: Wire) -> list[Case]:
    """All cases, grouped by state and way of opening."""
    groups: list[Case] = []
    fresh = iter(range(TRIES_MAX))
    for state, opened in SETUPS:
        group: Case = {"state": state, "opened": opened}
        for probe in probes(state):
            seconds = PATIENCE_S
            while seconds >= PATIENCE_S:
                started = time.monotonic()
                connection = Connection(wire, next(fresh))
                case = attempt(connection, state, opened, probe)
                connection.end()
                seconds = time.monotonic() - started
            variables = before(connection.variables)
            if group.setdefault("variables", variables) != variables:
                raise RuntimeError(f"two setups of {state} differ: {group['variables']}, {variables}")
            group.setdefault("cases", []).append(case)
        groups.append(group)
    return groups


def compact(content: Case) -> str:
    """JSON without what is empty, the replies excepted."""
    kept = {name: each for name, each in content.items() if each or name == "replies"}
    kept["replies"] = [{name: each for name, each in reply.items() if each} for reply in kept["replies"]]
    return json.dumps(kept, separators=(",", ":"))


def text(head: Case, groups: list[Case]) -> str:
    """The recording as JSON, one case a line."""
    written = []
    for group in groups:
        start = json.dumps({name: group[name] for name in ("state", "opened", "variables")})
        written.append(start[:-1] + ', "cases": [\n' + ",\n".join(map(compact, group["cases"])) + "\n]}")
    return json.dumps(head)[:-1] + ', "connections": [\n' + ",\n".join(written) + "\n]}\n"


def main() -> None:
    """Write the recording; a stored one that differs by its date only stays as it is."""
    parser = argparse.ArgumentParser(description="Record what this kernel answers to single segments; root.")
    parser.add_argument("output", nargs="?", type=Path, default=RECORDING)
    output: Path = parser.parse_args().output
    head: Case = {
        "kernel": f"Linux {platform.release().split('-')[0]}",
        "recorded": str(date.today()),
        "seq": {name: expression(*place) for name, place in SEQ.items()},
        "ack": {name: expression(*place) for name, place in ACKS.items()},
    }
    groups = record(Wire())
    if output.exists():
        stored = output.read_text()
        if text({**head, "recorded": json.loads(stored)["recorded"]}, groups) == stored:
            return
    output.write_text(text(head, groups))


if __name__ == "__main__":
    main()
