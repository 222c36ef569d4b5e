"""Where the bytes of a capture come from: a mapped file, or anything else through one reused buffer."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import SEEK_CUR, SEEK_END, SEEK_SET
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tcpbook.lab.capture.packets import Octets
from tcpbook.protocol.errors import TcpBookError

if TYPE_CHECKING:
    from zlib import _Decompress

BUFFER = 24 << 20  # bytes: more than the longest record has
PIECE = 1 << 20  # bytes read at once
PACKED = 16 << 10  # bytes unpacked at once: even of nothing but zeros they make less than the buffer holds
GZIP = b"\x1f\x8b"
GZIP_BITS = 31  # for zlib: the largest window, in gzip's format
MAGIC = 4  # bytes


class Damage(Exception):
    """The file can't be read on from here; the packets before it are whole."""


class Mapped:
    """A file in memory as the system maps it: of a long packet, only the page with its headers is touched."""

    def __init__(self, file: BinaryIO) -> None:
        self.octets = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.buffer: Octets = np.frombuffer(self.octets, np.uint8)
        self.filled = 0

    def fill(self, octets: int) -> bool:
        """Go on by so many bytes; return whether there were any."""
        before = self.filled
        self.filled = min(before + octets, len(self.buffer))
        return self.filled > before

    def drop(self, octets: int) -> int:
        """Let go of so many bytes at the beginning of the buffer; return how many that took away."""
        return 0

    @property
    def share(self) -> float:
        """How much of the file was read, 0 to 1."""
        return self.filled / len(self.buffer)


class Streamed:
    """A file read through a buffer, so that memory does not grow with what gzip unpacks.

    `pieces` are its bytes, unpacked; `raw` is where they come from.
    """

    def __init__(self, pieces: Iterator[bytes], raw: BinaryIO) -> None:
        self._pieces, self._raw = pieces, raw
        self._rest = b""
        self._damage: Damage | None = None
        here = raw.tell()
        self._octets = raw.seek(0, SEEK_END)
        raw.seek(here, SEEK_SET)
        self.octets = mmap.mmap(-1, BUFFER)  # anonymous memory, of which only what is used is taken
        self.buffer: Octets = np.frombuffer(self.octets, np.uint8)
        self.filled = 0

    def fill(self, octets: int) -> bool:
        """Read on, up to so many bytes; return whether there were any."""
        before, goal = self.filled, min(self.filled + octets, BUFFER)
        while self.filled < goal:
            try:
                piece = self._rest or next(self._pieces, b"")
            except Damage as damage:
                self._damage, self._pieces = damage, iter(())
                break
            if not piece:
                break
            taken, self._rest = piece[: goal - self.filled], piece[goal - self.filled :]
            memoryview(self.octets)[self.filled : self.filled + len(taken)] = taken
            self.filled += len(taken)
        if self._damage and self.filled == before:
            raise self._damage
        return self.filled > before

    def drop(self, octets: int) -> int:
        """Let go of so many bytes at the beginning of the buffer; return how many that took away."""
        left = self.filled - octets
        self.buffer[:left] = self.buffer[octets : self.filled].copy()
        self.filled = left
        return octets

    @property
    def share(self) -> float:
        """How much of the file was read, 0 to 1."""
        return self._raw.tell() / self._octets


Source = Mapped | Streamed


@contextmanager
def opened(what: str | Path | BinaryIO) -> Iterator[tuple[Source, bytes, str]]:
    """Open a capture: give the source, its first bytes and its name; TcpBookError if there is nothing to read."""
    if not isinstance(what, str | Path):
        if not what.seekable():
            raise TcpBookError("the file can't be wound back, as a pipe can't; read it into an io.BytesIO first")
        yield *_source(what, mapped=False), Path(str(getattr(what, "name", "the capture"))).name
        return
    path = Path(what)
    try:
        if not path.is_file():
            raise TcpBookError(f"{path} is no file; give the path of a capture, as seen from {Path.cwd()}")
        with path.open("rb") as file:
            yield *_source(file, mapped=True), path.name
    except OSError as error:
        raise TcpBookError(f"{path} can't be read: {error.strerror}; copy it to where you may read it") from None


def _source(file: BinaryIO, mapped: bool) -> tuple[Source, bytes]:
    start = file.read(MAGIC)
    file.seek(-len(start), SEEK_CUR)
    if not start:
        raise TcpBookError("the file is empty; record the capture again")
    if mapped and not start.startswith(GZIP):
        return Mapped(file), start
    pieces = _unpacked(file) if start.startswith(GZIP) else iter(lambda: file.read(PIECE), b"")
    source = Streamed(pieces, file)
    try:
        source.fill(MAGIC)
    except Damage as damage:
        raise TcpBookError(f"not a byte of the file can be unpacked, for {damage}; fetch it again") from None
    return source, bytes(source.octets[: source.filled])


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """What gzip has packed (RFC 1952), and of a broken piece what comes before the break."""
    packed = file.read(PACKED)
    while packed.startswith(GZIP):
        unpack = zlib.decompressobj(GZIP_BITS)
        while not unpack.eof:
            if not packed:
                raise Damage("its compression breaks off before its end")
            before = unpack.copy()
            try:
                yield unpack.decompress(packed)
            except zlib.error as error:
                yield b"".join(_one_by_one(before, packed))
                raise Damage(f"its compression is broken: {error}") from None
            packed = b"" if unpack.eof else file.read(PACKED)
        packed = unpack.unused_data + file.read(PACKED)


def _one_by_one(unpack: _Decompress, packed: bytes) -> Iterator[bytes]:
    with suppress(zlib.error):
        for place in range(len(packed)):
            yield unpack.decompress(packed[place : place + 1])
