"""A segment alone, or inside IPv4, IPv6 and Ethernet: found without being told where."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.packet import Packet, encode_packet
from tcpbook.protocol.segment import Segment, internet_checksum

V4 = ("192.0.2.1", "198.51.100.2")
V6 = ("2001:db8::1", "2001:db8::2")
SEGMENT = Segment(40000, 80, seq=1, ack=2, flags=Flags.ACK, data=b"hello")
MACS = bytes.fromhex("020000000001 020000000002")
TAG = bytes.fromhex("8100 0005")
IPV4 = encode_packet(SEGMENT, *V4)
IPV6 = encode_packet(SEGMENT, *V6)
PORTS = st.integers(0, 65535)


def with_checksum(header: bytes) -> bytes:
    zeroed = header[:10] + bytes(2) + header[12:]
    return zeroed[:10] + internet_checksum(zeroed).to_bytes(2, "big") + zeroed[12:]


def ipv6(kind: int, inside: bytes) -> bytes:
    return IPV6[:4] + len(inside).to_bytes(2, "big") + bytes([kind]) + IPV6[7:40] + inside


AROUND = {
    "bare": (SEGMENT.encode(), (), 0),
    "IPv4": (IPV4, ("IPv4",), 20),
    "IPv6": (IPV6, ("IPv6",), 40),
    "Ethernet, IPv4": (MACS + b"\x08\0" + IPV4, ("Ethernet", "IPv4"), 34),
    "Ethernet, IPv6": (MACS + b"\x86\xdd" + IPV6, ("Ethernet", "IPv6"), 54),
    "VLAN": (MACS + TAG + b"\x08\0" + IPV4, ("Ethernet", "VLAN 5", "IPv4"), 38),
    "two VLANs": (
        MACS + bytes.fromhex("88a8 0007") + TAG + b"\x86\xdd" + IPV6, ("Ethernet", "VLAN 7", "VLAN 5", "IPv6"), 62),
    "IPv4 options": (
        with_checksum(b"\x46\0\0\x31" + IPV4[4:20] + b"\1\1\1\0") + IPV4[20:], ("IPv4",), 24),
    "hop-by-hop": (ipv6(0, b"\6\0\1\4\0\0\0\0" + IPV6[40:]), ("IPv6",), 48),
    "two extensions": (ipv6(0, b"\x3c\0\1\4\0\0\0\0" + b"\6\1" + bytes(14) + IPV6[40:]), ("IPv6",), 64),
    "authentication": (ipv6(51, b"\6\4" + bytes(22) + IPV6[40:]), ("IPv6",), 64),
    "atomic fragment": (ipv6(44, b"\6\0\0\0\0\0\0\1" + IPV6[40:]), ("IPv6",), 48),
}  # fmt: skip


@pytest.mark.parametrize("name", AROUND)
def test_the_segment_is_found(name: str) -> None:
    data, layers, start = AROUND[name]
    packet = Packet.decode(data, verify=True)
    assert (packet.layers, packet.start, packet.stop) == (layers, start, len(data))
    assert packet.segment._replace(checksum=0) == SEGMENT
    assert Packet.examine(data, verify=True) == (packet, [])
    if layers:
        expected = V6 if "IPv6" in layers else V4
        assert (packet.source, packet.destination) == tuple(map(ip_address, expected))
    else:
        assert packet.source is packet.destination is None


@given(st.sampled_from([(0x4500, 0x4FFF), (0x6000, 0x6FFF), (0, 65535)]).flatmap(lambda r: st.integers(*r)), PORTS,
       st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=60))  # fmt: skip
@example(source=0x6000, destination=0, seq=0, ack=0, data=bytes(20))  # an IPv6 header, if it had no payload
@example(source=0x4700, destination=0, seq=0, ack=19_954, data=b"\x8e\5\xa3\xf6\xe9")  # an IPv4 header, cut off
@example(source=0x4500, destination=0, seq=0, ack=0x6AEF, data=b"")  # an IPv4 header's checksum, by accident
def test_a_bare_segment_is_not_mistaken(source: int, destination: int, seq: int, ack: int, data: bytes) -> None:
    assume(destination != 20 + len(data) or ack >> 16 & 255 != 6)  # IPv4's length and protocol: it is both
    segment = Segment(source, destination, seq, ack, Flags.ACK, data=data)
    assert Packet.decode(segment.encode()) == Packet(segment, (), 0, 20 + len(data))


@given(st.binary(min_size=4, max_size=4), st.binary(min_size=4, max_size=4), st.binary(max_size=30))
def test_an_ipv4_packet_is_not_mistaken(source: bytes, destination: bytes, data: bytes) -> None:
    packet = Packet.decode(encode_packet(SEGMENT._replace(data=data), source, destination), verify=True)
    assert (packet.layers, packet.segment.data) == (("IPv4",), data)


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), st.binary(max_size=30))
def test_an_ipv6_packet_is_not_mistaken(source: bytes, destination: bytes, data: bytes) -> None:
    packet = Packet.decode(encode_packet(SEGMENT._replace(data=data), source, destination), verify=True)
    assert (packet.layers, packet.segment.data) == (("IPv6",), data)


def test_ethernets_filling_is_left_out() -> None:
    data = MACS + b"\x08\0" + IPV4 + bytes(1)
    assert (Packet.decode(data).start, Packet.decode(data).stop) == (34, len(data) - 1)


def test_an_unfilled_ipv4_checksum_hides_nothing() -> None:
    """Captured at the sender, before the network card's work."""
    data = IPV4[:10] + bytes(2) + IPV4[12:]
    assert Packet.decode(data).segment.data == b"hello"
    assert Packet.decode(MACS + b"\x08\0" + data).segment.data == b"hello"
    with pytest.raises(TcpBookError, match="IPv4 header checksum is wrong"):
        Packet.decode(data, verify=True)
    problems = Packet.examine(data, verify=True)[1]
    assert [(problem.field, problem.start, problem.stop) for problem in problems] == [("IPv4 header checksum", 10, 12)]


def test_places_of_problems_are_counted_in_the_input() -> None:
    damaged = MACS + b"\x08\0" + IPV4[:-1] + b"?"
    assert [(p.field, p.start, p.stop) for p in Packet.examine(damaged, verify=True)[1]] == [("Checksum", 50, 52)]
    assert Packet.examine(damaged)[1] == []
    with pytest.raises(TcpBookError, match="Checksum"):
        Packet.decode(damaged, verify=True)


def routed(kind: int, addresses: bytes) -> bytes:
    """A packet that still has to visit the last address, which its checksum covers already."""
    final = bytes([0xFC]) + bytes(14) + b"\x09"
    segment = SEGMENT.encode(V6[0], final)
    return ipv6(43, bytes([6, len(addresses) // 8, kind, 1]) + bytes(4) + addresses + segment)


@pytest.mark.parametrize(("kind", "last_first"), [(0, False), (2, False), (4, True)])
def test_a_packet_under_way_is_summed_with_its_final_destination(kind: int, last_first: bool) -> None:
    """RFC 8200 §8.1."""
    final, other = bytes([0xFC]) + bytes(14) + b"\x09", bytes([0xFC]) + bytes(14) + b"\x01"
    data = routed(kind, final + other if last_first else other + final)
    assert Packet.decode(data, verify=True).destination == ip_address(final)


@pytest.mark.parametrize("cut", range(1, 45))
@pytest.mark.parametrize("name", ["IPv4", "IPv6", "Ethernet, IPv4", "Ethernet, IPv6", "hop-by-hop"])
def test_truncated_packets(name: str, cut: int) -> None:
    data = AROUND[name][0][:-cut]
    with pytest.raises(TcpBookError):
        Packet.decode(data)


def test_a_truncated_packet_is_shown_as_far_as_it_goes() -> None:
    packet, problems = Packet.examine(IPV4[:-2], verify=True)
    assert (packet.segment.data, packet.stop) == (b"hel", 43)
    assert [(problem.field, problem.start) for problem in problems] == [("IPv4 total length", 2)]
    packet, problems = Packet.examine(IPV6[:-2], verify=True)
    assert (packet.segment.data, packet.layers) == (b"hel", ("IPv6",))
    assert [(problem.field, problem.start) for problem in problems] == [("IPv6 payload length", 4)]


NO_SEGMENT = {
    "UDP": (with_checksum(IPV4[:9] + b"\x11" + IPV4[10:20]) + IPV4[20:], r"protocol 17 \(UDP\), not 6"),
    "UDP in IPv6": (ipv6(17, IPV6[40:]), r"protocol 17 \(UDP\)"),
    "first fragment": (with_checksum(IPV4[:6] + b"\x20\0" + IPV4[8:20]) + IPV4[20:], "a fragment of an IPv4 .* 0;"),
    "later fragment": (with_checksum(IPV4[:6] + b"\0\x02" + IPV4[8:20]) + IPV4[20:], "a fragment of an IPv4 .* 16;"),
    "first IPv6 fragment": (ipv6(44, b"\6\0\0\x01\0\0\0\1" + IPV6[40:]), "a fragment of an IPv6 .* byte 0;"),
    "IPv6 fragment": (ipv6(44, b"\6\0\0\x11\0\0\0\1" + IPV6[40:]), "a fragment of an IPv6 .* byte 16;"),
    "endless extension": (ipv6(0, b"\6\xff\1\4\0\0\0\0" + IPV6[40:]), "TCP header takes at least 20"),
    "cut extension": (ipv6(0, b"\6\0"), "extension header at byte 40 is cut off"),
    "short route": (ipv6(43, b"\6\0\0\1\0\0\0\0" + IPV6[40:]), "routing header has 8 bytes"),
    "IPv4 header": (MACS + b"\x08\0\x46" + IPV4[1:20], "IPv4 header is 24 bytes long, of which 20 are there"),
    "IPv6 header": (MACS + b"\x86\xdd" + IPV6[:30], "IPv6 header takes 40 bytes, 30 are there"),
    "total length": (MACS + b"\x08\0" + with_checksum(IPV4[:2] + b"\0\x05" + IPV4[4:20]) + IPV4[20:],
                     "IPv4 total length is 5, it must be 20 to 45"),
    "nothing": (b"", "has 0 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_SEGMENT)
def test_no_segment(name: str) -> None:
    data, text = NO_SEGMENT[name]
    with pytest.raises(TcpBookError, match=text):
        Packet.decode(data)


@given(st.binary(max_size=120), st.booleans())
def test_any_bytes_get_an_answer_or_a_clear_error(data: bytes, verify: bool) -> None:
    try:
        packet, _ = Packet.examine(data, verify)
    except TcpBookError:
        return
    assert 0 <= packet.start <= packet.stop <= len(data)


def test_encode_packet_limits() -> None:
    for addresses, room in (V4, 65515), (V6, 65535):
        assert Packet.decode(encode_packet(Segment(data=bytes(room - 20)), *addresses), verify=True).layers
        with pytest.raises(TcpBookError, match=f"has {room + 1} bytes, the IP packet has room for {room}"):
            encode_packet(Segment(data=bytes(room - 19)), *addresses)
    with pytest.raises(TcpBookError, match="hops 256 are outside"):
        encode_packet(SEGMENT, *V4, hops=256)


def test_packets_say_what_was_found() -> None:
    assert repr(Packet.decode(MACS + TAG + b"\x08\0" + IPV4)) == (
        "<Packet Ethernet VLAN 5 IPv4 192.0.2.1 to 198.51.100.2, TCP at bytes 38-63: <SEQ=1><ACK=2><CTL=ACK><DATA=5>>"
    )
    assert repr(Packet.decode(SEGMENT.encode())).startswith("<Packet bare, TCP at bytes 0-25: <SEQ=1>")
