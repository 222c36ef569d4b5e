"""The troubles that a socket table shows: from how many on, what each means, what to do."""

from __future__ import annotations

from typing import NamedTuple

from tcpbook.protocol.state import State


class Advice(NamedTuple):
    """What a trouble is called, what it means, what to do, and where it is specified."""

    name: str
    means: str
    remedy: str
    section: str


class Pile(NamedTuple):
    """From how many on sockets in one state are a trouble, at one port; and the reason for these numbers.

    That is `few`, if they are at least a `share` of the port's connections, or `many`, whatever else there is.
    """

    state: State
    few: int
    share: float
    many: int
    reason: str
    advice: Advice


PILES = (
    Pile(
        State.CLOSE_WAIT,
        5,
        0.1,
        100,
        "A program that closes when it is told to leaves CLOSE-WAIT within some 10 ms: 100 at once would be 10,000 a "
        "second. Desktop programs keep a few idle ones, less than a tenth of what they have open.",
        Advice(
            "CLOSE-WAIT leak",
            "The peers have closed; the program at this end has not. CLOSE-WAIT waits for its own user, so no timer "
            "ends it: each keeps a descriptor and memory for as long as the program runs.",
            "Look again after a minute: those that are still there are leaked. `ss -tanp state close-wait` names the "
            "program. Find the way through it that doesn't close after recv() returned nothing: an early return, an "
            "exception, a pool that never looks. A restart frees them, until the next time.",
            "RFC 9293 §3.3.2, §3.6",
        ),
    ),
    Pile(
        State.SYN_RECEIVED,
        10,
        0.1,
        500,
        "A handshake lasts one round trip: 500 at once, at 100 ms, would be 5,000 new connections a second.",
        Advice(
            "SYN flood",
            "A SYN came, ours went out, and the ACK of it does not come. A flood of SYNs from forged addresses looks "
            "like this; so does a firewall or a route that loses our SYN,ACKs or their answers. Each takes a place in "
            "the listener's queue until the kernel gives up, on Linux after a minute.",
            "Look at the peers: many addresses that never complete are a flood. Keep SYN cookies on (Linux: "
            "net.ipv4.tcp_syncookies = 1), then new clients get in though the queue is full; lengthen the queue "
            "(listen()'s backlog, net.core.somaxconn); filter upstream. If the peers are your own, see where the ACKs "
            "are lost.",
            "RFC 9293 §3.5, RFC 4987",
        ),
    ),
    Pile(
        State.FIN_WAIT_2,
        20,
        0.2,
        1_000,
        "Clients that vanish leave one each, for tcp_fin_timeout: 1,000 are some 16 a second for 60 s.",
        Advice(
            "half-closed pile-up",
            "This end has sent its FIN and has the ACK of it; the peers do not send theirs, they stay in CLOSE-WAIT. "
            "If the program has closed, the kernel gives up after a while (Linux: net.ipv4.tcp_fin_timeout, 60 s). If "
            "it has only called shutdown() and holds the socket, nothing ends it.",
            "`ss -tanp state fin-wait-2` names the program that holds them, if one does: let it wait for the peers' "
            "end of text with a time limit, and then close(). Peers of your own should close when recv() returns "
            "nothing.",
            "RFC 9293 §3.3.2, §3.6",
        ),
    ),
)

FULL = 0.8
"""The share of the ephemeral ports toward one address and port that is a trouble: the next burst takes the rest, and
connect() has to search ever longer for a free one."""

EXHAUSTION = Advice(
    "TIME-WAIT exhaustion",
    "This end opens connections to one address and port, closes first, and so keeps TIME-WAIT: each holds its local "
    "port for 2 MSL (on Linux 60 s). Hardly a port is left for that peer; then connect() fails with EADDRNOTAVAIL.",
    "Use connections again (keep-alive, a pool) or let the peer close first. More addresses or ports at either end, "
    "or a wider net.ipv4.ip_local_port_range, give more pairs; net.ipv4.tcp_tw_reuse = 1 lets Linux take a port again "
    "after a second, if both ends use timestamps (RFC 6191). TIME-WAIT itself is right: leave it.",
    "RFC 9293 §3.6.1, RFC 6191",
)

OVERFLOW = Advice(
    "accept queue overflow",
    "More connections are established and wait for accept() than the listener's backlog allows: the program accepts "
    "too slowly, or not at all. Linux then drops SYNs and last ACKs; clients see slow connects and timeouts.",
    "See what keeps the program from accept(): a blocked thread, no descriptors left, too few workers. If it keeps up "
    "but for bursts, raise listen()'s backlog and net.core.somaxconn. `nstat -az TcpExtListenOverflows` counts what "
    "was lost.",
    "RFC 9293 §3.9.1.1, listen(2)",
)
