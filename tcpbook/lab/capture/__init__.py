"""Captures: a pcap or pcapng as tables of segments and connections, and the story of each connection."""

from __future__ import annotations

from tcpbook.lab.capture.connections import connections
from tcpbook.lab.capture.explain import explain
from tcpbook.lab.capture.read import CaptureWarning, read_capture
from tcpbook.lab.capture.replay import replay
from tcpbook.lab.capture.verdicts import verdicts
from tcpbook.lab.captures import path as recorded

__all__ = ["CaptureWarning", "connections", "explain", "read_capture", "recorded", "replay", "verdicts"]
