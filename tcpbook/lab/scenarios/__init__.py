"""Named experiments as data: each is at once a test, an example for a chapter, and something to play."""

from __future__ import annotations

from tcpbook.lab.scenarios.closing import CLOSING
from tcpbook.lab.scenarios.opening import OPENING
from tcpbook.lab.scenarios.scenario import Scenario
from tcpbook.lab.scenarios.trouble import TROUBLE

__all__ = ["SCENARIOS", "Scenario"]

SCENARIOS = OPENING | CLOSING | TROUBLE
"""All of them, by name."""
