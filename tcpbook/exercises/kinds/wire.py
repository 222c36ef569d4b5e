"""Exercises about what is on the wire: headers, the flags byte, checksums (chapters 01 and 02)."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, Part, ask
from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.options import MSS, NOP, SACK, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE, Option
from tcpbook.protocol.segment import FIELD, HEADER_BYTES, Segment, pseudo_header
from tcpbook.protocol.seqnum import MODULUS, add
from tcpbook.protocol.situations import REMOTE_PORT, in_state
from tcpbook.protocol.state import State
from tcpbook.protocol.verdict import Kind, verdict

SERVICES = (22, 25, 53, 80, 443, 5_432, 8_080)
OPENING = tuple(map(Flags.parse, ("SYN", "SYN,ACK", "SYN,ECE,CWR", "SYN,ACK,ECE")))
TALKING = tuple(map(Flags.parse, ("ACK", "PSH,ACK", "FIN,ACK", "FIN,PSH,ACK", "ACK,ECE", "PSH,ACK,CWR")))
TEXTS = (b"", b"", b"!", b"hello", b"QUIT\r\n", b"GET / HTTP/1.0\r\n\r\n")
HOSTS = "192.0.2.1", "192.0.2.2"
JUDGED = tuple(dict.fromkeys((*COMBINATIONS[:64], *OPENING, *TALKING)))  # of ECE and CWR, only what is usual
GROUPS = (Kind.USUAL, Kind.ODD, Kind.REFUSED)  # no state acts on a port scanner's either


class Question(NamedTuple):
    """Something asked about a dump, and the way to its answer."""

    part: Part
    way: str


def decode(random: Random) -> Instance:
    """Read fields, options and data from the dump of a segment (RFC 9293 §3.1)."""
    syn = random.random() < 0.5
    octets = (_syn if syn else _talk)(random).encode(*HOSTS)
    shift = random.randint(1, 10)
    questions = _questions(octets, shift)
    asked = [questions[at] for at in sorted(random.sample(range(len(questions)), 4))]
    known = "" if syn else f" Both SYNs had the option Window Scale; its sender's said {shift}."
    return Instance(
        task=f"Here is one TCP segment, header first, as tcpdump prints bytes.{known} Read it.",
        given=_dump(octets),
        parts=tuple(question.part for question in asked),
        hints=(
            "Five rows of four bytes: ports, SEQ, ACK, then Data Offset to Window, then Checksum and Urgent Pointer.",
            "The most significant byte comes first. Two hexadecimal digits are one byte; count bytes from 0.",
            "Byte 12 begins with Data Offset, in words of four bytes; byte 13 holds the control bits.",
            "Options follow byte 19: a kind, a length that counts all, and the content. A NOP, 01, is one byte.",
        ),
        solution=tuple(question.way for question in asked),
    )


def _ports(random: Random) -> tuple[int, int]:
    """A client's port and a server's, in one direction or the other."""
    client, server = random.randint(32_768, 60_999), random.choice(SERVICES)
    return random.choice(((client, server), (server, client)))


def _syn(random: Random) -> Segment:
    """A SYN or its answer, with the options that Linux, Windows or a small system sends."""
    flags = random.choice(OPENING)
    mss, scale = MSS(random.choice((536, 1_220, 1_440, 1_460))), WINDOW_SCALE(random.randint(1, 10))
    clock = TIMESTAMPS((random.randrange(MODULUS), random.randrange(MODULUS) if Flags.ACK in flags else 0))
    options: tuple[Option, ...] = random.choice((
        (mss,),
        (mss, NOP(), scale),
        (mss, NOP(), scale, NOP(), NOP(), SACK_PERMITTED()),
        (mss, SACK_PERMITTED(), clock, NOP(), scale),
    ))  # fmt: skip
    ack = random.randrange(MODULUS) if Flags.ACK in flags else 0
    wnd = random.randint(8_192, 65_535)
    return Segment(*_ports(random), random.randrange(MODULUS), ack, flags, wnd, options=options)


def _talk(random: Random) -> Segment:
    """A segment of an open connection, perhaps with text, timestamps and what arrived behind a gap."""
    ack = random.randrange(MODULUS)
    clocks = random.randrange(MODULUS), random.randrange(MODULUS)
    blocks = [(add(ack, gap), add(ack, gap + random.randint(500, 1_400))) for gap in (1_460, 4_380, 7_300)]
    options: tuple[Option, ...] = random.choice((
        (),
        (NOP(), NOP(), TIMESTAMPS(clocks)),
        (NOP(), NOP(), TIMESTAMPS(clocks), NOP(), NOP(), SACK(tuple(blocks[: random.randint(1, 3)]))),
    ))  # fmt: skip
    flags, wnd = random.choice(TALKING), random.randint(50, 2_000)
    text = random.choice(TEXTS)
    return Segment(*_ports(random), random.randrange(MODULUS), ack, flags, wnd, options=options, data=text)


def _questions(octets: bytes, shift: int) -> list[Question]:
    """All that can be asked about a segment; `shift` is the Window Scale of a sender that is not in its SYN."""
    segment = Segment.decode(octets)
    words, header, bits = segment.data_offset, 4 * segment.data_offset, int(segment.flags)
    found = [
        _field(octets, "Source Port", "Destination Port"),
        _field(octets, "Destination Port", "Source Port"),
        _field(octets, "Sequence Number", "Acknowledgment Number"),
        Question(
            ask("Length of the header, in bytes", Form.NUMBER, header,
                [(words, "offset in bytes"), (HEADER_BYTES, "header is always 20")]),
            f"Byte 12 is {octets[12]:02x}: Data Offset {words}, and 4 × {words} = {header} bytes (RFC 9293 §3.1).",
        ),
        Question(
            ask("Control bits", Form.FLAGS, segment.flags, _misread(bits)),
            f"Byte 13 is {octets[13]:02x}, in binary {bits:08b}: {segment.flags} (RFC 9293 §3.1).",
        ),
        Question(
            ask("Bytes of data", Form.NUMBER, len(segment.data),
                [(len(octets) - HEADER_BYTES, "options counted as data"), (len(octets) - words, "offset in bytes")]),
            f"{len(octets)} bytes, the header takes {header}: {len(segment.data)} are left (RFC 9293 §3.1).",
        ),
    ]  # fmt: skip
    if Flags.ACK in segment.flags:
        found.append(_field(octets, "Acknowledgment Number", "Sequence Number"))
    if Flags.SYN in segment.flags:
        return found + _of_syn(octets, segment)
    wnd = segment.wnd
    return [*found, Question(
        ask("Window, in bytes, after scaling", Form.NUMBER, wnd << shift,
            [(wnd, "window not scaled"), (wnd * shift, "scale multiplies"),
             (_little(octets, "Window") << shift, "little-endian")]),
        f"The Window field is {wnd}; shifted by {shift} bits, {wnd} × {1 << shift} = {wnd << shift} (RFC 7323 §2.2).",
    )]  # fmt: skip


def _of_syn(octets: bytes, segment: Segment) -> list[Question]:
    """What only a SYN can be asked: its window, and two of its options."""
    values = {option.kind: option.value for option in segment.options}
    mss, shift, wnd = values[MSS.kind], values.get(WINDOW_SCALE.kind), segment.wnd
    little = int.from_bytes(mss.to_bytes(2, "big"), "little")
    found = [
        Question(
            ask("Maximum Segment Size", Form.NUMBER, mss, [(little, "little-endian")]),
            f"The option of kind 02 and length 04 holds {mss:04x}, {mss} (RFC 9293 §3.2).",
        ),
        Question(
            ask("Window of this segment, in bytes", Form.NUMBER, wnd,
                [(_little(octets, "Window"), "little-endian"), (wnd << (shift or 0), "window of a SYN scaled")]),
            f"Bytes 14 and 15, {wnd:04x}: {wnd}. The window of a SYN is not scaled (RFC 7323 §2.2).",
        ),
    ]  # fmt: skip
    if shift is not None:
        found.append(Question(
            ask("The factor of its later Window fields, if both SYNs have the option", Form.NUMBER, 1 << shift,
                [(shift, "scale multiplies")]),
            f"The option of kind 03 and length 03 says {shift} bits: 2 to the power of {shift} is {1 << shift} "
            "(RFC 7323 §2.2).",
        ))  # fmt: skip
    return found


def _field(octets: bytes, name: str, beside: str) -> Question:
    """A whole field of the fixed header, and the one it may be taken for."""
    field = FIELD[name]
    mistakes = [(_little(octets, name), "little-endian"), (FIELD[beside].read(octets), "neighboring field")]
    shown, value = octets[field.start : field.stop].hex(), field.read(octets)
    way = f"{name}: bytes {field.start} to {field.stop - 1}, {shown}, in decimal {value} (RFC 9293 §3.1)."
    return Question(ask(name, Form.NUMBER, value, mistakes), way)


def _little(octets: bytes, name: str) -> int:
    """A field read with its low byte first."""
    return int.from_bytes(octets[FIELD[name].start : FIELD[name].stop], "little")


def _dump(octets: bytes) -> str:
    """The bytes as `tcpdump -x` prints them."""
    return "\n".join(f"0x{at:04x}:  {octets[at : at + 16].hex(' ', -2)}" for at in range(0, len(octets), 16))


def flags_byte(random: Random) -> Instance:
    """From the byte to the control bits, and the other way (RFC 9293 §3.1)."""
    pool = (*OPENING, *TALKING, *COMBINATIONS[1:256])
    first, second = random.choice(pool), random.choice(pool)
    shown = random.choice((f"0x{first:02x}", f"{first:08b} in binary"))
    wrong = [(int(flags), name) for flags, name in _misread(int(second))]
    digits = f"{second:x}"
    if digits.isdecimal():
        wrong.insert(0, (int(digits), "hexadecimal without 0x"))
    return Instance(
        task="Byte 13 of the header holds the control bits. Read one, and write one.",
        parts=(
            ask(f"The bits in {shown}", Form.FLAGS, first, _misread(int(first))),
            ask(f"The byte for {second}", Form.NUMBER, int(second), wrong),
        ),
        hints=(
            "There are eight bits. From the highest: CWR, ECE, URG, ACK, PSH, RST, SYN, FIN.",
            "Each is worth twice the one to its right: FIN 0x01, SYN 0x02, RST 0x04, PSH 0x08, ACK 0x10, and so on.",
        ),
        solution=(
            f"{shown}: 0x{first:02x} = {_weights(first)}: {first} (RFC 9293 §3.1).",
            f"{second}: {_weights(second)} = 0x{second:02x}, in decimal {int(second)}.",
        ),
    )


def _weights(flags: Flags) -> str:
    return " + ".join(f"0x{bit:02x}" for bit in sorted(flags, reverse=True))


def _misread(bits: int) -> list[tuple[Flags, str]]:
    """The byte as those read it who begin at the wrong end, know six bits, or mix up the lowest two."""
    mirrored = int(f"{bits:08b}"[::-1], 2)
    swapped = bits & ~3 | (bits & 1) << 1 | (bits & 2) >> 1
    return [
        (Flags(bits & 0x3F), "six flags"),
        (Flags(swapped), "FIN and SYN swapped"),
        (Flags(mirrored), "bits from the left"),
    ]


def legal(random: Random) -> Instance:
    """What a combination of control bits is worth, and what a closed port says to it (RFC 9293 §3.10.7)."""
    group = random.choice(GROUPS)
    flags = random.choice([each for each in JUDGED if _group(each) is group])
    wrong = [(Kind.REFUSED, "contradictions are refused")] if group is Kind.ODD else []
    if not flags & (Flags.SYN | Flags.RST):
        wrong.append((_group(flags | Flags.ACK), "ACK may be missing"))
    seq, ack = random.randint(1_000, 9_000), random.randint(1_000, 9_000)
    outcome = step(in_state(State.CLOSED), Segment(REMOTE_PORT, 80, seq, ack, flags))
    answer = outcome.segments[0].flags if outcome.segments else Flags(0)
    told = f"answers {answer}" if outcome.segments else "is silent"
    bare = [(Flags.RST, "a reset never has ACK")] if not flags & (Flags.ACK | Flags.RST) else []
    return Instance(
        task=f"A segment {f'with the control bits {flags}' if flags else 'without any control bit'} arrives. It has no "
        "text.",
        parts=(
            ask("What is such a segment?", Form.CHOICE, group, wrong, GROUPS),
            ask("Nobody listens at its port. Which bits has the answer? None, if there is no answer.", Form.FLAGS,
                answer, [*bare, *_refusals(flags)]),
        ),
        hints=(
            "In an open connection every segment carries ACK. Without it, a segment can be one of very few things.",
            "A state acts on ACK, SYN or RST; without any of them nothing can be made of a segment.",
            "CLOSED never answers a RST. Its own RST needs ACK only where it can't take its number from an ACK.",
        ),
        solution=(
            f"{flags}: {group}. {verdict(flags).reason} ({_section(verdict(flags).section)})",
            f"CLOSED {told}. {outcome.deciding.why} ({_section(outcome.deciding.section)})",
        ),
    )  # fmt: skip


def _group(flags: Flags) -> Kind:
    """The verdict; a port scanner's segments are among those that no state acts on."""
    kind = verdict(flags).kind
    return Kind.REFUSED if kind is Kind.SCAN else kind


def _refusals(flags: Flags) -> list[tuple[Flags, str]]:
    if Flags.RST in flags:
        reset = Flags.RST if Flags.ACK in flags else Flags.RST | Flags.ACK
        return [(reset, "a reset is answered")]
    return [(Flags(0), "CLOSED keeps silent"), (Flags.RST | Flags.ACK, "a reset always has ACK")]


def _section(section: str) -> str:
    return section if section.startswith("RFC") else f"RFC 9293 §{section}"


def checksum(random: Random) -> Instance:
    """The checksum of a short segment, by hand (RFC 9293 §3.1)."""
    addresses = [f"192.0.2.{random.randint(1, 254)}", f"198.51.100.{random.randint(1, 254)}"]
    seq, ack, flags = random.randrange(MODULUS), random.randrange(MODULUS), random.choice(TALKING)
    text = bytes(random.choices(b"abcdefghijklmnopqrstuvwxyz", k=random.randint(0, 4)))
    blank = Segment(*_ports(random), seq, ack, flags, random.randint(50, 65_535), data=text)
    octets = blank.encode()
    pseudo = pseudo_header(addresses[0], addresses[1], len(octets))
    total, alone = _sum(pseudo + octets), _sum(octets)
    right = Segment.decode(blank.encode(*addresses)).checksum
    wrong_sums = [(alone, "no pseudo-header")]
    if len(octets) % 2:
        wrong_sums.append((_sum(pseudo + octets[:-1]) + octets[-1], "odd byte on the right"))
    mistakes = [
        *((_folded(value) ^ 0xFFFF, name) for value, name in wrong_sums),
        (_folded(total), "checksum not inverted"),
        (total & 0xFFFF ^ 0xFFFF, "carry lost"),
        (total & 0xFFFF, "carry lost"),
    ]
    odd = " An odd byte at the end gets a zero behind it." if len(octets) % 2 else ""
    return Instance(
        task="Work out the checksum of this segment. Its field stands at 0000 for now.",
        given=f"pseudo-header\n{_dump(pseudo)}\nsegment\n{_dump(octets)}",
        parts=(
            ask("The bare sum of all words of 16 bits (0x...)", Form.NUMBER, total, wrong_sums),
            ask("The checksum (0x...)", Form.NUMBER, right, mistakes),
        ),
        hints=(
            f"Pseudo-header and segment are added alike, in words of 16 bits.{odd}",
            "What overflows 16 bits is added again at the bottom; then every bit is inverted.",
            f"The bare sum is {total:#x}: add the {total >> 16:#x} in front to the {total & 0xFFFF:#06x} behind it.",
        ),
        solution=(
            f"The words add up to {total:#x} (RFC 9293 §3.1).",
            f"Folded: {' = '.join(_folding(total))}.",
            f"Inverted: {right:#06x}.",
        ),
    )


def _sum(octets: bytes) -> int:
    """The sum of the words of 16 bits, a zero behind an odd byte."""
    padded = octets + bytes(len(octets) % 2)
    return sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))


def _folded(total: int) -> int:
    """What overflows 16 bits, added again at the bottom."""
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _folding(total: int) -> list[str]:
    """The same in writing; hardly ever does the first addition overflow again."""
    steps = []
    while total > 0xFFFF:
        steps.append(f"{total & 0xFFFF:#06x} + {total >> 16:#x}")
        total = (total & 0xFFFF) + (total >> 16)
    return [*steps, f"{total:#06x}"]


KINDS = {
    "decode a header": decode,
    "the flags byte": flags_byte,
    "what a combination is": legal,
    "work out a checksum": checksum,
}
