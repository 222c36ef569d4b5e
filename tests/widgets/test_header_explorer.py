from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import MSS, NOP, SACK_PERMITTED, Option
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.segment import FIELDS, Segment
from tcpbook.widgets.header_explorer import ADDRESSES, HeaderExplorer

OPTIONS = (MSS(1460), NOP(), NOP(), SACK_PERMITTED())
SYN = Segment(source_port=49152, destination_port=80, seq=100, flags=Flags.SYN, options=OPTIONS)


def bytes_of(explorer: HeaderExplorer) -> bytes:
    return bytes.fromhex(explorer.octets)


def checksum_is_right(explorer: HeaderExplorer) -> bool:
    problems = Segment.examine(bytes_of(explorer), *ADDRESSES)[1]
    return "Checksum" not in [problem.field for problem in problems]


def row(explorer: HeaderExplorer, key: str) -> dict[str, Any]:
    return next(row for row in explorer.rows if row["id"] == key)


def test_rows_are_the_field_table_then_options_then_data() -> None:
    rows = HeaderExplorer(SYN).rows
    assert [each["name"] for each in rows[: len(FIELDS)]] == [field.name for field in FIELDS]
    assert [each["id"] for each in rows[len(FIELDS) :]] == [
        "options", "option_1", "option_2", "option_3", "option_4", "data",
    ]  # fmt: skip


def test_every_byte_belongs_to_a_row() -> None:
    explorer = HeaderExplorer(SYN._replace(data=b"hello"))
    owned = {at for each in explorer.rows for at in range(each["start"], each["stop"])}
    assert owned == set(range(28 + 5))


def test_a_row_says_its_bytes_value_and_bits() -> None:
    explorer = HeaderExplorer(SYN)
    seq = row(explorer, "seq")
    assert (seq["start"], seq["stop"], seq["value"], seq["edit"]) == (4, 8, "100 (0x00000064)", "100")
    assert row(explorer, "data_offset")["bits"] == ["", "0111", "0000"]
    assert row(explorer, "SYN")["bits"] == ["000000", "1", "0"]
    assert row(explorer, "option_1")["value"] == "MSS 1460"
    assert row(explorer, "option_4")["edit"] == "04 02"


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("source_port", "22", "source_port", 22),
        ("destination_port", 443, "destination_port", 443),
        ("seq", 2**32 - 1, "seq", 2**32 - 1),
        ("seq", "1,024", "seq", 1024),
        ("ack", 7, "ack", 7),
        ("reserved", 5, "reserved", 5),
        ("ACK", True, "flags", Flags.SYN | Flags.ACK),
        ("SYN", False, "flags", Flags(0)),
        ("flags", "FIN,ACK", "flags", Flags.FIN | Flags.ACK),
        ("flags", Flags.RST | Flags.AE, "flags", Flags.RST | Flags.AE),
        ("wnd", "0xff", "wnd", 255),
        ("up", 3, "up", 3),
        ("data", b"hi", "data", b"hi"),
        ("data", "68 69", "data", b"hi"),
        ("data", '"hi"', "data", b"hi"),
        ("option_1", "02 04 00 ff", "options", (MSS(255), NOP(), NOP(), SACK_PERMITTED())),
        ("options", [MSS(9)], "options", (MSS(9),)),
        ("options", "63 03 05", "options", (Option(99, b"\x05"), Option(0, b""))),
        ("options", "", "options", ()),
    ],
)
def test_every_field_can_be_set_and_the_checksum_follows(
    field: str, value: object, attribute: str, expected: object
) -> None:
    explorer = HeaderExplorer(SYN._replace(data=b"abc"))
    explorer.set(field, value)
    assert explorer.message == ""
    assert getattr(explorer.segment, attribute) == expected
    assert checksum_is_right(explorer)


def test_setting_one_field_leaves_all_others() -> None:
    explorer = HeaderExplorer(SYN._replace(data=b"abc"))
    explorer.set("wnd", 1)
    changed = explorer.segment._replace(checksum=0)
    assert changed == SYN._replace(data=b"abc", wnd=1)


def test_options_take_the_data_along_and_set_the_data_offset() -> None:
    explorer = HeaderExplorer(SYN._replace(data=b"abc"))
    explorer.set("options", [MSS(9)])
    assert (explorer.segment.data_offset, explorer.segment.data) == (6, b"abc")
    assert row(explorer, "data")["start"] == 24


def test_the_data_offset_can_be_broken_and_is_named() -> None:
    explorer = HeaderExplorer(SYN)
    explorer.set("data_offset", 4)
    assert [problem.field for problem in explorer.problems] == ["Data Offset"]
    assert "it must be at least 5" in explorer.explain("data_offset")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("source_port", 65536, "65536 is outside 0..65535"),
        ("seq", -1, "-1 is outside"),
        ("seq", "many", "'many' is not a whole number"),
        ("flags", "SYM", "not understood"),
        ("option_1", "02 0", "is not hex; write two digits a byte"),
        ("option_9", "01", "no field 'option_9' in this segment; choose one of flags, source_port"),
        ("options", b"\x01" * 41, "44 bytes, a header has room for 40"),
        ("options", [MSS(65536)], "can't hold 65536"),
        ("addresses", "10.0.0.1", "is not two IP addresses"),
        ("addresses", "10.0.0.1 ::1", "different IP versions"),
        ("addresses", ("a", "b"), "'a' is not an IP address"),
    ],
)
def test_what_does_not_fit_changes_nothing_and_says_why(field: str, value: object, sentence: str) -> None:
    explorer = HeaderExplorer(SYN)
    before = explorer.octets
    explorer.set(field, value)
    assert sentence in explorer.message
    assert explorer.octets == before
    explorer.set("seq", 1)
    assert explorer.message == ""


def test_the_checksum_may_be_broken_once_it_does_not_follow() -> None:
    explorer = HeaderExplorer(SYN)
    explorer.set("checksum", 0x1234)
    assert "switch that off to set it yourself" in explorer.message
    explorer.checksum_follows = False
    explorer.set("checksum", 0x1234)
    assert explorer.segment.checksum == 0x1234
    assert "Checksum 0x1234 is wrong" in explorer.explain("checksum")
    explorer.set("seq", 9)
    assert explorer.segment.checksum == 0x1234
    explorer.checksum_follows = True
    assert checksum_is_right(explorer)


def test_the_checksum_covers_the_addresses_of_both_ip_versions() -> None:
    explorer = HeaderExplorer(SYN)
    first = explorer.segment.checksum
    explorer.set("addresses", "2001:db8::1 → 2001:db8::2")
    assert explorer.segment.checksum != first
    assert not Segment.examine(bytes_of(explorer), "2001:db8::1", "2001:db8::2")[1]
    assert explorer.addresses == "2001:db8::1 → 2001:db8::2"


def test_bare_bytes_have_no_addresses_and_keep_their_checksum() -> None:
    explorer = HeaderExplorer(SYN.encode())
    assert (explorer.addresses, explorer.problems) == ("", [])
    explorer.set("checksum", 7)
    explorer.set("seq", 9)
    assert (explorer.segment.checksum, explorer.segment.seq) == (7, 9)
    explorer.set("addresses", ADDRESSES)
    assert checksum_is_right(explorer)


def test_a_truncated_header_is_explained_as_far_as_it_goes() -> None:
    explorer = HeaderExplorer(SYN.encode()[:10])
    assert "the segment has 10 bytes" in explorer.problems[0].text
    assert row(explorer, "seq")["value"] == "100 (0x00000064)"
    assert row(explorer, "ack")["value"] == "missing"
    explorer.set("wnd", 5)
    assert (explorer.segment.seq, explorer.segment.wnd) == (100, 5)


def test_the_checksum_of_a_truncated_header_stays_as_it_is() -> None:
    explorer = HeaderExplorer(SYN.encode()[:10], ADDRESSES)
    explorer.checksum_follows = False
    explorer.checksum_follows = True
    assert bytes_of(explorer) == SYN.encode()[:10]


def test_addresses_may_be_given_with_a_segment() -> None:
    explorer = HeaderExplorer(SYN, ("192.0.2.1", "192.0.2.2"))
    assert explorer.addresses == "192.0.2.1 → 192.0.2.2"
    assert not Segment.examine(bytes_of(explorer), "192.0.2.1", "192.0.2.2")[1]


def test_the_picture_is_drawn_anew_only_when_its_boxes_change() -> None:
    explorer = HeaderExplorer(SYN)
    first = explorer.picture
    explorer.set("seq", 5)
    assert explorer.picture == first
    explorer.set("option_1", "02 04 00 ff")
    assert explorer.picture != first


def test_every_box_of_the_picture_has_a_row() -> None:
    explorer = HeaderExplorer(SYN._replace(data=b"hi"))
    ids = {key for keys in re.findall(r'data-field="([^"]+)"', explorer.picture) for key in keys.split(" ")}
    assert ids == {row["id"] for row in explorer.rows}


def test_problems_are_named_in_words() -> None:
    explorer = HeaderExplorer(SYN._replace(reserved=1))
    assert [(kind, name) for kind, _, name in explorer.findings] == [("remark", "Reserved")]
    assert "Remark: Reserved is 1, not 0" in explorer.explain("reserved")
    assert "; remark: Reserved is 1" in repr(explorer)


def test_problems_of_the_flags_together_are_told_with_each() -> None:
    explorer = HeaderExplorer(SYN._replace(flags=Flags.SYN | Flags.FIN))
    assert "SYN and FIN together open and close at once" in explorer.explain("FIN")
    assert "together" not in explorer.explain("seq")


def test_explain_says_where_what_and_why() -> None:
    assert HeaderExplorer(SYN).explain("seq").startswith("Sequence Number (bytes 4–7): 100 (0x00000064)\n")
    assert HeaderExplorer(SYN).explain("option_2").endswith("RFC 9293 §3.2")
    with pytest.raises(TcpBookError, match="no field 'sequence' in this segment; choose one of source_port"):
        HeaderExplorer(SYN).explain("sequence")


def test_the_page_asks_by_message() -> None:
    explorer = HeaderExplorer(SYN)
    explorer._handle_custom_msg({"set": "seq", "value": "5"}, [])
    assert explorer.segment.seq == 5
    explorer._handle_custom_msg({"paste": SYN._replace(seq=6).encode().hex()}, [])
    assert explorer.segment.seq == 6


def test_an_edit_sends_a_small_message_without_picture_or_meanings(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = HeaderExplorer(SYN)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(explorer, "_send", lambda message, buffers=None: sent.append(message))
    explorer.set("seq", 5)
    assert sent
    assert len(json.dumps(sent)) < 6000
    assert not {"picture", "about", "_esm"} & {name for message in sent for name in message["state"]}


def test_a_field_that_is_gone_is_not_lit() -> None:
    explorer = HeaderExplorer(SYN)
    explorer.lit = "option_4"
    explorer.set("options", "")
    assert explorer.lit == "source_port"


def test_long_data_is_not_sent_byte_by_byte() -> None:
    explorer = HeaderExplorer(SYN._replace(data=bytes(1000)))
    assert (len(bytes_of(explorer)), explorer.hidden_bytes) == (28 + 32, 968)
    assert len(explorer.static_html()) < 10_000


def test_static_twin_is_a_table_of_all_fields_and_problems() -> None:
    html = HeaderExplorer(SYN._replace(reserved=1, data=b"<b>&")).static_html()
    for cell in ("Sequence Number", "00 00 00 64", "bytes 4–7", "100 (0x00000064)", "MSS 1460"):
        assert cell in html
    assert "<li>Remark: Reserved is 1, not 0" in html
    assert "4 bytes: &lt;b&gt;&amp;" in html
    assert html.count("<tr>") == 1 + len(HeaderExplorer(SYN).rows)


PACKET = encode_packet(SYN._replace(data=b"hi"), "192.0.2.1", "192.0.2.2")
ETHERNET = bytes(12) + b"\x08\x00" + PACKET


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (PACKET[20:].hex(), "The TCP segment is 30 of 30 bytes given."),
        (PACKET.hex(" ", 2), "The TCP segment is 30 of 50 bytes given, inside IPv4."),
        (ETHERNET.hex(":"), "The TCP segment is 30 of 64 bytes given, inside Ethernet and IPv4."),
    ],
)
def test_pasted_bytes_are_found_behind_their_headers(text: str, origin: str) -> None:
    explorer = HeaderExplorer(Segment())
    explorer.paste(text)
    assert explorer.segment._replace(checksum=0) == SYN._replace(data=b"hi")
    assert (explorer.origin, explorer.message, explorer.problems) == (origin, "", [])


def test_a_packet_brings_its_addresses() -> None:
    explorer = HeaderExplorer(PACKET)
    assert explorer.addresses == "192.0.2.1 → 192.0.2.2"
    explorer.set("seq", 1)
    assert Segment.decode(bytes_of(explorer), "192.0.2.1", "192.0.2.2").seq == 1


def test_a_wrong_checksum_in_a_packet_is_named_and_kept() -> None:
    explorer = HeaderExplorer(PACKET[:-1] + b"!")
    assert [problem.field for problem in explorer.problems] == ["Checksum"]


def test_problems_around_the_segment_are_named_too() -> None:
    damaged = PACKET[:8] + b"\x09" + PACKET[9:]
    assert [problem.field for problem in HeaderExplorer(damaged).problems] == ["IPv4 header checksum"]


def test_the_checksum_of_a_cut_off_segment_is_not_judged() -> None:
    explorer = HeaderExplorer(PACKET[:-1])
    assert [problem.field for problem in explorer.problems] == ["IPv4 total length"]
    assert explorer.addresses == ""


@pytest.mark.parametrize("text", ["", "hello", "45 00 0"])
def test_what_is_no_hex_changes_nothing_and_says_why(text: str) -> None:
    explorer = HeaderExplorer(SYN)
    before = explorer.octets
    explorer.paste(text)
    assert explorer.octets == before
    assert explorer.message.endswith(".")


def test_pasting_forgets_the_addresses_of_what_was_there() -> None:
    explorer = HeaderExplorer(PACKET)
    explorer.paste(SYN.encode())
    assert (explorer.addresses, explorer.problems) == ("", [])
