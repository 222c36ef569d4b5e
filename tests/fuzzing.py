"""What atheris runs: `python tests/fuzzing.py FOLDER [libFuzzer's options]`, with a folder of inputs to begin with.

The first byte of an input says what the others are: a file; or, with a link type, the packets of one.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from captures import LINKS, Packet, fragmented, framed, kernel, pcap, pcapng, simulated, with_options

WHOLE, PACKETS = 0, 1
PLACES = list(LINKS)


def inputs() -> Iterator[bytes]:
    """Inputs to begin with: small files, and packets under every link."""
    packets = [*kernel()[:8], *kernel()[-4:], *simulated()[:8]]
    for data in pcap(packets[::3], LINKS["raw IP"][0]), pcap(packets[::3], LINKS["raw IP"][0], ">"), pcapng(packets):
        yield bytes([WHOLE]) + data
    wrapped = [packet._replace(data=with_options(packet.data), length=None) for packet in packets[:12:4]]
    for number, name in enumerate(PLACES):
        chosen = fragmented(wrapped)[:9] if number % 3 == 0 else packets[number % 5 :: 5]
        parts = [bytes([len(frame.data) % 256]) + frame.data[:255] for frame in framed(chosen, name)]
        yield bytes([PACKETS, number]) + b"".join(parts)


def capture(octets: bytes) -> bytes:
    """The file that an input stands for."""
    if octets[:1] != bytes([PACKETS]):
        return octets[1:]
    name = PLACES[octets[1] % len(PLACES)] if len(octets) > 1 else PLACES[0]
    packets, at = [], 2
    while at < len(octets):
        packets.append(Packet(at, octets[at + 1 : at + 1 + octets[at]]))
        at += 1 + octets[at]
    return pcap(packets, LINKS[name][0])


def main() -> None:
    """Fuzz until libFuzzer is told to stop, or something other than a TcpBookError is raised."""
    import atheris

    with atheris.instrument_imports(include=["tcpbook.lab.capture"]):
        from tcpbook.lab.capture import CaptureWarning, connections, read_capture, verdicts
    from tcpbook.protocol.errors import TcpBookError

    warnings.simplefilter("error")
    warnings.simplefilter("ignore", CaptureWarning)

    def one(octets: bytes) -> None:
        try:
            segments = read_capture(io.BytesIO(capture(octets)), checksums=True)
        except TcpBookError:
            return
        verdicts(segments)
        connections(segments)

    folder = Path(sys.argv[1])
    for number, octets in enumerate(inputs()):
        (folder / str(number)).write_bytes(octets)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
