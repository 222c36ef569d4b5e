from __future__ import annotations

import re
import struct

import dpkt
import pytest
from scapy.layers.inet import TCP

from exercised import SEEDS, instances, key_of, offered
from tcpbook.exercises.instance import Instance

NAMES = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]  # RFC 9293 §3.1, from the right
CLAIMED = {
    "decode a header": {
        "little-endian", "neighboring field", "offset in bytes", "header is always 20", "options counted as data",
        "six flags", "FIN and SYN swapped", "bits from the left", "window not scaled", "scale multiplies",
        "window of a SYN scaled",
    },
    "the flags byte": {"six flags", "FIN and SYN swapped", "bits from the left", "hexadecimal without 0x"},
    "what a combination is": {
        "contradictions are refused", "ACK may be missing", "a reset never has ACK", "a reset always has ACK",
        "a reset is answered", "CLOSED keeps silent",
    },
    "work out a checksum": {"no pseudo-header", "odd byte on the right", "checksum not inverted", "carry lost"},
}  # fmt: skip


@pytest.mark.parametrize("kind", CLAIMED)
def test_every_misconception_is_offered(kind: str) -> None:
    assert offered(kind, 300) == CLAIMED[kind]


def octets(text: str) -> bytes:
    return bytes.fromhex("".join(re.findall("(?m)^0x....: (.*)$", text)))


def named(bits: int) -> str:
    return ",".join(name for bit, name in enumerate(NAMES) if bits >> bit & 1) or "none"


def decoded(instance: Instance) -> dict[str, str]:
    """Every answer by its label, as dpkt, Scapy and struct read the bytes."""
    data = octets(instance.given)
    header, scapy = dpkt.tcp.TCP(data), TCP(data)
    options: dict[str, int] = dict(option for option in scapy.options if isinstance(option, tuple))
    shift = re.search(r"its sender's said (\d+)", instance.task)
    mss = [struct.unpack("!H", value)[0] for kind, value in dpkt.tcp.parse_opts(header.opts) if kind == 2]
    assert mss == [options["MSS"]] if "MSS" in options else not mss
    return {
        "Source Port": f"{header.sport}",
        "Destination Port": f"{header.dport}",
        "Sequence Number": f"{header.seq}",
        "Acknowledgment Number": f"{header.ack}",
        "Length of the header, in bytes": f"{4 * header.off}",
        "Control bits": named(int(scapy.flags)),
        "Bytes of data": f"{len(header.data)}",
        "Window, in bytes, after scaling": f"{header.win * 2 ** int(shift[1] if shift else 0)}",
        "Window of this segment, in bytes": f"{struct.unpack_from('!H', data, 14)[0]}",
        "Maximum Segment Size": f"{options.get('MSS')}",
        "The factor of its later Window fields, if both SYNs have the option": f"{2 ** options.get('WScale', 0)}",
    }


@SEEDS
def test_headers_are_read_as_by_dpkt_and_scapy(seeds: int) -> None:
    lengths, asked = set(), set()
    for instance in instances("decode a header", seeds):
        right = decoded(instance)
        assert [right[part.label] for part in instance.parts] == [part.answer for part in instance.parts]
        lengths.add(len(octets(instance.given)))
        asked |= {part.label for part in instance.parts}
        assert len({part.label for part in instance.parts}) == 4
        assert ("Window Scale" in instance.task) == ("SYN" not in decoded(instance)["Control bits"])
        for part in instance.parts:
            if part.label == "Source Port" and (wrong := key_of(part, "little-endian")):
                assert wrong == str(struct.unpack_from("<H", octets(instance.given))[0])
            if part.label == "Source Port" and (wrong := key_of(part, "neighboring field")):
                assert wrong == right["Destination Port"]
    assert asked == set(right)
    assert min(lengths) == 20
    assert max(lengths) >= 60


@SEEDS
def test_flags_byte_is_read_and_written_by_the_table_of_the_rfc(seeds: int) -> None:
    for instance in instances("the flags byte", seeds):
        reading, writing = instance.parts
        shown = reading.label.removeprefix("The bits in ")
        bits = int(shown.split()[0], 2) if "binary" in shown else int(shown, 16)
        assert reading.answer == named(bits)
        bits = sum(1 << NAMES.index(name) for name in writing.label.removeprefix("The byte for ").split(","))
        assert writing.answer == str(bits)
        if wrong := key_of(writing, "hexadecimal without 0x"):
            assert int(wrong, 16) == bits
        if wrong := key_of(writing, "bits from the left"):
            assert f"{int(wrong):08b}" == f"{bits:08b}"[::-1]


USUAL = {"SYN", "SYN,ACK", "ACK", "PSH,ACK", "FIN,ACK", "FIN,PSH,ACK", "RST", "RST,ACK"}
USUAL_WITH_ECN = {"SYN,ECE,CWR", "SYN,ACK,ECE", "ACK,ECE", "PSH,ACK,CWR"}


@SEEDS
def test_combinations_are_judged_as_chapter_02_teaches(seeds: int) -> None:
    """Usual ones by its table; of the rest, those with ACK, SYN or RST are acted on; §3.10.7.1 for a closed port."""
    seen = set()
    for instance in instances("what a combination is", seeds):
        text = (re.findall("control bits (.*) arrives", instance.task) or ["none"])[0]
        bits = set(text.split(","))
        seen.add(text)
        group = "odd, but processed" if bits & {"ACK", "SYN", "RST"} else "dropped or reset by every state"
        if text in USUAL | USUAL_WITH_ECN:
            group = "usual"
        answer = "none" if "RST" in bits else "RST" if "ACK" in bits else "RST,ACK"
        assert [part.answer for part in instance.parts] == [group, answer]
    assert seen > USUAL | USUAL_WITH_ECN | {"none", "FIN", "FIN,PSH,URG"}


@SEEDS
def test_checksum_is_dpkts_and_the_sum_is_structs(seeds: int) -> None:
    odd = 0
    for instance in instances("work out a checksum", seeds):
        pseudo, segment = map(octets, instance.given.split("segment"))
        padded = pseudo + segment + bytes(len(segment) % 2)
        total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
        bare, checksum = instance.parts
        assert bare.answer == str(total)
        right = dpkt.dpkt.in_cksum(pseudo + segment)
        assert checksum.answer == str(right)
        assert TCP(segment).chksum == 0
        assert struct.unpack("!HH", pseudo[8:]) == (6, len(segment))
        assert key_of(checksum, "checksum not inverted") in (str(0xFFFF - right), None)
        if wrong := key_of(checksum, "no pseudo-header"):
            assert wrong == str(dpkt.dpkt.in_cksum(segment))
        odd += len(segment) % 2
    assert odd
