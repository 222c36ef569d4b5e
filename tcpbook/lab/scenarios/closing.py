"""Closing: in three segments or four, with losses, and what TIME-WAIT is for."""

from __future__ import annotations

from tcpbook.lab.network import Host, Link, pair
from tcpbook.lab.scenarios.scenario import CALL, HANDSHAKE, LISTEN, MS, OPENED, A, B, S, Scenario
from tcpbook.protocol.events import ABORT, CLOSE, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.segment import Segment


def _delaying() -> tuple[Host, Host]:
    """B lets its ACKs wait for a companion."""
    a, b = pair()
    b.delayed_ack_us = 200 * MS
    return a, b


CLOSING = {
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
    "three-segment close": Scenario(
        "The peer closes at once: three segments", "§3.6, 3.8.6.3",
        (*OPENED, (1 * S, A, CLOSE), (1_050 * MS, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        hosts=_delaying,
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
    "simultaneous close, an ACK lost": Scenario(
        "Both close at once, and one ACK is lost", "§3.6, 3.10.7.4",
        (*OPENED, (1 * S, A, CLOSE), (1 * S, B, CLOSE)),
        HANDSHAKE + """
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSING
        CLOSING           <-- <SEQ=301><ACK=101><CTL=FIN,ACK> <--       FIN-WAIT-1
        TIME-WAIT           <-- <SEQ=302><ACK=102><CTL=ACK> <--         CLOSING
        CLOSING             --> <SEQ=102><ACK=302><CTL=ACK> --X
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       CLOSING
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         TIME-WAIT
        CLOSED                      (TIME-WAIT TIMEOUT)
                                    (TIME-WAIT TIMEOUT)                 CLOSED
        """,
        links=(Link(lose=(4,)), Link()),
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
    "text and FIN in one segment": Scenario(
        "The last text brings the FIN along", "§3.10.7.4",
        (*OPENED, (1 * S, A, Send(b"bye")), (1 * S, A, CLOSE), (2 * S, B, CLOSE)),
        HANDSHAKE + """
        ESTABLISHED   --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=3> --X
        FIN-WAIT-1        --> <SEQ=104><ACK=301><CTL=FIN,ACK> --X
                      --> <SEQ=101><ACK=301><CTL=FIN,PSH,ACK><DATA=3> -->  CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=105><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=105><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=105><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        links=(Link(lose=(3, 4)), Link()),
        # Our TCP sends its FIN alone. Others put it on the last text: here both are lost, and so sent again.
        strays=((1_500 * MS, B, Segment(49_152, 80, 101, 301, Flags.PSH | Flags.FIN | Flags.ACK, data=b"bye")),),
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
    "TIME-WAIT assassination": Scenario(
        "An old segment ends TIME-WAIT", "§3.10.7.4, RFC 1337 §1",
        (*OPENED, (500 * MS, B, Send(b"hello")), (1 * S, A, CLOSE), (2 * S, B, CLOSE)),
        HANDSHAKE + """
        ESTABLISHED   <-- <SEQ=301><ACK=101><CTL=PSH,ACK><DATA=5> <--   ESTABLISHED
        ESTABLISHED         --> <SEQ=101><ACK=306><CTL=ACK> -->         ESTABLISHED
        FIN-WAIT-1        --> <SEQ=101><ACK=306><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=306><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=306><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=307><CTL=ACK> -->         CLOSED
        TIME-WAIT     <-- <SEQ=301><ACK=101><CTL=PSH,ACK><DATA=5> <--
        TIME-WAIT           --> <SEQ=102><ACK=307><CTL=ACK> -->         CLOSED
        CLOSED                   <-- <SEQ=307><CTL=RST> <--             CLOSED
        """,
        strays=((9 * S, A, Segment(80, 49_152, 301, 101, Flags.PSH | Flags.ACK, data=b"hello")),),
    ),
    "old duplicate in the next connection": Scenario(
        "No TIME-WAIT: old text in a new connection", "§3.4.1, 3.4.2",
        (
            *OPENED, (500 * MS, A, Send(b"old")), (1 * S, A, ABORT),
            (2 * S, B, LISTEN), (2 * S, A, CALL), (3 * S, A, Send(b"new")),
        ),
        HANDSHAKE + """
        ESTABLISHED   --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=3> -->   ESTABLISHED
        ESTABLISHED         <-- <SEQ=301><ACK=104><CTL=ACK> <--         ESTABLISHED
        CLOSED                   --> <SEQ=104><CTL=RST> -->             CLOSED
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED
                      --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=3> -->   ESTABLISHED
        ESTABLISHED         <-- <SEQ=301><ACK=104><CTL=ACK> <--         ESTABLISHED
        ESTABLISHED   --> <SEQ=101><ACK=301><CTL=PSH,ACK><DATA=3> -->   ESTABLISHED
        ESTABLISHED         <-- <SEQ=301><ACK=104><CTL=ACK> <--         ESTABLISHED
        """,
        # A copy of the first text that the network had kept; and both connections begin with the same ISS.
        strays=((2_995 * MS, B, Segment(49_152, 80, 101, 301, Flags.PSH | Flags.ACK, data=b"old")),),
    ),
}
