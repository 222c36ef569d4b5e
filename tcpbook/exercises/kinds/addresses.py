"""Exercises about ports and sockets (chapter 06)."""

from __future__ import annotations

from random import Random

from tcpbook import ports
from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask


def classify(random: Random) -> Instance:
    """Which of the three ranges a port belongs to (RFC 6335 §6)."""
    ranges = ports.RANGES
    within = random.choice(ranges)
    near = [port for each in ranges for port in (each.first, each.last) if 0 < port < 65_535]
    port = random.choice([random.randint(max(within.first, 1), within.last), random.choice(near)])
    right = ports.range_of(port)
    names = [each.name for each in ranges]
    return Instance(
        task=f"To which range does port {port} belong?",
        parts=(
            ask("Range", Form.CHOICE, right.name, [(name, "registered by use") for name in names], names),
            ask("Its last port", Form.NUMBER, right.last),
        ),
        hints=("There are three ranges, and two borders between them.", "The borders are at 1024 and 49152."),
        solution=(
            *(f"{each.first}–{each.last}: {each.name}" for each in ranges),
            f"{port} lies in {right.first}–{right.last}: {right.name}.",
        ),
    )


KINDS = {"classify a port": classify}
