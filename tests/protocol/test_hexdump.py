"""What tools print in hexadecimal, read back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.utils import hexdump as scapy_hexdump

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.hexdump import parse

# Bytes whose characters look like hexadecimal, offsets, columns and escapes are the hard ones.
TRICKY = st.lists(st.sampled_from(b"0123456789abcdefABCDEF  |:x\\\"'*\n\0\xff"), min_size=1, max_size=90).map(bytes)
DATA = st.one_of(TRICKY, st.binary(min_size=1, max_size=90))


def printable(part: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)


def dump(data: bytes, offset: str, group: int, gap: str, frame: str = "{}", width: int = 16, half: str = "") -> str:
    """Print as the tools do: offset, groups of bytes, a gap, characters."""
    lines = []
    for start in range(0, len(data), width):
        part = data[start : start + width]
        groups = [part[at : at + group].hex() for at in range(0, len(part), group)]
        if half and len(groups) > width // 2:
            groups[width // 2] = half + groups[width // 2]
        column = width * 2 + width // group - 1 + len(half)
        lines.append(offset.format(start) + " ".join(groups).ljust(column) + gap + frame.format(printable(part)))
    return "\n".join(lines)


FORMS: dict[str, Callable[[bytes], str]] = {
    "xxd": lambda data: dump(data, "{:08x}: ", 2, "  "),
    "xxd -g1": lambda data: dump(data, "{:08x}: ", 1, "  "),
    "xxd -c 8": lambda data: dump(data, "{:08x}: ", 2, "  ", width=8),
    "hexdump -C": lambda data: dump(data, "{:08x}  ", 1, "  ", "|{}|", half=" ") + f"\n{len(data):08x}\n",
    "Wireshark, tshark -x": lambda data: dump(data, "{:04x}  ", 1, "   "),
    "Wireshark's copy": lambda data: dump(data, "{:04x}   ", 1, "   "),
    "Wireshark's old copy": lambda data: dump(data, "{:04x}  ", 1, "   ", half=" "),
    "tcpdump -X": lambda data: "12:00:00.000000 IP 10.0.0.1.80 > 10.0.0.2.99: Flags [S], length 0\n"
    + dump(data, "\t0x{:04x}:  ", 2, "  "),
    "tcpdump -x": lambda data: "\n".join(
        line[:51].rstrip() for line in dump(data, "\t0x{:04x}:  ", 2, "  ").splitlines()),
    "Scapy": lambda data: str(scapy_hexdump(data, dump=True)),
    "hex stream": lambda data: data.hex(),
    "0x": lambda data: "0x" + data.hex(),
    "upper case": lambda data: data.hex().upper(),
    "colons": lambda data: data.hex(":"),
    "spaces": lambda data: data.hex(" "),
    "groups of four bytes": lambda data: data.hex(" ", -4),
    "C array": lambda data: ", ".join(f"0x{byte:02x}" for byte in data),
    "xxd -p": lambda data: "\n".join(data[at : at + 30].hex() for at in range(0, len(data), 30)),
    "Python": repr,
    "Python, two strings": lambda data: f"{data[:5]!r}\n  {data[5:]!r}",
    "escapes": lambda data: "".join(f"\\x{byte:02x}" for byte in data),
    "Wireshark's escaped string": lambda data: " \\\n".join(
        '"' + "".join(f"\\x{byte:02x}" for byte in data[at : at + 16]) + '"' for at in range(0, len(data), 16)),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
@given(data=DATA)
@example(data=b"ab 12 34 cd ef 0")  # one whole line, and its characters look like bytes
@example(data=b"00 00000")  # eight bytes in pairs fill a short line; what follows is no second half
def test_every_form_is_read(name: str, data: bytes) -> None:
    assert parse(FORMS[name](data)) == data


TOOLS = {"xxd": ["xxd"], "xxd -a": ["xxd", "-a"], "xxd -p": ["xxd", "-p"], "hexdump -C": ["hexdump", "-C"],
         "od": ["od", "-A", "x", "-t", "x1"]}  # fmt: skip
HARD = [b"ab cd 12 |34| ef  ", bytes(100), b"x" * 7, b"0123456789abcdef" * 5 + b"12", bytes(range(256))]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("data", HARD, ids=range(len(HARD)))
def test_the_tools_themselves(tool: str, data: bytes) -> None:
    if not shutil.which(TOOLS[tool][0]):
        pytest.skip(f"{TOOLS[tool][0]} is not installed; Debian has it in xxd, bsdextrautils or coreutils")
    shown = subprocess.run(TOOLS[tool], input=data, capture_output=True, check=True).stdout.decode()
    assert parse(shown) == data


def test_an_escaped_string_may_hold_every_escape() -> None:
    assert parse(r"E\x00\0\n\t\\a") == b"E\0\0\n\t\\a"
    assert parse(r"b'\'\"'") == b"'\""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one byte"),
        (" \n", "at least one byte"),
        ("b''", "at least one|no byte|0 "),
        ("0x", "0 digits"),
        (": :", "0 digits"),
        ("450", "'450', at position 1, has 3 digits"),
        ("45 0 00", "'0', at position 4, has 1 digits"),
        ("45 0g", "'g' in '0g', at position 4, character 2, is no hexadecimal digit"),
        ("hello", "'h' in 'hello', at position 1, character 1"),
        (r"\x4", "at position 1 is no byte"),
        (r"\A", "at position 1 is no byte"),
        ("\\x45\u20ac", "at position 5 is no byte"),
        ("0000  45 0g 00", "'g' in '0g', line 1"),
        ("0000  45 450 00", "'450', line 1, has 3 digits"),
        ("00000000: 4500 0028\n00000010: 4500", "line 2 starts at offset 0x10, 0x4 is expected"),
        ("0x0000:  4500\n0x0000:  4500", "line 2 starts at offset 0x0, 0x2 is expected"),
        ("0000  45 00\nand so on", "line 2, 'and so on', is no line of the dump"),
        ("0000000 0045 2800\n0000004", "hexdump -C"),
    ],
)
def test_what_can_not_be_read(text: str, message: str) -> None:
    with pytest.raises(TcpBookError, match=message):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_gives_bytes_or_a_clear_error(text: str) -> None:
    with suppress(TcpBookError):
        assert parse(text)
