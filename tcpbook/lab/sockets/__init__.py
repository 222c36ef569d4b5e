"""Socket tables: this machine's, a pasted one, a recorded one; and what they say about the programs behind them."""

from tcpbook.lab.sockets.diagnosis import Finding, Findings, diagnose
from tcpbook.lab.sockets.live import here
from tcpbook.lab.sockets.reading import RECORDINGS, read, recorded

__all__ = ["RECORDINGS", "Finding", "Findings", "diagnose", "here", "read", "recorded"]
