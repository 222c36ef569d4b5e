from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from exercised import SEEDS, instances, key_of, offered
from listed import Line, listed
from tcpbook.protocol.state import State

OTHER = {"client": "server", "server": "client"}
CLAIMED = {
    "what became of it": {
        "a refusal is a reset", "silence refuses", "one segment opens it", "a close takes four segments",
        "a FIN brings the ACK along", "FIN closes both ways", "the kernel cleans up", "a FIN counts more than a RST",
        "the first FIN seen was first", "two FINs are at once", "the last to speak closed", "who closed is mixed up",
        "the peer's TCP closes", "a reset leaves something to close",
    },
    "new, old or gap": {
        "a retransmission is numbered anew", "what is seen first is new", "a gap lasts",
        "an empty segment has a number", "the last segment counts", "the ACK is the mark",
        "SEQ plus length is the last",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CLAIMED)
def test_every_misconception_is_offered(kind: str) -> None:
    assert offered(kind, 300) == CLAIMED[kind]


def acknowledged(lines: list[Line], sent: Line) -> Line | None:
    """The first segment that the other end acknowledges it with."""
    later = lines[sent.frame :]
    return next((line for line in later if line.sender != sent.sender and line.ack >= sent.after), None)


def told(lines: list[Line]) -> tuple[str, str, str]:
    """What became of it, who did that, and whose CLOSE is missing, as chapter 04 and this list have it."""
    nobodys = "nobody's, for it is over or never was open"
    answers = [line for line in lines if line.sender == "server"]
    if not answers:
        return "the call was not answered", "nobody", nobodys
    if answers[0].bits == {"RST", "ACK"}:
        assert len(lines) == 2
        return "the call was refused", "the server", nobodys
    assert {"SYN", "ACK"} == answers[0].bits
    done = acknowledged(lines, answers[0])
    if not done:
        return "the handshake was not completed", "nobody", nobodys
    resets = [line for line in lines if "RST" in line.bits]
    fins = {line.sender: line for line in reversed(lines) if "FIN" in line.bits}
    if resets:
        assert len(fins) < 2
        return "it was reset", f"the {resets[0].sender}", nobodys
    if not fins:
        return "it is open", "nobody", "both ends'"
    first, *rest = sorted(fins.values())
    assert acknowledged(lines, first)
    if not rest:
        return "one direction was closed", f"the {first.sender}", f"the {OTHER[first.sender]}'s"
    (second,) = rest
    assert acknowledged(lines, second)
    apart = acknowledged(lines, first) != second
    who = f"the {first.sender}" if second.ack >= first.after else "both at once"
    return f"it was closed in {'four' if apart else 'three'} segments", who, nobodys


@SEEDS
def test_fates_are_those_that_a_pencil_finds(seeds: int) -> None:
    seen = Counter[str]()
    for instance in instances("what became of it", seeds):
        lines = listed(instance.given)
        assert tuple(part.answer for part in instance.parts) == told(lines)
        became, who, missing = instance.parts
        assert instance.trace
        ends = {str(state) for state in instance.trace.states(10**12)}
        assert (ends == {State.ESTABLISHED}) == (became.answer == "it is open")
        assert (ends == {State.FIN_WAIT_2, State.CLOSE_WAIT}) == (became.answer == "one direction was closed")
        if key_of(missing, "who closed is mixed up"):
            assert key_of(missing, "who closed is mixed up") == f"{who.answer}'s"
        if key_of(who, "the last to speak closed"):
            assert key_of(who, "the last to speak closed") == f"the {lines[-1].sender}"
        seen[became.answer] += 1
    assert len(seen) == 8
    assert min(seen.values()) > seeds // 30


@SEEDS
def test_kinship_is_that_which_a_running_maximum_finds(seeds: int) -> None:
    seen = Counter[str]()
    for instance in instances("new, old or gap", seeds):
        lines = listed(instance.given)
        kinds, marks = {}, {}
        for line in lines:
            mark = max((before.after for before in lines[: line.frame - 1] if before.sender == line.sender), default=0)
            marks[line.frame] = mark
            kinds[line.frame] = (
                "none of these: it takes no number" if line.after == line.seq
                else "new" if line.seq == mark
                else "old" if line.seq < mark
                else "one that leaves a gap"
            )  # fmt: skip
        *asked, number = instance.parts
        frames = [int(re.findall(r"frame (\d+)\?", part.label)[0]) for part in asked]
        assert frames == sorted(set(frames))
        assert len(frames) == 3
        assert [part.answer for part in asked] == [kinds[frame] for frame in frames]
        (frame,) = map(int, re.findall(r"frame (\d+) have", number.label))
        assert number.answer == str(marks[frame])
        assert kinds[frame] in ("old", "one that leaves a gap")
        seen.update(part.answer for part in asked)
        for at, part in zip(frames, asked, strict=True):
            same = [line for line in lines[: at - 1] if line.sender == lines[at - 1].sender and line.after > line.seq]
            again = any(line.seq == lines[at - 1].seq for line in same)
            if part.answer == "old":
                name = "a retransmission is numbered anew" if again else "what is seen first is new"
                assert key_of(part, name) == "new"
    assert len(seen) == 4
    assert min(seen.values()) > seeds // 8


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is missing: apt-get install tshark")
@pytest.mark.parametrize("kind", ["what became of it", "new, old or gap", "why is it slow"])
def test_the_list_is_what_tshark_shows(kind: str, tmp_path: Path) -> None:
    for instance in instances(kind, 6):
        assert instance.trace
        (viewer,) = re.findall(r"Wireshark at the (client|server)", instance.task)
        instance.trace.pcap(tmp_path / "list.pcap", ["client", "server"].index(viewer))
        command = ["tshark", "-n", "-r", str(tmp_path / "list.pcap"), "-T", "fields", "-e", "_ws.col.Info"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        said = [re.findall(r"\[[A-Z, ]+\] Seq.*? Len=\d+", text)[-1] for text in shown]
        assert [line.partition("   [")[2] for line in instance.given.splitlines()[1:]] == [text[1:] for text in said]
