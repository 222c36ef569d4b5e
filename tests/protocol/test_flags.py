"""The control bits and their spellings (RFC 9293 §3.1)."""

from __future__ import annotations

import pytest

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import ALL_BITS, COMBINATIONS, FLAGS, Flags


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("SYN,ACK", 0x12), ("syn | ack", 0x12), ("SYN ACK", 0x12), ("SYN+ACK", 0x12), ("SYN-ACK", 0x12),
        ("S.", 0x12), ("Flags [S.]", 0x12), ("[P.]", 0x18), ("SA", 0x12), ("FPU", 0x29), ("SEW", 0xC2),
        ("SEC", 0xC2), ("0x12", 0x12), ("0x012", 0x12), ("0X1FF", 0x1FF), ("none", 0), ("[none]", 0), ("0x0", 0),
        ("NS", 0x100), ("AE", 0x100), ("e", 0x100), ("N", 0x100), ("E", 0x40), (".", 0x10),
    ],
)  # fmt: skip
def test_every_dialect_is_read(text: str, value: int) -> None:
    assert Flags.parse(text) is COMBINATIONS[value]


@pytest.mark.parametrize("flags", COMBINATIONS, ids=lambda flags: flags.hex)
def test_every_spelling_is_read_back(flags: Flags) -> None:
    assert Flags.parse(str(flags)) == Flags.parse(flags.tcpdump) == Flags.parse(flags.hex) == flags


@pytest.mark.parametrize("flags", COMBINATIONS, ids=lambda flags: flags.hex)
def test_scapys_letters_are_read(flags: Flags) -> None:
    letters = "".join(row.scapy for row in FLAGS if row.flag in flags)
    assert Flags.parse(letters or "none") == (Flags.AE if letters == "AE" else flags)


@pytest.mark.parametrize("text", ["", "  ", "SYN,FOO", "12", "Sx", "0x", "0x2g", "[]", "synack"])
def test_other_text_is_named_with_what_is_allowed(text: str) -> None:
    with pytest.raises(TcpBookError) as caught:
        Flags.parse(text)
    assert repr(text) in str(caught.value)
    assert "FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE" in str(caught.value)


@pytest.mark.parametrize("number", [-1, 512, 0x1000])
def test_numbers_beyond_nine_bits_are_refused(number: int) -> None:
    with pytest.raises(TcpBookError, match=r"0\.\.511"):
        Flags(number)


def test_hexadecimal_beyond_nine_bits_is_refused() -> None:
    with pytest.raises(TcpBookError, match=r"512 .*0\.\.511"):
        Flags.parse("0x200")


def test_names_are_printed_lowest_bit_first() -> None:
    assert str(Flags(ALL_BITS)) == "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR,AE"
    assert Flags(ALL_BITS).tcpdump == "FSRP.UEWe"
    assert (str(Flags(0)), Flags(0).tcpdump, Flags(0).hex, repr(Flags(0))) == ("none", "none", "0x00", "<Flags none>")


def test_the_table_has_a_row_for_each_bit() -> None:
    assert [row.flag for row in FLAGS] == list(Flags)
    assert [row.name for row in FLAGS] == [flag.name for flag in Flags]
    assert [int(flags) for flags in COMBINATIONS] == list(range(512))
    assert Flags(ALL_BITS - 2) == ~Flags.SYN
