"""Other decoders and encoders of TCP as judges: Scapy, dpkt and, where installed, tshark."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import EOL, Option
from tcpbook.protocol.packet import Packet, encode_packet
from tcpbook.protocol.segment import Segment

CAPTURE = Path(__file__).parents[1] / "data/kernel.pcap"
FRAMES = [frame for _, frame in dpkt.pcap.Reader(io.BytesIO(CAPTURE.read_bytes()))]
V4 = ("192.0.2.1", "198.51.100.2")
V6 = ("2001:db8::1", "2001:db8::2")

WORD, HALF_WORD = st.integers(0, 2**32 - 1), st.integers(0, 65535)
# Ours beside Scapy's spelling of the same option.
OPTION_PAIRS = st.one_of(
    st.just((Option(1), ("NOP", None))),
    HALF_WORD.map(lambda n: (Option(2, n), ("MSS", n))),
    st.integers(0, 255).map(lambda n: (Option(3, n), ("WScale", n))),
    st.just((Option(4), ("SAckOK", b""))),
    st.lists(st.tuples(WORD, WORD), min_size=1, max_size=4).map(
        lambda blocks: (Option(5, tuple(blocks)), ("SAck", tuple(edge for block in blocks for edge in block)))
    ),
    st.tuples(WORD, WORD).map(lambda pair: (Option(8, pair), ("Timestamp", pair))),
    st.binary(min_size=16, max_size=16).map(lambda data: (Option(19, data), (19, data))),
    st.integers(0, 32767).map(lambda n: (Option(28, (0, n)), ("UTO", n))),
    st.binary(max_size=10).map(lambda data: (Option(253, data), (253, data))),
)
OPTION_LISTS = st.lists(OPTION_PAIRS, max_size=6).filter(
    lambda pairs: len(TCP(options=[theirs for _, theirs in pairs])) <= 60
)


@given(HALF_WORD, HALF_WORD, WORD, WORD, st.integers(0, 511), HALF_WORD, HALF_WORD, OPTION_LISTS,
       st.binary(max_size=60), st.integers(0, 7), st.sampled_from([V4, V6]))  # fmt: skip
def test_bytes_are_scapys(
    source: int, destination: int, seq: int, ack: int, flags: int, wnd: int, up: int,
    pairs: list[tuple[Option, Any]], data: bytes, reserved: int, addresses: tuple[str, str],
) -> None:  # fmt: skip
    ours = Segment(
        source, destination, seq, ack, Flags(flags), wnd, up=up, options=tuple(our for our, _ in pairs), data=data,
        reserved=reserved,
    )  # fmt: skip
    theirs = TCP(
        sport=source, dport=destination, seq=seq, ack=ack, flags=flags, window=wnd, urgptr=up,
        options=[their for _, their in pairs], reserved=reserved,
    ) / data  # fmt: skip
    below = {V4: IP(src=V4[0], dst=V4[1], id=0, flags="DF"), V6: IPv6(src=V6[0], dst=V6[1], hlim=64)}
    assert encode_packet(ours, *addresses) == bytes(below[addresses] / theirs)


def same_as_dpkt(segment: Segment, data: bytes) -> None:
    peer = dpkt.tcp.TCP(data)
    assert (segment.source_port, segment.destination_port) == (peer.sport, peer.dport)
    assert (segment.seq, segment.ack, int(segment.flags) & 0xFF) == (peer.seq, peer.ack, peer.flags & 0xFF)
    assert (segment.wnd, segment.checksum, segment.up, segment.data) == (peer.win, peer.sum, peer.urp, peer.data)
    assert segment.data_offset == peer.off
    named = [option.kind for option in segment.options if option.kind != EOL.kind]
    assert named == [kind for kind, _ in dpkt.tcp.parse_opts(peer.opts) if kind != EOL.kind]


def same_as_scapy(segment: Segment, data: bytes) -> None:
    peer = TCP(data)
    assert (segment.source_port, segment.destination_port) == (peer.sport, peer.dport)
    assert (segment.seq, segment.ack, int(segment.flags)) == (peer.seq, peer.ack, int(peer.flags))
    assert (segment.wnd, segment.checksum, segment.up) == (peer.window, peer.chksum, peer.urgptr)
    assert (segment.data, segment.reserved) == (bytes(peer.payload), peer.reserved)
    values = {name: value for name, value in peer.options if name != "NOP"}
    spelled = {2: "MSS", 3: "WScale", 8: "Timestamp"}
    assert {spelled[o.kind]: o.value for o in segment.options if o.kind in spelled} == {
        name: value for name, value in values.items() if name in spelled.values()
    }


def test_the_capture_holds_what_matters() -> None:
    flags = {str(Packet.decode(frame).segment.flags) for frame in FRAMES}
    assert {"SYN,ECE,CWR", "SYN,ACK,ECE", "FIN,ACK", "RST,ACK", "PSH,ACK,URG"} <= flags
    assert {option.kind for frame in FRAMES for option in Packet.decode(frame).segment.options} == {1, 2, 3, 4, 8, 34}


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_real_segments_are_read_as_by_dpkt_and_scapy(frame: bytes) -> None:
    packet, problems = Packet.examine(frame, verify=True)
    assert problems == []
    data = frame[packet.start : packet.stop]
    same_as_dpkt(packet.segment, data)
    same_as_scapy(packet.segment, data)
    assert packet.segment.encode() == data == packet.segment.encode(packet.source, packet.destination)


def tshark(path: Path) -> list[dict[str, list[str]]]:
    """Return what tshark says of each packet of a capture, by the fields' names."""
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed; Debian has it in the package tshark")
    command = ["tshark", "-2", "-o", "tcp.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE", "-r",
               str(path), "--disable-protocol", "http", "-T", "json", "--no-duplicate-keys"]  # fmt: skip
    names = ["tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value",
             "tcp.checksum", "tcp.checksum.status", "tcp.urgent_pointer", "tcp.len", "tcp.hdr_len",
             "tcp.option_kind", "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.timestamp.tsval",
             "_ws.expert.message", "_ws.malformed"]  # fmt: skip
    for name in names:
        command += ["-e", name]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [packet["_source"].get("layers", {}) for packet in json.loads(shown)]


def test_real_segments_are_read_as_by_tshark() -> None:
    for frame, shown in zip(FRAMES, tshark(CAPTURE), strict=True):
        segment = Packet.decode(frame, verify=True).segment
        ours = {
            "tcp.srcport": segment.source_port, "tcp.dstport": segment.destination_port, "tcp.seq_raw": segment.seq,
            "tcp.ack_raw": segment.ack, "tcp.flags": f"0x{int(segment.flags):04x}",
            "tcp.window_size_value": segment.wnd, "tcp.checksum": f"0x{segment.checksum:04x}",
            "tcp.checksum.status": 1, "tcp.urgent_pointer": segment.up, "tcp.len": len(segment.data),
            "tcp.hdr_len": segment.data_offset * 4,
        }  # fmt: skip
        values = {option.kind: option.value for option in segment.options}
        for kind, name in {2: "tcp.options.mss_val", 3: "tcp.options.wscale.shift"}.items():
            assert shown.get(name) == ([str(values[kind])] if kind in values else None)
        if 8 in values:
            assert shown["tcp.options.timestamp.tsval"] == [str(values[8][0])]
        assert {name: shown[name] for name in ours} == {name: [str(value)] for name, value in ours.items()}


def malformed() -> list[tuple[str, bytes]]:
    """Return a hundred and more spoiled segments and what was done to each, the same ones each time."""
    dice = random.Random(9293)
    spoiled: list[tuple[str, bytes]] = []
    for _ in range(30):
        options = dice.choice(
            [(), (Option(2, 1460), Option(1), Option(3, 7)), (Option(1), Option(1), Option(8, (1, 2)))]
        )
        data = bytearray(Segment(dice.randrange(40000, 50000), 9, dice.randrange(2**32), 5, Flags.ACK | Flags.SYN,
                                 options=options, data=dice.randbytes(dice.randrange(9))).encode())  # fmt: skip
        spoiled.append(("truncated", bytes(data[: dice.randrange(1, 20)])))
        small, large = data.copy(), data.copy()
        small[12] = dice.randrange(5) << 4
        spoiled.append(("offset below 5", bytes(small)))
        large[12] = 0xF0
        spoiled.append(("offset past the end", bytes(large)))
        kind = dice.choice([2, 3, 4, 5, 8, 19, 28, 34])
        length = dice.choice([0, 1, 3, 5, 7, 13, 41])
        length = 15 if (kind, length) == (3, 3) else length  # the one that would be right
        area = bytes([kind, length]) + bytes(max(0, length - 2)) + b"\1" * 16
        spoiled.append((f"option {kind} of length {length}", bytes(data[:12]) + b"\x90\x12" + bytes(6) + area[:16]))
    return spoiled


MALFORMED = malformed()


def around(data: bytes) -> bytes:
    """An IPv4 header, and the TCP checksum's place left alone."""
    header = bytearray(encode_packet(Segment(), *V4)[:20])
    header[2:4] = (20 + len(data)).to_bytes(2, "big")
    header[10:12] = bytes(2)
    header[10:12] = dpkt.dpkt.in_cksum(bytes(header)).to_bytes(2, "big")
    return bytes(header) + data


def our_error(data: bytes) -> str:
    try:
        Segment.decode(data)
    except TcpBookError as error:
        return str(error)
    return ""


def test_every_malformed_segment_is_refused_and_shown() -> None:
    assert len(MALFORMED) >= 100
    for what, data in MALFORMED:
        assert our_error(data), what
        problems = Segment.examine(data)[1]
        assert our_error(data) == next(problem.text for problem in problems if problem.kind == "error")


def test_dpkt_refuses_what_it_defines_as_errors() -> None:
    """dpkt checks truncation and too small a data offset; it takes one past the end, and options, as they come."""
    for what, data in MALFORMED:
        if what in ("truncated", "offset below 5"):
            with pytest.raises(dpkt.UnpackError):
                dpkt.tcp.TCP(data)
            assert our_error(data)


TSHARK_ERRORS = ("Bogus TCP header length", "Short segment", "option length", "suboption would go past end")
# What tshark lets pass, with the reason why we don't.
LENIENT_TSHARK = {
    "option 34 of length": "RFC 7413 §4.1.1: a cookie has 4 to 16 bytes, an even number",
}


def test_tshark_finds_the_same_segments_malformed(tmp_path: Path) -> None:
    capture = tmp_path / "malformed.pcap"
    good = [("good", frame[14:]) for frame in FRAMES]
    packets = [(what, around(data)) for what, data in MALFORMED] + good
    raw_ip = 101
    pcap = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, raw_ip)
    for number, (_, data) in enumerate(packets):
        pcap += struct.pack("<IIII", number, 0, len(data), len(data)) + data
    capture.write_bytes(pcap)
    for (what, data), shown in zip(packets, tshark(capture), strict=True):
        messages = shown.get("_ws.expert.message", [])
        theirs = "_ws.malformed" in shown or any(text in message for message in messages for text in TSHARK_ERRORS)
        errors = [problem.text for problem in Packet.examine(data)[1] if problem.kind == "error"]
        if theirs != bool(errors):
            assert errors, (what, messages)
            assert any(what.startswith(name) for name in LENIENT_TSHARK), (what, errors, messages)
