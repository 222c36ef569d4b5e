"""The control bits of the TCP header, and the forms in which the field writes them (RFC 9293 §3.1)."""

from __future__ import annotations

import re
from enum import STRICT, IntFlag
from functools import reduce
from operator import or_
from typing import NamedTuple

from tcpbook.protocol.errors import TcpBookError


class Flags(IntFlag, boundary=STRICT):
    """A set of control bits; the value is the low nine bits of the header's thirteenth and fourteenth byte.

    >>> str(Flags.SYN | Flags.ACK), (Flags.SYN | Flags.ACK).tcpdump, (Flags.SYN | Flags.ACK).hex
    ('SYN,ACK', 'S.', '0x12')
    """

    FIN = 0x001
    SYN = 0x002
    RST = 0x004
    PSH = 0x008
    ACK = 0x010
    URG = 0x020
    ECE = 0x040
    CWR = 0x080
    AE = 0x100

    @classmethod
    def _missing_(cls, value: object) -> object:
        if not isinstance(value, int) or not 0 <= value <= ALL_BITS:
            raise TcpBookError(f"flags {value!r} are outside 0..{ALL_BITS} (0x1ff); keep the nine control bits only")
        return super()._missing_(value)

    @classmethod
    def parse(cls, text: str) -> Flags:
        """Read flags as people write them: names, tcpdump's or Scapy's letters, hexadecimal; or raise TcpBookError.

        Names come first: "AE" is that bit, not Scapy's ACK and ECE.

        >>> Flags.parse("syn, ack") == Flags.parse("Flags [S.]") == Flags.parse("SA") == Flags.parse("0x12")
        True
        """
        form = text.strip().removeprefix("Flags").strip().removeprefix("[").removesuffix("]").strip()
        if form.lower() == "none":
            return cls(0)
        if re.fullmatch(r"0[xX][0-9a-fA-F]+", form):
            return cls(int(form, 16))
        words = [word.upper() for word in re.split(r"[\s,|+/-]+", form) if word]
        if words and all(word in _BY_NAME for word in words):
            return reduce(or_, (_BY_NAME[word] for word in words))
        if form and all(letter in _BY_LETTER for letter in form):
            return reduce(or_, (_BY_LETTER[letter] for letter in form))
        raise TcpBookError(
            f"flags {text!r} are not understood; allowed are the names {', '.join(_BY_NAME)}, tcpdump's letters "
            f"{''.join(row.letter for row in FLAGS)}, hexadecimal up to 0x1ff, or none: "
            'write for example "SYN,ACK", "S." or "0x12"'
        )

    @property
    def tcpdump(self) -> str:
        """The flags in tcpdump's letters, such as `S.`; `none` if no bit is set."""
        return "".join(row.letter for row in FLAGS if row.flag in self) or "none"

    @property
    def hex(self) -> str:
        """The flags as a hexadecimal number, such as `0x12`."""
        return f"{int(self):#04x}"

    def __str__(self) -> str:
        return ",".join(row.name for row in FLAGS if row.flag in self) or "none"

    def __repr__(self) -> str:
        return f"<Flags {self}>"


class FlagRow(NamedTuple):
    """One control bit: its names, what it tells the receiver, and where that is written."""

    flag: Flags
    name: str
    letter: str  # tcpdump's
    scapy: str
    meaning: str
    section: str


ALL_BITS = 0x1FF

# The table, lowest bit first: the order in which RFC 9293 and tcpdump write a combination.
FLAGS = (
    FlagRow(Flags.FIN, "FIN", "F", "F", "The sender has no more data to send.", "RFC 9293 §3.1"),
    FlagRow(Flags.SYN, "SYN", "S", "S", "Synchronize: the sequence number is the sender's first, its ISN.",
            "RFC 9293 §3.1"),
    FlagRow(Flags.RST, "RST", "R", "R", "Reset: the connection is to end at once.", "RFC 9293 §3.1"),
    FlagRow(Flags.PSH, "PSH", "P", "P", "Push: hand the data over to the user without waiting for more.",
            "RFC 9293 §3.9.1.2"),
    FlagRow(Flags.ACK, "ACK", ".", "A", "The acknowledgment number counts.", "RFC 9293 §3.1"),
    FlagRow(Flags.URG, "URG", "U", "U", "The urgent pointer counts.", "RFC 9293 §3.1"),
    FlagRow(Flags.ECE, "ECE", "E", "E", "ECN-Echo: a packet arrived marked \"congestion experienced\"; "
            "on a SYN: I can do ECN.", "RFC 3168 §6.1"),
    FlagRow(Flags.CWR, "CWR", "W", "C", "Congestion window reduced: the answer to ECN-Echo.", "RFC 3168 §6.1"),
    FlagRow(Flags.AE, "AE", "e", "N", "Accurate ECN: with CWR and ECE a counter of marked packets; "
            "the bit was NS in RFC 3540, now historic.", "RFC 9768 §3"),
)  # fmt: skip

_BY_NAME = {row.name: row.flag for row in FLAGS} | {"NS": Flags.AE}
_BY_LETTER = {letter: row.flag for row in FLAGS for letter in (row.letter, row.scapy)}

# Every combination, by its number: an index is many times faster than calling Flags(number).
COMBINATIONS = tuple(Flags(number) for number in range(ALL_BITS + 1))
