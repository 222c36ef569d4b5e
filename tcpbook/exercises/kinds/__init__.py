"""The kinds of exercises; each makes an instance from a seed, and computes the answer with tcpbook's own TCP."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tcpbook.exercises.instance import Instance
from tcpbook.exercises.kinds import addresses, captures, ends, graph, ladders, numbers, order, tables, waits, wire
from tcpbook.protocol.errors import TcpBookError

KINDS: dict[str, Callable[[Random], Instance]] = {
    **wire.KINDS, **numbers.KINDS, **ladders.KINDS, **order.KINDS,
    **addresses.KINDS, **ends.KINDS, **graph.KINDS, **tables.KINDS, **captures.KINDS, **waits.KINDS,
}  # fmt: skip
"""Every kind by its name."""

LAST_SEED = 2**32 - 1


def generate(kind: str, seed: int) -> Instance:
    """Return the exercise of a kind and a seed (0 to 2³² - 1), the same one forever.

    Raises TcpBookError for a kind or a seed that there is not.
    """
    if kind not in KINDS:
        raise TcpBookError(f"there is no exercise {kind!r}; choose one of: {'; '.join(KINDS)}")
    if not 0 <= seed <= LAST_SEED:
        raise TcpBookError(f"seed {seed} is out of range; choose one of 0 to {LAST_SEED}")
    return KINDS[kind](Random(f"{kind} {seed}"))._replace(kind=kind, seed=seed)
