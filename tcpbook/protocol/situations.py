"""Each of the eleven states, reached the way a real connection reaches it: by events that `step` processes.

Our side's ISS is 100, the peer's 300; nothing but the handshake and, later, the FINs has been sent.
"""

from __future__ import annotations

from functools import cache

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import CLOSE, Call, Open
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB

ISS, IRS = 100, 300
LOCAL_PORT, REMOTE_PORT = 80, 49_152


def _from_peer(flags: Flags, seq: int, ack: int = 0) -> Segment:
    return Segment(REMOTE_PORT, LOCAL_PORT, seq, ack, flags)


_SYN = _from_peer(Flags.SYN, IRS)
_SYN_ACK = _from_peer(Flags.SYN | Flags.ACK, IRS, ISS + 1)
_ACK_OF_SYN = _from_peer(Flags.ACK, IRS + 1, ISS + 1)
_FIN = _from_peer(Flags.FIN | Flags.ACK, IRS + 1, ISS + 1)
_ACK_OF_FIN = _from_peer(Flags.ACK, IRS + 1, ISS + 2)

# state: the state before, and the event that leads on. Where the way depends on who opened: passively, actively.
_PASSIVE: dict[State, tuple[State, Segment | Call]] = {
    State.LISTEN: (State.CLOSED, Open(active=False)),
    State.SYN_RECEIVED: (State.LISTEN, _SYN),
    State.ESTABLISHED: (State.SYN_RECEIVED, _ACK_OF_SYN),
}
_ACTIVE: dict[State, tuple[State, Segment | Call]] = {
    State.SYN_SENT: (State.CLOSED, Open(active=True, remote_port=REMOTE_PORT)),
    State.SYN_RECEIVED: (State.SYN_SENT, _SYN),
    State.ESTABLISHED: (State.SYN_SENT, _SYN_ACK),
}
_AFTER_OPENING: dict[State, tuple[State, Segment | Call]] = {
    State.FIN_WAIT_1: (State.ESTABLISHED, CLOSE),
    State.FIN_WAIT_2: (State.FIN_WAIT_1, _ACK_OF_FIN),
    State.CLOSE_WAIT: (State.ESTABLISHED, _FIN),
    State.CLOSING: (State.FIN_WAIT_1, _FIN),
    State.LAST_ACK: (State.CLOSE_WAIT, CLOSE),
    State.TIME_WAIT: (State.FIN_WAIT_2, _FIN),
}


@cache
def in_state(state: State, *, passive: bool = False, challenge_acks: bool = True) -> TCB:
    """A TCB in `state`, opened passively or actively; shared, so `copy()` it before changing it.

    Raises TcpBookError for LISTEN opened actively and SYN-SENT opened passively.

    >>> in_state(State.ESTABLISHED)
    <TCB ESTABLISHED SND.UNA=101 SND.NXT=101 SND.WND=65535 RCV.NXT=301 RCV.WND=65535>
    """
    if state is State.CLOSED:
        return TCB(local_port=LOCAL_PORT, next_iss=ISS, challenge_acks=challenge_acks)
    way = {**(_PASSIVE if passive else _ACTIVE), **_AFTER_OPENING}
    if state not in way:
        opened = "passively" if passive else "actively"
        raise TcpBookError(f"no connection opened {opened} is in {state}; choose the other way to open")
    before, event = way[state]
    return step(in_state(before, passive=passive, challenge_acks=challenge_acks), event).tcb


def reachable() -> list[TCB]:
    """Every state once for each way to open that leads there, RFC 5961 on."""
    tcbs = [in_state(State.CLOSED)]
    for passive in (False, True):
        tcbs += [in_state(state, passive=passive) for state in {**(_PASSIVE if passive else _ACTIVE), **_AFTER_OPENING}]
    return tcbs
