"""Captures: a pcap or pcapng as a table of segments."""

from __future__ import annotations

from tcpbook.lab.capture.read import CaptureWarning, read_capture

__all__ = ["CaptureWarning", "read_capture"]
