"""Record what this machine's kernel says of the eleven states and of the scripted tour: tcpbook/lab/kernel.json.

As root: unshare --net python tools/record_kernel_tour.py

In the fresh network namespace there is nothing but a loopback interface, and no socket of anybody else. The tour
is played, and at last a connection is closed at both ends and left alone until its TIME-WAIT is over, a minute later;
`time_wait` says how much of it the kernel had left after how many seconds.
"""

from __future__ import annotations

import json
import platform
import subprocess
import time
from typing import Any

from tcpbook.lab.kernel import RECORDING, reach, wait_until
from tcpbook.lab.loopback import OPEN, TOUR, Loopback
from tcpbook.protocol.state import State

MOMENTS_S = (0, 20, 40, 55)
PATIENCE_S = 90


def main() -> None:
    """Play, wait, write."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tour = [[str(part or "") if place < 4 else part for place, part in enumerate(row)] for row in say()]
    lab = Loopback(*TOUR, *OPEN, "client half-close", "client close", "server close")
    start, countdown = time.monotonic(), []
    for moment in MOMENTS_S:
        time.sleep(max(0, start + moment - time.monotonic()))
        countdown.append([moment, lab.left_s()[0][0]])
    wait_until(lambda: lab.look()[0] is State.CLOSED, "CLOSED", PATIENCE_S)
    lab.close()
    release = platform.release().partition("-")[0]
    recording = {
        "system": f"Linux {release}",
        "tour": tour,
        "time_wait": countdown,
        "steps": [step._asdict() for step in lab.steps],
    }
    lines = [f'"{key}": {_lines(value)}' for key, value in recording.items()]
    RECORDING.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def say() -> list[list[Any]]:
    """Each state, and what the witnesses say of it."""
    rows = []
    for state in State:
        with reach(state) as live:
            rows.append([state, *live.witnesses()])
    return rows


def _lines(value: Any) -> str:
    """JSON with one element of a list a line."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(f"  {json.dumps(each, ensure_ascii=False)}" for each in value) + "\n]"


if __name__ == "__main__":
    main()
