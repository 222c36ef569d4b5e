"""Trouble: refused, crashed, aborted, given up."""

from __future__ import annotations

from functools import partial

from tcpbook.lab.network import Link, pair
from tcpbook.lab.scenarios.scenario import CALL, HANDSHAKE, LISTEN, MS, OPENED, A, B, S, Scenario
from tcpbook.lab.trace import CRASH
from tcpbook.protocol.events import ABORT, CLOSE, ICMP_HARD, USER_TIMEOUT, Send

TROUBLE = {
    "refused": Scenario(
        "Nobody listens", "§3.5.2",
        ((0, A, CALL),),
        """
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             CLOSED
        CLOSED             <-- <SEQ=0><ACK=101><CTL=RST,ACK> <--        CLOSED
        """,
    ),
    "nobody answers": Scenario(
        "Nobody answers: the caller gives up", "§3.8.3",
        ((0, A, CALL),),
        """
        SYN-SENT                 --> <SEQ=100><CTL=SYN> --X
        SYN-SENT                 --> <SEQ=100><CTL=SYN> --X
        SYN-SENT                 --> <SEQ=100><CTL=SYN> --X
        CLOSED                    (RETRANSMISSION TIMEOUT)
        """,
        links=(Link(lose=(1, 2, 3)), Link()), hosts=partial(pair, r2=2),
    ),
    "host unreachable": Scenario(
        "The network says that it will not work", "§3.9.2.2",
        ((0, A, CALL), (5 * MS, A, ICMP_HARD)),
        """
        SYN-SENT                 --> <SEQ=100><CTL=SYN> --X
        CLOSED                       (ICMP hard error)
        """,
        links=(Link(lose=(1,)), Link()),
    ),
    "listener closes": Scenario(
        "A listener closes before anybody calls", "§3.10.4",
        ((0, B, LISTEN), (1 * S, B, CLOSE), (2 * S, A, CALL)),
        """
                                       (passive OPEN)                   LISTEN
                                          (CLOSE)                       CLOSED
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             CLOSED
        CLOSED             <-- <SEQ=0><ACK=101><CTL=RST,ACK> <--        CLOSED
        """,
    ),
    "caller closes early": Scenario(
        "The caller thinks better of it", "§3.10.4",
        (*OPENED, (15 * MS, A, CLOSE)),
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        CLOSED            <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        CLOSED                            (CLOSE)
        CLOSED                   --> <SEQ=101><CTL=RST> -->             LISTEN
        """,
    ),
    "abort during the handshake": Scenario(
        "The called end aborts before it is open", "§3.10.5",
        (*OPENED, (15 * MS, B, ABORT)),
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        CLOSED                   <-- <SEQ=301><CTL=RST> <--             CLOSED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         CLOSED
        CLOSED                   <-- <SEQ=301><CTL=RST> <--             CLOSED
        """,
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
    "crash, and the other end closes": Scenario(
        "One end crashes, the other closes", "§3.5.1",
        (*OPENED, (1 * S, A, CRASH), (2 * S, B, CLOSE)),
        HANDSHAKE + """
        CLOSED                            (crash)
        CLOSED            <-- <SEQ=301><ACK=101><CTL=FIN,ACK> <--       FIN-WAIT-1
        CLOSED                   --> <SEQ=101><CTL=RST> -->             CLOSED
        """,
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
    "abort in CLOSING": Scenario(
        "Both close, then one end aborts", "§3.10.5",
        (*OPENED, (1 * S, A, CLOSE), (1 * S, B, CLOSE), (1_015 * MS, A, ABORT)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSING
        CLOSING           <-- <SEQ=301><ACK=101><CTL=FIN,ACK> <--       FIN-WAIT-1
        CLOSED              <-- <SEQ=302><ACK=102><CTL=ACK> <--         CLOSING
        CLOSING             --> <SEQ=102><ACK=302><CTL=ACK> -->         TIME-WAIT
        CLOSED                            (ABORT)
        CLOSED                   --> <SEQ=102><CTL=RST> -->             CLOSED
        """,
    ),
    "the line is cut": Scenario(
        "The line is cut: one end gives up", "§3.8.3",
        (*OPENED, (1 * S, A, Send(b"hello?"))),
        HANDSHAKE + """
        ESTABLISHED   --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=6> --X
        ESTABLISHED   --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=6> --X
        ESTABLISHED   --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=6> --X
        CLOSED                    (RETRANSMISSION TIMEOUT)
        """,
        links=(Link(lose=(3, 4, 5)), Link()), hosts=partial(pair, r2=2),
    ),
    "peer never closes": Scenario(
        "The peer never closes: the user loses patience", "§3.8.3",
        (*OPENED, (1 * S, A, CLOSE), (60 * S, A, USER_TIMEOUT), (90 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        CLOSED                         (USER TIMEOUT)
        CLOSED            <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        CLOSED                   --> <SEQ=102><CTL=RST> -->             CLOSED
        """,
    ),
}
