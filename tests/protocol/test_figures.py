"""RFC 9293's Figures 6 to 13, line by line (§3.5, §3.5.1, §3.6).

Each test has its figure in the docstring, and follows its lines: what happens to an end, the state afterwards, and
what it sends. Where §3.10 does not let a line happen as drawn, the test says so and shows what happens instead.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from playbook import line
from tcpbook.protocol.events import CLOSE, RETRANSMISSION_TIMEOUT, TIME_WAIT_TIMEOUT, Call, Open, Receive, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Delivered, Output, Signal, Timer

A_PORT, B_PORT = 49_152, 80
ABORTED = Signal("error: connection reset")
CLOSING = Signal("connection closing")
START_2MSL = Timer("2 MSL", True)
LISTEN = Open(active=False)
CALL_B, CALL_A = Open(active=True, remote_port=B_PORT), Open(active=True, remote_port=A_PORT)


class End:
    """One end of a figure."""

    def __init__(self, tcb: TCB) -> None:
        self.tcb = tcb
        self.sent: tuple[Segment, ...] = ()
        self.effects: tuple[Output, ...] = ()

    def does(self, event: Segment | Call) -> tuple[str, ...]:
        """Process the event; return the line of the figure."""
        outcome = step(self.tcb, event)
        self.tcb, self.sent, self.effects = outcome.tcb, outcome.segments, outcome.effects
        return line(outcome)


def peer_a(iss: int) -> End:
    return End(TCB(local_port=A_PORT, next_iss=iss))


def peer_b(iss: int, **switches: bool | int) -> End:
    return End(TCB(local_port=B_PORT, next_iss=iss, **switches))  # type: ignore[arg-type]


def connected(**switches: bool | int) -> tuple[End, End]:
    """A sends 100 and receives 300 next, B the other way round."""
    a, b = peer_a(99), peer_b(299, **switches)
    b.does(LISTEN)
    a.does(CALL_B)
    b.does(*a.sent)
    a.does(*b.sent)
    b.does(*a.sent)
    assert (a.tcb.snd_nxt, a.tcb.rcv_nxt) == (b.tcb.rcv_nxt, b.tcb.snd_nxt) == (100, 300)
    return a, b


def test_figure_6_basic_three_way_handshake() -> None:
    """Figure 6: Basic Three-Way Handshake for Connection Synchronization.

        TCP Peer A                                           TCP Peer B

    1.  CLOSED                                               LISTEN

    2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED

    3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED

    4.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>       --> ESTABLISHED

    5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK><DATA> --> ESTABLISHED
    """
    a, b = peer_a(100), peer_b(300)
    assert b.does(LISTEN) == ("LISTEN",)
    assert a.does(CALL_B) == ("SYN-SENT", "<SEQ=100><CTL=SYN>")
    assert b.does(*a.sent) == ("SYN-RECEIVED", "<SEQ=300><ACK=101><CTL=SYN,ACK>")
    assert a.does(*b.sent) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK>")
    assert b.does(*a.sent) == ("ESTABLISHED",)
    # Line 5 has our PSH besides: the text is the last that waits (§3.9.1.2).
    assert a.does(Send(b"text")) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=4>")
    assert b.does(*a.sent) == ("ESTABLISHED", "<SEQ=301><ACK=105><CTL=ACK>")
    b.does(Receive(10))
    assert Delivered(b"text", push=True) in b.effects
    assert a.does(Segment(B_PORT, A_PORT, 301, 105, Flags.ACK)) == ("ESTABLISHED",)
    assert a.tcb.in_flight == ()


@pytest.mark.parametrize("challenge_acks", [True, False])
def test_figure_7_simultaneous_open(challenge_acks: bool) -> None:
    """Figure 7: Simultaneous Connection Synchronization (MUST-10).

        TCP Peer A                                       TCP Peer B

    1.  CLOSED                                           CLOSED

    2.  SYN-SENT     --> <SEQ=100><CTL=SYN>              ...

    3.  SYN-RECEIVED <-- <SEQ=300><CTL=SYN>              <-- SYN-SENT

    4.               ... <SEQ=100><CTL=SYN>              --> SYN-RECEIVED

    5.  SYN-RECEIVED --> <SEQ=100><ACK=301><CTL=SYN,ACK> ...

    6.  ESTABLISHED  <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <-- SYN-RECEIVED

    7.               ... <SEQ=100><ACK=301><CTL=SYN,ACK> --> ESTABLISHED

    Lines 6 and 7 can't happen as drawn: SEQ=300 with a length of one is left of the window that begins at 301, and
    §3.10.7.4 drops it in its first check, with an ACK. Those two ACKs then take both ends to ESTABLISHED.
    """
    a, b = peer_a(100), peer_b(300)
    for end in (a, b):
        end.tcb = replace(end.tcb, challenge_acks=challenge_acks)
    assert a.does(CALL_B) == ("SYN-SENT", "<SEQ=100><CTL=SYN>")
    assert b.does(CALL_A) == ("SYN-SENT", "<SEQ=300><CTL=SYN>")
    syn_of_a, syn_of_b = *a.sent, *b.sent
    assert a.does(syn_of_b) == ("SYN-RECEIVED", "<SEQ=100><ACK=301><CTL=SYN,ACK>")
    assert b.does(syn_of_a) == ("SYN-RECEIVED", "<SEQ=300><ACK=101><CTL=SYN,ACK>")
    line_7, line_6 = *a.sent, *b.sent
    assert a.does(line_6) == ("SYN-RECEIVED", "<SEQ=101><ACK=301><CTL=ACK>")
    assert b.does(line_7) == ("SYN-RECEIVED", "<SEQ=301><ACK=101><CTL=ACK>")
    from_a, from_b = *a.sent, *b.sent
    assert a.does(from_b) == ("ESTABLISHED",)
    assert b.does(from_a) == ("ESTABLISHED",)


def test_figure_8_recovery_from_old_duplicate_syn() -> None:
    """Figure 8: Recovery from Old Duplicate SYN.

        TCP Peer A                                           TCP Peer B

    1.  CLOSED                                               LISTEN

    2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ...

    3.  (duplicate) ... <SEQ=90><CTL=SYN>               --> SYN-RECEIVED

    4.  SYN-SENT    <-- <SEQ=300><ACK=91><CTL=SYN,ACK>  <-- SYN-RECEIVED

    5.  SYN-SENT    --> <SEQ=91><CTL=RST>               --> LISTEN

    6.              ... <SEQ=100><CTL=SYN>               --> SYN-RECEIVED

    7.  ESTABLISHED <-- <SEQ=400><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED

    8.  ESTABLISHED --> <SEQ=101><ACK=401><CTL=ACK>      --> ESTABLISHED
    """
    a, b = peer_a(100), peer_b(300)
    assert b.does(LISTEN) == ("LISTEN",)
    assert a.does(CALL_B) == ("SYN-SENT", "<SEQ=100><CTL=SYN>")
    [delayed] = a.sent
    duplicate = delayed._replace(seq=90)
    assert b.does(duplicate) == ("SYN-RECEIVED", "<SEQ=300><ACK=91><CTL=SYN,ACK>")
    assert a.does(*b.sent) == ("SYN-SENT", "<SEQ=91><CTL=RST>")
    assert b.does(*a.sent) == ("LISTEN",)
    assert not any(isinstance(effect, Signal) for effect in b.effects)
    b.tcb = replace(b.tcb, next_iss=400)  # the host's clock has moved on
    assert b.does(delayed) == ("SYN-RECEIVED", "<SEQ=400><ACK=101><CTL=SYN,ACK>")
    assert a.does(*b.sent) == ("ESTABLISHED", "<SEQ=101><ACK=401><CTL=ACK>")
    assert b.does(*a.sent) == ("ESTABLISHED",)


@pytest.mark.parametrize("challenge_acks", [True, False])
def test_figure_9_half_open_connection_discovery(challenge_acks: bool) -> None:
    """Figure 9: Half-Open Connection Discovery.

          TCP Peer A                                      TCP Peer B

      1.  (REBOOT)                              (send 300,receive 100)

      2.  CLOSED                                           ESTABLISHED

      3.  SYN-SENT --> <SEQ=400><CTL=SYN>              --> (??)

      4.  (!!)     <-- <SEQ=300><ACK=100><CTL=ACK>     <-- ESTABLISHED

      5.  SYN-SENT --> <SEQ=100><CTL=RST>              --> (Abort!!)

      6.  SYN-SENT                                         CLOSED

      7.  SYN-SENT --> <SEQ=400><CTL=SYN>              -->

    "The incoming segment outside the window": here the window ends at 299. With RFC 5961 it need not be outside.
    """
    _, b = connected(rcv_buff=200, challenge_acks=challenge_acks)
    a = peer_a(400)
    assert a.does(CALL_B) == ("SYN-SENT", "<SEQ=400><CTL=SYN>")
    assert b.does(*a.sent) == ("ESTABLISHED", "<SEQ=300><ACK=100><CTL=ACK>")
    assert a.does(*b.sent) == ("SYN-SENT", "<SEQ=100><CTL=RST>")
    assert b.does(*a.sent) == ("CLOSED",)
    assert ABORTED in b.effects
    assert a.does(RETRANSMISSION_TIMEOUT) == ("SYN-SENT", "<SEQ=400><CTL=SYN>")
    assert b.does(*a.sent) == ("CLOSED", "<SEQ=0><ACK=401><CTL=RST,ACK>")  # unless B's user listens again


def test_figure_10_active_side_causes_half_open_connection_discovery() -> None:
    """Figure 10: Active Side Causes Half-Open Connection Discovery.

        TCP Peer A                                         TCP Peer B

    1.  (REBOOT)                                  (send 300,receive 100)

    2.  (??)    <-- <SEQ=300><ACK=100><DATA=10><CTL=ACK> <-- ESTABLISHED

    3.          --> <SEQ=100><CTL=RST>                   --> (ABORT!!)
    """
    _, b = connected()
    a = peer_a(400)
    assert b.does(Send(b"ten octets")) == ("ESTABLISHED", "<SEQ=300><ACK=100><CTL=PSH,ACK><DATA=10>")
    assert a.does(*b.sent) == ("CLOSED", "<SEQ=100><CTL=RST>")
    assert b.does(*a.sent) == ("CLOSED",)
    assert ABORTED in b.effects


def test_figure_11_old_duplicate_syn_initiates_a_reset_on_two_passive_sockets() -> None:
    """Figure 11: Old Duplicate SYN Initiates a Reset on Two Passive Sockets. Here Z = 7000 and X = 300.

        TCP Peer A                                    TCP Peer B

    1.  LISTEN                                        LISTEN

    2.       ... <SEQ=Z><CTL=SYN>                -->  SYN-RECEIVED

    3.  (??) <-- <SEQ=X><ACK=Z+1><CTL=SYN,ACK>   <--  SYN-RECEIVED

    4.       --> <SEQ=Z+1><CTL=RST>              -->  (return to LISTEN!)

    5.  LISTEN                                        LISTEN
    """
    a, b = peer_a(100), peer_b(300)
    assert a.does(LISTEN) == b.does(LISTEN) == ("LISTEN",)
    old = Segment(A_PORT, B_PORT, 7_000, 0, Flags.SYN)
    assert b.does(old) == ("SYN-RECEIVED", "<SEQ=300><ACK=7001><CTL=SYN,ACK>")
    assert a.does(*b.sent) == ("LISTEN", "<SEQ=7001><CTL=RST>")
    assert b.does(*a.sent) == ("LISTEN",)
    assert b.tcb.remote_port is None


def test_figure_12_normal_close_sequence() -> None:
    """Figure 12: Normal Close Sequence.

        TCP Peer A                                           TCP Peer B

    1.  ESTABLISHED                                          ESTABLISHED

    2.  (Close)
        FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  --> CLOSE-WAIT

    3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT

    4.                                                       (Close)
        TIME-WAIT   <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK

    5.  TIME-WAIT   --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED

    6.  (2 MSL)
        CLOSED
    """
    a, b = connected()
    assert a.does(CLOSE) == ("FIN-WAIT-1", "<SEQ=100><ACK=300><CTL=FIN,ACK>")
    assert b.does(*a.sent) == ("CLOSE-WAIT", "<SEQ=300><ACK=101><CTL=ACK>")
    assert CLOSING in b.effects
    assert a.does(*b.sent) == ("FIN-WAIT-2",)
    assert b.does(CLOSE) == ("LAST-ACK", "<SEQ=300><ACK=101><CTL=FIN,ACK>")
    [fin_of_b] = b.sent
    assert a.does(fin_of_b) == ("TIME-WAIT", "<SEQ=101><ACK=301><CTL=ACK>")
    assert START_2MSL in a.effects
    assert b.does(*a.sent) == ("CLOSED",)
    assert a.does(TIME_WAIT_TIMEOUT) == ("CLOSED",)


def test_figure_13_simultaneous_close_sequence() -> None:
    """Figure 13: Simultaneous Close Sequence.

        TCP Peer A                                           TCP Peer B

    1.  ESTABLISHED                                          ESTABLISHED

    2.  (Close)                                              (Close)
        FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  ... FIN-WAIT-1
                    <-- <SEQ=300><ACK=100><CTL=FIN,ACK>  <--
                    ... <SEQ=100><ACK=300><CTL=FIN,ACK>  -->

    3.  CLOSING     --> <SEQ=101><ACK=301><CTL=ACK>      ... CLOSING
                    <-- <SEQ=301><ACK=101><CTL=ACK>      <--
                    ... <SEQ=101><ACK=301><CTL=ACK>      -->

    4.  TIME-WAIT                                            TIME-WAIT
        (2 MSL)                                              (2 MSL)
        CLOSED                                               CLOSED
    """
    a, b = connected()
    assert a.does(CLOSE) == ("FIN-WAIT-1", "<SEQ=100><ACK=300><CTL=FIN,ACK>")
    assert b.does(CLOSE) == ("FIN-WAIT-1", "<SEQ=300><ACK=100><CTL=FIN,ACK>")
    fin_of_a, fin_of_b = *a.sent, *b.sent
    assert a.does(fin_of_b) == ("CLOSING", "<SEQ=101><ACK=301><CTL=ACK>")
    assert b.does(fin_of_a) == ("CLOSING", "<SEQ=301><ACK=101><CTL=ACK>")
    ack_of_a, ack_of_b = *a.sent, *b.sent
    assert a.does(ack_of_b) == ("TIME-WAIT",)
    assert b.does(ack_of_a) == ("TIME-WAIT",)
    for end in (a, b):
        assert START_2MSL in end.effects
        assert end.does(TIME_WAIT_TIMEOUT) == ("CLOSED",)
