"""Opening: the handshake, and what can become of it."""

from __future__ import annotations

from functools import partial

from tcpbook.lab.cookies import Cookies
from tcpbook.lab.network import Host, Link, pair
from tcpbook.lab.scenarios.scenario import CALL, CALL_BACK, HANDSHAKE, LISTEN, MS, OPENED, A, B, S, Scenario
from tcpbook.protocol.events import CLOSE, Open, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.segment import Segment


def _stray(seq: int, port: int = 49_152) -> Segment:
    return Segment(port, 80, seq, flags=Flags.SYN)


# Three callers who do not exist; what answers them is lost.
FLOOD = tuple((n * MS, B, _stray(900, port)) for n, port in ((5, 6_001), (6, 6_002), (7, 6_003)))


def _alone() -> tuple[Host]:
    return (pair()[0],)


def _with_cookies() -> tuple[Host, Host]:
    a, b = pair()
    b.cookies = Cookies(b"a secret that changes daily")
    return a, b


OPENING = {
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
    "self-connect": Scenario(
        "A port calls itself", "§3.5, Figure 7",
        ((0, A, Open(active=True, remote_port=49_152)), (1 * S, A, Send(b"echo"))),
        """
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        SYN-RECEIVED      --> <SEQ=100><ACK=101><CTL=SYN,ACK> -->       SYN-RECEIVED
        SYN-RECEIVED        --> <SEQ=101><ACK=101><CTL=ACK> -->         ESTABLISHED
        ESTABLISHED   --> <SEQ=101><ACK=101><CTL=PSH,ACK><DATA=4> -->   ESTABLISHED
        ESTABLISHED         --> <SEQ=105><ACK=105><CTL=ACK> -->         ESTABLISHED
        """,
        links=(Link(),), hosts=_alone,
    ),
    "listener that calls": Scenario(
        "A listener has something to say: it calls", "§3.10.2",
        ((0, A, LISTEN), (0, B, Open(active=False, remote_port=49_152)), (5 * MS, B, Send(b"hello"))),
        """
        LISTEN                         (passive OPEN)
                                       (passive OPEN)                   LISTEN
        SYN-RECEIVED             <-- <SEQ=300><CTL=SYN> <--             SYN-SENT
        SYN-RECEIVED      --> <SEQ=100><ACK=301><CTL=SYN,ACK> -->       ESTABLISHED
        ESTABLISHED   <-- <SEQ=301><ACK=101><CTL=PSH,ACK><DATA=5> <--   ESTABLISHED
        ESTABLISHED         --> <SEQ=101><ACK=306><CTL=ACK> -->         ESTABLISHED
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
    "FIN instead of the last ACK": Scenario(
        "The third segment is lost, a FIN comes instead", "§3.10.7.4",
        (*OPENED, (50 * MS, A, CLOSE), (2 * S, B, CLOSE)),
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> --X
        FIN-WAIT-1        --> <SEQ=101><ACK=301><CTL=FIN,ACK> -->       CLOSE-WAIT
        FIN-WAIT-2          <-- <SEQ=301><ACK=102><CTL=ACK> <--         CLOSE-WAIT
        TIME-WAIT         <-- <SEQ=301><ACK=102><CTL=FIN,ACK> <--       LAST-ACK
        TIME-WAIT           --> <SEQ=102><ACK=302><CTL=ACK> -->         CLOSED
        CLOSED                      (TIME-WAIT TIMEOUT)
        """,
        links=(Link(lose=(2,)), Link()),
    ),
    "listener closes during the handshake": Scenario(
        "The called end closes before it is open", "§3.10.4",
        (*OPENED, (15 * MS, B, CLOSE), (1 * S, A, CLOSE)),
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        CLOSE-WAIT        <-- <SEQ=301><ACK=101><CTL=FIN,ACK> <--       FIN-WAIT-1
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         FIN-WAIT-1
        CLOSE-WAIT          --> <SEQ=101><ACK=302><CTL=ACK> -->         FIN-WAIT-2
        LAST-ACK          --> <SEQ=101><ACK=302><CTL=FIN,ACK> -->       TIME-WAIT
        CLOSED              <-- <SEQ=302><ACK=102><CTL=ACK> <--         TIME-WAIT
                                    (TIME-WAIT TIMEOUT)                 CLOSED
        """,
    ),
    "SEND and CLOSE during the handshake": Scenario(
        "Text and FIN wait for the connection", "§3.10.2, 3.10.4",
        (*OPENED, (15 * MS, B, Send(b"go away")), (15 * MS, B, CLOSE), (1 * S, A, CLOSE)),
        """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         FIN-WAIT-1
        ESTABLISHED   <-- <SEQ=301><ACK=101><CTL=PSH,ACK><DATA=7> <--   FIN-WAIT-1
        CLOSE-WAIT        <-- <SEQ=308><ACK=101><CTL=FIN,ACK> <--       FIN-WAIT-1
        ESTABLISHED         --> <SEQ=101><ACK=308><CTL=ACK> -->         FIN-WAIT-1
        CLOSE-WAIT          --> <SEQ=101><ACK=309><CTL=ACK> -->         FIN-WAIT-2
        LAST-ACK          --> <SEQ=101><ACK=309><CTL=FIN,ACK> -->       TIME-WAIT
        CLOSED              <-- <SEQ=309><ACK=102><CTL=ACK> <--         TIME-WAIT
                                    (TIME-WAIT TIMEOUT)                 CLOSED
        """,
    ),
    "SYN and FIN together": Scenario(
        "A segment with SYN and FIN", "§3.10.7.2",
        ((0, B, LISTEN),),
        """
                                       (passive OPEN)                   LISTEN
                               --> <SEQ=90><CTL=FIN,SYN> -->            CLOSE-WAIT
        CLOSED             <-- <SEQ=300><ACK=91><CTL=SYN,ACK> <--       CLOSE-WAIT
        CLOSED               <-- <SEQ=301><ACK=92><CTL=ACK> <--         CLOSE-WAIT
        CLOSED                   --> <SEQ=91><CTL=RST> -->              CLOSE-WAIT
        CLOSED                   --> <SEQ=92><CTL=RST> -->              CLOSED
        """,
        strays=((5 * MS, B, _stray(90)._replace(flags=Flags.SYN | Flags.FIN)),),
    ),
    "SYN, FIN and ACK together": Scenario(
        "The answer to the SYN brings a FIN along", "§3.10.7.3",
        ((0, A, CALL),),
        """
        SYN-SENT                 --> <SEQ=100><CTL=SYN> --X
        CLOSE-WAIT      <-- <SEQ=900><ACK=101><CTL=FIN,SYN,ACK> <--
        CLOSE-WAIT          --> <SEQ=101><ACK=902><CTL=ACK> -->         CLOSED
        CLOSED                   <-- <SEQ=902><CTL=RST> <--             CLOSED
        """,
        links=(Link(lose=(1,)), Link()),
        strays=((5 * MS, A, Segment(80, 49_152, 900, 101, Flags.SYN | Flags.FIN | Flags.ACK)),),
    ),
    "SYN flood": Scenario(
        "SYNs from nowhere: the listener's one place is taken", "§3.10.7.2, RFC 4987 §2",
        ((0, B, LISTEN), (50 * MS, A, CALL), (4 * S, B, LISTEN), (4 * S, A, CALL)),
        """
                                       (passive OPEN)                   LISTEN
                                 --> <SEQ=900><CTL=SYN> -->             SYN-RECEIVED
                          X-- <SEQ=300><ACK=901><CTL=SYN,ACK> <--       SYN-RECEIVED
                                 --> <SEQ=900><CTL=SYN> -->             SYN-RECEIVED
                           X-- <SEQ=0><ACK=901><CTL=RST,ACK> <--        SYN-RECEIVED
                                 --> <SEQ=900><CTL=SYN> -->             SYN-RECEIVED
                           X-- <SEQ=0><ACK=901><CTL=RST,ACK> <--        SYN-RECEIVED
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        CLOSED             <-- <SEQ=0><ACK=101><CTL=RST,ACK> <--        SYN-RECEIVED
                          X-- <SEQ=300><ACK=901><CTL=SYN,ACK> <--       SYN-RECEIVED
                                  (RETRANSMISSION TIMEOUT)              CLOSED
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED
        """,
        links=(Link(), Link(lose=(1, 2, 3, 5))), strays=FLOOD, hosts=partial(pair, r2=1),
    ),
    "SYN flood with cookies": Scenario(
        "SYNs from nowhere: a listener that keeps nothing", "RFC 4987 §3.6",
        ((0, B, LISTEN), (50 * MS, A, CALL), (1 * S, A, Send(b"hello"))),
        """
                                       (passive OPEN)                   LISTEN
                                 --> <SEQ=900><CTL=SYN> -->             LISTEN
                        X-- <SEQ=37986656><ACK=901><CTL=SYN,ACK> <--    LISTEN
                                 --> <SEQ=900><CTL=SYN> -->             LISTEN
                        X-- <SEQ=40840293><ACK=901><CTL=SYN,ACK> <--    LISTEN
                                 --> <SEQ=900><CTL=SYN> -->             LISTEN
                        X-- <SEQ=43403703><ACK=901><CTL=SYN,ACK> <--    LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             LISTEN
        ESTABLISHED    <-- <SEQ=134147308><ACK=101><CTL=SYN,ACK> <--    LISTEN
        ESTABLISHED      --> <SEQ=101><ACK=134147309><CTL=ACK> -->      ESTABLISHED
        ESTABLISHED   --> <SEQ=101><ACK=134147309><CTL=PSH,ACK><DATA=5> -->  ESTABLISHED
        ESTABLISHED      <-- <SEQ=134147309><ACK=106><CTL=ACK> <--      ESTABLISHED
        """,
        links=(Link(), Link(lose=(1, 2, 3))), strays=FLOOD, hosts=_with_cookies,
    ),
    "cookie that was never given": Scenario(
        "An ACK with a false cookie", "RFC 4987 §3.6",
        ((0, B, LISTEN),),
        """
                                       (passive OPEN)                   LISTEN
                           --> <SEQ=101><ACK=12346><CTL=ACK> -->        LISTEN
        CLOSED                  <-- <SEQ=12346><CTL=RST> <--            LISTEN
        """,
        strays=((5 * MS, B, Segment(49_152, 80, 101, 12_346, Flags.ACK)),), hosts=_with_cookies,
    ),
}
