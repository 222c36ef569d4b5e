"""The simulator: a transfer between two hosts, beside the same exchange of segments modeled in SimPy."""

from __future__ import annotations

from time import process_time
from typing import Any

import simpy

from benchmarks.row import Row
from tcpbook.lab.network import Application, Closes, Network, pair
from tcpbook.protocol.events import Open

SEGMENT, WINDOW, DELAY_US = 1_460, 44, 10_000
SEGMENTS, ROUNDS = 20_000, 3  # text segments and their ACKs
LONG = 100_000


def run() -> list[Row]:
    """Return the best of a few rounds of each, in turns."""
    ours = theirs = 1e9
    for _ in range(ROUNDS):
        ours, theirs = min(ours, _transfer(SEGMENTS)), min(theirs, _model(SEGMENTS))
    each = 1e6 / SEGMENTS
    long = _transfer(LONG)
    return [
        Row("transfer, a segment", ours * each, "SimPy, stores as links", theirs * each,
            bar="five times as fast", met=ours * 5 <= theirs),
        Row("transfer of 100,000 segments", long * 1e6, "SimPy, stores as links", theirs * LONG / SEGMENTS * 1e6,
            bar="under 5 s", met=long < 5),
    ]  # fmt: skip


def _transfer(segments: int) -> float:
    """Half the segments carry text from A to B, half are B's ACKs; every byte arrives, both ends close."""
    hosts = pair(rcv_buff=WINDOW * SEGMENT)
    hosts[0].application = Application(bytes(SEGMENT * segments // 2), closes=Closes.AFTER_TEXT)
    hosts[1].application = Application(closes=Closes.AFTER_PEER)
    network = Network(hosts, recorded=False)
    network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    start = process_time()
    network.run(most=100 * segments)
    spent = process_time() - start
    assert len(hosts[1].received) == SEGMENT * segments // 2
    return spent


def _model(segments: int) -> float:
    """The same exchange in SimPy: a sender with a window, a receiver that acknowledges, links that delay."""
    env = simpy.Environment()
    there, back = simpy.Store(env), simpy.Store(env)
    total = segments // 2

    def link(store: Any, item: Any) -> Any:
        yield env.timeout(DELAY_US)
        yield store.put(item)

    def sender() -> Any:
        una = nxt = 0
        while una < total:
            while nxt < total and nxt - una < WINDOW:
                env.process(link(there, (nxt, bytes(SEGMENT))))
                nxt += 1
            una = yield back.get()

    def receiver() -> Any:
        received = bytearray()
        for expected in range(total):
            number, text = yield there.get()
            assert number == expected
            received += text
            env.process(link(back, expected + 1))

    env.process(receiver())
    done = env.process(sender())
    start = process_time()
    env.run(done)
    return process_time() - start
