"""Named experiments as data: what is called when, what the network does, and the story that comes of it.

Each is at once a test, an example for a chapter, and something to play. In a story a segment stands where it was
sent, between the sender's state then and the receiver's state on arrival; what never arrives ends in an X.
"""

from __future__ import annotations

from typing import NamedTuple

from tcpbook.lab.network import Link, Network
from tcpbook.lab.trace import CRASH, Trace
from tcpbook.protocol.events import ABORT, CLOSE, Call, Open, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.segment import Segment

A, B = 0, 1
MS, S = 1_000, 1_000_000
CALL, LISTEN = Open(active=True, remote_port=80), Open(active=False)
CALL_BACK = Open(active=True, remote_port=49_152)


class Scenario(NamedTuple):
    """One experiment. `calls` are (microsecond, end, call), `strays` (microsecond, end, segment that arrives there)."""

    title: str
    section: str
    calls: tuple[tuple[int, int, Call | str], ...]
    story: str
    links: tuple[Link, Link] = (Link(), Link())
    strays: tuple[tuple[int, int, Segment], ...] = ()
    until_us: int | None = None

    def network(self) -> Network:
        """The hosts, links and all that is to happen; nothing has happened yet."""
        network = Network(links=self.links)
        for at_us, end, call in self.calls:
            network.call(end, call, at_us)
        for at_us, end, segment in self.strays:
            network.inject(end, segment, at_us)
        return network

    def run(self) -> Trace:
        """Play it to its end."""
        return self.network().run(self.until_us)


OPENED = ((0, B, LISTEN), (0, A, CALL))
HANDSHAKE = """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED"""


def _stray(seq: int) -> Segment:
    return Segment(49_152, 80, seq, flags=Flags.SYN)


SCENARIOS = {
    "three-way handshake": Scenario(
        "The three-way handshake", "§3.5, Figure 6",
        OPENED,
        HANDSHAKE,
    ),
    "simultaneous open": Scenario(
        "Both call at once", "§3.5, Figure 7",
        ((0, A, CALL), (0, B, CALL_BACK)),
        """
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        SYN-RECEIVED             <-- <SEQ=300><CTL=SYN> <--             SYN-SENT
        SYN-RECEIVED      <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        SYN-RECEIVED      --> <SEQ=100><ACK=301><CTL=SYN,ACK> -->       SYN-RECEIVED
        SYN-RECEIVED        --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED
        ESTABLISHED         <-- <SEQ=301><ACK=101><CTL=ACK> <--         SYN-RECEIVED
        """,
    ),
    "old duplicate SYN": Scenario(
        "An old SYN comes first", "§3.5, Figure 8",
        OPENED,
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
                                 --> <SEQ=90><CTL=SYN> -->              SYN-RECEIVED
        SYN-SENT           <-- <SEQ=300><ACK=91><CTL=SYN,ACK> <--       SYN-RECEIVED
        SYN-SENT                 --> <SEQ=91><CTL=RST> -->              LISTEN
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED
        """,
        links=(Link(late={1: 90 * MS}), Link()), strays=((5 * MS, B, _stray(90)),),
    ),
    "crash, and a new call": Scenario(
        "One end crashes and calls again", "§3.5.1, Figure 9",
        (*OPENED, (1 * S, A, CRASH), (1 * S, A, CALL)),
        HANDSHAKE + """
        CLOSED                            (crash)
        SYN-SENT                 --> <SEQ=400><CTL=SYN> -->             ESTABLISHED
        SYN-SENT            <-- <SEQ=301><ACK=101><CTL=ACK> <--         ESTABLISHED
        SYN-SENT                 --> <SEQ=101><CTL=RST> -->             CLOSED
        """,
        until_us=1_500 * MS,
    ),
    "crash, and the other end sends": Scenario(
        "One end crashes, the other sends", "§3.5.1, Figure 10",
        (*OPENED, (1 * S, A, CRASH), (2 * S, B, Send(b"hello"))),
        HANDSHAKE + """
        CLOSED                            (crash)
        CLOSED        <-- <SEQ=301><ACK=101><CTL=PSH,ACK><DATA=5> <--   ESTABLISHED
        CLOSED                   --> <SEQ=101><CTL=RST> -->             CLOSED
        """,
    ),
    "old duplicate SYN at two listeners": Scenario(
        "An old SYN between two listeners", "§3.5.1, Figure 11",
        ((0, A, LISTEN), (0, B, LISTEN)),
        """
        LISTEN                         (passive OPEN)
                                       (passive OPEN)                   LISTEN
                                 --> <SEQ=90><CTL=SYN> -->              SYN-RECEIVED
        LISTEN             <-- <SEQ=300><ACK=91><CTL=SYN,ACK> <--       SYN-RECEIVED
        LISTEN                   --> <SEQ=91><CTL=RST> -->              LISTEN
        """,
        strays=((5 * MS, B, _stray(90)),),
    ),
    "four-segment close": Scenario(
        "The normal close", "§3.6, Figure 12",
        (*OPENED, (1 * S, A, CLOSE), (2 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
    ),
    "simultaneous close": Scenario(
        "Both close at once", "§3.6, Figure 13",
        (*OPENED, (1 * S, A, CLOSE), (1 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSING
        CLOSING           <-- <SEQ=301><ACK=101><CTL=FIN,ACK> <--       FIN-WAIT-1
        TIME-WAIT           <-- <SEQ=302><ACK=102><CTL=ACK> <--         CLOSING
        CLOSING             --> <SEQ=102><ACK=302><CTL=ACK> -->         TIME-WAIT
        CLOSED                      (TIME-WAIT TIMEOUT)
                                    (TIME-WAIT TIMEOUT)                 CLOSED
        """,
    ),
    "SYN lost": Scenario(
        "The SYN is lost", "§3.8.1",
        OPENED,
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> --X
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED
        """,
        links=(Link(lose=(1,)), Link()),
    ),
    "SYN,ACK lost": Scenario(
        "The answer to the SYN is lost", "§3.8.1",
        OPENED,
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
                          X-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         <-- <SEQ=301><ACK=101><CTL=ACK> <--         SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED
        """,
        links=(Link(), Link(lose=(1,))),
    ),
    "last ACK of the handshake lost": Scenario(
        "The third segment is lost", "§3.5",
        OPENED,
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> --X
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED
        """,
        links=(Link(lose=(2,)), Link()),
    ),
    "refused": Scenario(
        "Nobody listens", "§3.5.2",
        ((0, A, CALL),),
        """
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             CLOSED
        CLOSED             <-- <SEQ=0><ACK=101><CTL=RST,ACK> <--        CLOSED
        """,
    ),
    "half-close with data": Scenario(
        "One end closes, the other goes on sending", "§3.6.1",
        (*OPENED, (1 * S, A, CLOSE), (2 * S, B, Send(b"still here")), (3 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        FIN-WAIT-2    <-- <SEQ=301><ACK=102><CTL=PSH,ACK><DATA=10> <--  CLOSE-WAIT
        FIN-WAIT-2          --> <SEQ=102><ACK=311><CTL=ACK> -->         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=311><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=312><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
    ),
    "FIN with data behind a gap": Scenario(
        "Text is lost, the FIN arrives first", "§3.10.7.4",
        (*OPENED, (1 * S, A, Send(b"last words")), (1 * S, A, CLOSE), (5 * S, B, CLOSE)),
        HANDSHAKE + """
        ESTABLISHED   --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=10> --X
        FIN-WAIT-1        --> <SEQ=111><ACK=301><CTL=FIN,ACK> -->       ESTABLISHED
        FIN-WAIT-1          <-- <SEQ=301><ACK=101><CTL=ACK> <--         ESTABLISHED
        FIN-WAIT-1      --> <SEQ=101><ACK=301><CTL=ACK><DATA=10> -->    CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=112><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=112><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=112><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        links=(Link(lose=(3,)), Link()),
    ),
    "first FIN lost": Scenario(
        "The first FIN is lost", "§3.8.1",
        (*OPENED, (1 * S, A, CLOSE), (5 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> --X
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        links=(Link(lose=(3,)), Link()),
    ),
    "ACK of the first FIN lost": Scenario(
        "The ACK of the first FIN is lost", "§3.8.1",
        (*OPENED, (1 * S, A, CLOSE), (5 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
                            X-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        links=(Link(), Link(lose=(2,))),
    ),
    "second FIN lost": Scenario(
        "The second FIN is lost", "§3.8.1",
        (*OPENED, (1 * S, A, CLOSE), (2 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
                          X-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        links=(Link(), Link(lose=(3,))),
    ),
    "last ACK of the close lost": Scenario(
        "The last ACK is lost: why TIME-WAIT waits", "§3.6, 3.10.7.4",
        (*OPENED, (1 * S, A, CLOSE), (2 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> --X
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        links=(Link(lose=(4,)), Link()),
    ),
    "abort": Scenario(
        "One end aborts", "§3.10.5",
        (*OPENED, (1 * S, A, ABORT)),
        HANDSHAKE + """
        CLOSED                   --> <SEQ=101><CTL=RST> -->             CLOSED
        """,
    ),
    "abort, and the RST is lost": Scenario(
        "The RST of an abort is lost", "§3.10.5",
        (*OPENED, (1 * S, B, CLOSE), (2 * S, A, ABORT)),
        HANDSHAKE + """
        CLOSE-WAIT        <-- <SEQ=301><ACK=101><CTL=FIN,ACK> <--       FIN-WAIT-1
        CLOSE-WAIT          --> <SEQ=101><ACK=302><CTL=ACK> -->         FIN-WAIT-2
        CLOSED                   --> <SEQ=101><CTL=RST> --X
        """,
        links=(Link(lose=(4,)), Link()),
    ),
}
