"""Damaged captures: what was readable is delivered, the damage is told, and nothing else happens."""

from __future__ import annotations

import faulthandler
import io
import tracemalloc
import warnings
from collections.abc import Iterator

import pytest
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from captures import Packet, fragments, kernel, pcap
from damage import RAW, Damaged, damaged
from tcpbook.lab.capture.read import CaptureWarning, read_capture
from tcpbook.protocol.errors import TcpBookError

SEED = 6
FILES = list(damaged(SEED))
MANY = 30_000  # half as many again as are kept


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    faulthandler.dump_traceback_later(120, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def read(data: bytes) -> tuple[DataFrame | None, list[str]]:
    """The table and the words of all warnings; or no table, and those of a TcpBookError."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            table = read_capture(io.BytesIO(data), checksums=True)
        except TcpBookError as error:
            return None, [str(error)]
    assert {warning.category for warning in caught} <= {CaptureWarning}
    return table, [str(warning.message) for warning in caught]


def test_there_are_more_than_a_hundred() -> None:
    assert len({file.name for file in FILES}) == len(FILES) > 200
    assert sum(file.told for file in FILES) > 100


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_what_was_readable_is_there(file: Damaged) -> None:
    table, words = read(file.data)
    assert not file.told or len(words) == 1
    if table is None:
        assert file.told
        assert not file.intact
        return
    assert all(word.startswith("the capture is damaged after packet ") for word in words)
    whole, words = read(file.start)
    assert whole is not None
    assert not words
    rows = table[table["frame"] <= file.intact]
    if len(rows) < len(table):  # a SYN behind the damage tells who opened, and how the windows are scaled
        rows, whole = (each.drop(columns=["end", "window_bytes"]) for each in (rows, whole))
    rows.attrs = whole.attrs = {}
    assert_frame_equal(rows, whole, check_categorical=False)


def test_fragments_never_completed_take_bounded_memory() -> None:
    packet = next(packet.data for packet in kernel() if packet.data[0] >> 4 == 4 and len(packet.data) > 80)
    part = fragments(packet)[0]
    sources = (number.to_bytes(4, "big") for number in range(MANY))
    data = pcap([Packet(0, part[:12] + source + part[16:]) for source in sources], RAW)
    tracemalloc.start()
    try:
        table, _ = read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert table is not None
    assert len(table) == 0
    assert sum(table.attrs["skipped"].values()) == MANY
    assert peak < 80 << 20
