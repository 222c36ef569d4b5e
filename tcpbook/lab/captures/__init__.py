"""The book's own captures: a Linux kernel talking with itself over a wire of 20 ms there and back."""

from __future__ import annotations

from pathlib import Path

from tcpbook.protocol.errors import TcpBookError

CAPTURES = {
    "three-segment-close.pcap": "open, a request and its answer, closed by three segments",
    "four-segment-close.pcap": "the same; the server thinks for 0.2 s before it closes, so its ACK goes ahead",
    "ipv6.pcap": "the same over IPv6",
    "refused.pcap": "nobody listens: the SYN is answered by a RST",
    "no-answer.pcap": "nobody is there: the SYN is sent four times",
    "half-close.pcap": "the client closes its direction, and the server goes on sending",
    "abort.pcap": "the client ends the connection by a RST",
    "simultaneous-close.pcap": "both ends close while the other's FIN is on its way",
    "never-closed.pcap": "the client closes, and the server's program forgets to",
    "keep-alive.pcap": "three seconds of silence, and probes whether the server is still there",
    "zero-window.pcap": "the server does not read for three seconds",
    "lossy.pcap": "60,000 bytes, of which four segments are lost on the way",
    "morning.pcapng": "nine connections of one host with one server: two of them are slow, for different reasons",
}
"""The names of the captures, and what each shows. tools/make_captures.py recorded them."""


def path(name: str) -> Path:
    """Return where the capture of this name lies; TcpBookError if there is none."""
    if name not in CAPTURES:
        raise TcpBookError(f"the book has no capture {name!r}; it has {', '.join(CAPTURES)}")
    return Path(__file__).parent / name
