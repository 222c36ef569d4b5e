"""What holds whatever happens: no error, sound variables, changes of state that the graph has, text in order."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from oracles.compare import CALLS
from tcpbook.protocol.events import CLOSE, RETRANSMISSION_TIMEOUT, Call, Open, Receive, Send
from tcpbook.protocol.flags import COMBINATIONS
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.options import MSS
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add, distance, le
from tcpbook.protocol.situations import REMOTE_PORT
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.transitions import transitions
from tcpbook.protocol.turn import Delivered

NUMBERS = st.integers(0, 2**32 - 1)
NEAR_WRAP = st.integers(-20, 20).map(lambda n: add(0, n))
DRAWN = {(transition.before, transition.after) for transition in transitions()}

# --- Random events -----------------------------------------------------------------------------------------------

calls = st.one_of(
    st.sampled_from(CALLS),
    st.builds(Send, st.binary(max_size=40), st.booleans()),
    st.builds(Receive, st.integers(0, 50)),
    st.builds(Open, st.booleans(), st.sampled_from([None, REMOTE_PORT])),
)


@st.composite
def arrivals(draw: st.DrawFn, tcb: TCB) -> Segment:
    """Any segment; most have numbers near the edges that rules compare with."""
    edges = st.sampled_from([0, tcb.rcv_wnd]), st.sampled_from([tcb.snd_una, tcb.snd_nxt])
    near = st.integers(-6, 6)
    seq = add(tcb.rcv_nxt, draw(edges[0]) + draw(near)) if draw(st.integers(0, 9)) else draw(NUMBERS)
    ack = add(draw(edges[1]), draw(near)) if draw(st.integers(0, 9)) else draw(NUMBERS)
    options = draw(st.sampled_from([(), (MSS(0),), (MSS(3),), (MSS(1_460),)]))
    flags, wnd = draw(st.sampled_from(COMBINATIONS)), draw(st.sampled_from([0, 1, 9, 65_535]))
    up, text = draw(st.integers(0, 12)), draw(st.binary(max_size=12))
    return Segment(REMOTE_PORT, tcb.local_port, seq, ack, flags, wnd, up=up, options=options, data=text)


@st.composite
def ends(draw: st.DrawFn) -> TCB:
    """An end that nothing has happened to yet."""
    return TCB(
        next_iss=draw(NEAR_WRAP),
        rcv_nxt=draw(NEAR_WRAP),
        challenge_acks=draw(st.booleans()),
        half_duplex_close=draw(st.booleans()),
        waits_for_push=draw(st.booleans()),
        rcv_buff=draw(st.integers(1, 30)),
        snd_buff=draw(st.integers(0, 60)),
        r1=draw(st.integers(1, 2)),
        r2=draw(st.integers(2, 4)),
    )


def assert_sound(before: TCB, outcome: Outcome) -> None:
    tcb = outcome.tcb
    for change in outcome.changes:
        assert change[0] is change[1] or change in DRAWN
    assert outcome.changes[0][0] is before.state
    assert outcome.changes[-1][1] is tcb.state
    if tcb.state in (State.CLOSED, State.LISTEN):
        assert tcb.in_flight == ()
        return
    # The retransmission queue is what lies between SND.UNA and SND.NXT, without a gap.
    assert le(tcb.snd_una, tcb.snd_nxt)
    at = tcb.in_flight[0].seq if tcb.in_flight else tcb.snd_nxt
    assert distance(at, tcb.snd_una) <= sum(distance(sent.seq, sent.end) for sent in tcb.in_flight[:1])
    for entry in tcb.in_flight:
        assert entry.seq == at
        at = entry.end
    assert at == tcb.snd_nxt
    # Room is promised once: what is promised and what is unread never exceed the buffer.
    assert 0 <= tcb.rcv_wnd <= tcb.rcv_buff - len(tcb.unread)
    assert len(tcb.unsent) <= tcb.snd_buff
    if before.state in SYNCHRONIZED and tcb.state in SYNCHRONIZED:
        edges = add(before.rcv_nxt, before.rcv_wnd), add(tcb.rcv_nxt, tcb.rcv_wnd)
        assert le(*edges)  # MUST-33: the right edge never recedes
        assert le(before.rcv_nxt, tcb.rcv_nxt)
        assert le(before.snd_una, tcb.snd_una)
    for sent in outcome.segments:
        assert sent.wnd <= tcb.rcv_buff


@given(ends(), st.data())
def test_whatever_happens_the_variables_stay_sound(tcb: TCB, data: st.DataObject) -> None:
    opening = data.draw(st.sampled_from([Open(active=False), Open(active=True, remote_port=REMOTE_PORT)]))
    tcb = step(tcb, opening).tcb
    for _ in range(data.draw(st.integers(1, 40))):
        event = data.draw(calls) if data.draw(st.integers(0, 3)) == 0 else data.draw(arrivals(tcb))
        given_to_it = deepcopy(tcb)
        outcome = step(tcb, event)
        assert tcb == given_to_it
        assert_sound(tcb, outcome)
        assert step(tcb, event) == outcome
        tcb = outcome.tcb


# --- Text in order, whatever the network does ----------------------------------------------------------------------

TEXTS = bytes(range(60)), bytes(range(100, 160))  # each byte tells its place


class Side:
    """One end with its user, who sends a text piece by piece and reads what comes; and the way to it."""

    def __init__(self, tcb: TCB, text: bytes) -> None:
        self.tcb, self.text, self.sent = tcb, text, 0
        self.received = b""
        self.arriving: list[Segment] = []


class Conversation:
    """Two ends; nothing happens by itself."""

    def __init__(self, ends: tuple[TCB, TCB], *, simultaneous: bool) -> None:
        self.sides = Side(ends[0], TEXTS[0]), Side(ends[1], TEXTS[1])
        self.does(1, Open(active=simultaneous, remote_port=1))
        self.does(0, Open(active=True, remote_port=2))

    def does(self, number: int, event: Segment | Call) -> None:
        side, other = self.sides[number], self.sides[1 - number]
        outcome = step(side.tcb, event)
        side.tcb = outcome.tcb
        side.received += b"".join(effect.text for effect in outcome.effects if isinstance(effect, Delivered))
        assert other.text.startswith(side.received)
        other.arriving += outcome.segments

    def sends(self, number: int, octets: int) -> None:
        side = self.sides[number]
        piece = side.text[side.sent : side.sent + octets]
        if side.tcb.state is not State.LISTEN:
            side.sent += len(piece)
            self.does(number, Send(piece))

    def acts(self, number: int, action: str, size: int) -> None:
        """One thing that a user, the network or a timer may do."""
        side = self.sides[number]
        if action == "send":
            self.sends(number, size)
        elif action == "receive" and not side.tcb.receives:
            self.does(number, Receive(min(size, side.tcb.rcv_buff)))
        elif action == "time out":
            self.does(number, RETRANSMISSION_TIMEOUT)
        elif side.arriving:
            place = size % len(side.arriving)  # any of them: the network reorders
            segment = side.arriving[place]
            if action in ("deliver", "lose"):
                del side.arriving[place]
            if action in ("deliver", "duplicate"):
                self.does(number, segment)

    def settles(self) -> None:
        """From here on everything arrives and every timer fires in its time, until nothing more happens."""
        for _ in range(300):
            for number, side in enumerate(self.sides):
                while side.arriving:
                    self.does(number, side.arriving.pop(0))
                if side.tcb.unread and not side.tcb.receives:
                    self.does(number, Receive(side.tcb.rcv_buff))
            if not any(side.arriving for side in self.sides):
                waiting = [n for n, side in enumerate(self.sides) if side.tcb.in_flight or side.tcb.unsent]
                if not waiting:
                    return
                for number in waiting:
                    self.does(number, RETRANSMISSION_TIMEOUT)
        raise AssertionError("they are still at it")


actions = st.tuples(
    st.integers(0, 1),
    st.sampled_from(["send", "receive", "time out", "deliver", "deliver", "deliver", "duplicate", "lose"]),
    st.integers(1, 20),
)
sizes = st.integers(1, 25)


@given(
    iss=st.tuples(NEAR_WRAP, NEAR_WRAP),
    buffers=st.tuples(sizes, sizes),
    segment_sizes=st.tuples(sizes, sizes),
    switches=st.tuples(st.booleans(), st.booleans()),
    simultaneous=st.booleans(),
    doings=st.lists(actions, max_size=120),
)
def test_text_arrives_in_order_whatever_the_network_does(
    iss: tuple[int, int],
    buffers: tuple[int, int],
    segment_sizes: tuple[int, int],
    switches: tuple[bool, bool],
    simultaneous: bool,
    doings: list[tuple[int, str, int]],
) -> None:
    """Loss, duplication and reordering; R2 is out of reach, and no user timeout is set."""
    first, second = (
        TCB(local_port=n + 1, next_iss=iss[n], rcv_buff=buffers[n], rcv_mss=segment_sizes[n],
            challenge_acks=switches[n], r2=1_000_000)
        for n in (0, 1)
    )  # fmt: skip
    talk = Conversation((first, second), simultaneous=simultaneous)
    for doing in doings:
        talk.acts(*doing)
    talk.settles()
    assert [side.tcb.state for side in talk.sides] == [State.ESTABLISHED, State.ESTABLISHED]
    for number, side in enumerate(talk.sides):
        talk.sends(number, len(side.text))
    talk.settles()
    for number in (0, 1):
        talk.does(number, CLOSE)
    talk.settles()
    assert [side.received for side in talk.sides] == [TEXTS[1], TEXTS[0]]
    assert {side.tcb.state for side in talk.sides} <= {State.TIME_WAIT, State.CLOSED}
