"""The recording of a kernel's answers is whole, means what its loader says, and can be made again."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from oracles.kernel import DIFFERENCES, RECORDING, RESET_ERRORS, Difference, evaluate, load

RECORDED = load()
ISS, IRS = 2**32 - 5, 5000  # the kernel's numbers wrap in the middle of its text

CONNECTIONS = (
    "CLOSED/",
    "LISTEN/passive",
    "SYN-SENT/active",
    "SYN-RECEIVED/passive",
    "SYN-RECEIVED/active",
    "ESTABLISHED/active",
    "FIN-WAIT-1/active",
    "FIN-WAIT-2/active",
    "CLOSE-WAIT/active",
    "CLOSING/active",
    "LAST-ACK/active",
    "TIME-WAIT/active",
    "TIME-WAIT/passive",
)
WITHOUT_ACK = "none none+1 FIN SYN SYN+1 RST FIN,SYN FIN,PSH,URG SYN,RST FIN,SYN,RST"
WITH_ACK = (
    "ACK RST,ACK SYN,ACK SYN,ACK+1 FIN,ACK PSH,ACK+1 PSH,ACK+4 ACK,URG+1 FIN,PSH,ACK+1 FIN,SYN,ACK "
    "FIN,SYN,RST,ACK SYN,RST,ACK FIN,PSH,ACK,URG"
)


def planned(state: str) -> set[tuple[str, str]]:
    """What is to be tried in a state: control bits with bytes of text, SEQ/ACK."""
    seqs, acks, rare = "next later left right", "old current ours beyond", {"edge/current", "next/ancient"}
    if state in {"ESTABLISHED", "FIN-WAIT-2", "CLOSE-WAIT", "TIME-WAIT"}:
        acks = "old current beyond"  # all that was sent is acknowledged
    if state in {"CLOSED", "LISTEN", "SYN-SENT"}:
        seqs, rare = "any", set()
    if state in {"CLOSED", "LISTEN"}:
        acks = "any"
    pairs = {f"{seq}/{ack}" for seq, ack in product(seqs.split(), acks.split())} | rare
    alone = {f"{pair.split('/')[0]}/none" for pair in pairs}
    return set(product(WITH_ACK.split(), pairs)) | set(product(WITHOUT_ACK.split(), alone))


def test_every_planned_case_is_there_once() -> None:
    counts = Counter(
        (
            f"{case.state}/{case.opened}",
            f"{case.flags}+{case.data}" if case.data else case.flags,
            f"{case.seq}/{case.ack}",
        )
        for case in RECORDED.cases
    )
    wanted = {(name, *each) for name in CONNECTIONS for each in planned(name.split("/")[0])}
    assert set(counts) == wanted
    assert set(counts.values()) == {1}


def test_the_recording_names_its_kernel_and_day() -> None:
    assert re.fullmatch(r"Linux \d+\.\d+(\.\d+)?", RECORDED.kernel)
    assert date.fromisoformat(RECORDED.recorded)
    assert RECORDING.stat().st_size < 400_000


def test_every_answer_is_one_that_tcp_can_give() -> None:
    """At most one segment, never to a RST a RST; SEQ is the kernel's own or what the probe asked for."""
    states = {name.split("/")[0] for name in CONNECTIONS}
    for case in RECORDED.cases:
        numbers = RECORDED.numbers(case, ISS, IRS)
        assert case.after in states, case
        assert case.delivered <= case.data, case
        assert len(case.replies) <= 1, case
        for reply in case.replies:
            expected = {
                "ACK": numbers.get("SND.NXT"),
                "SYN,ACK": (ISS if case.state != "TIME-WAIT" else (numbers["SND.NXT"] + 65537) % 2**32),
                "RST": None if case.has("RST") else numbers["SEG.ACK"],
                "RST,ACK": None if case.has("RST") or case.has("ACK") else 0,
            }
            assert evaluate(reply.seq, numbers) == expected[reply.flags], case
            assert evaluate(reply.ack, numbers) == 0 or "ACK" in reply.flags, case


@pytest.mark.parametrize(
    ("connection", "probe", "answer", "after"),
    [
        ("CLOSED/", "SYN any/none", f"RST,ACK seq 0 ack {IRS + 1}", "CLOSED"),
        ("LISTEN/passive", "SYN any/none", f"SYN,ACK seq {ISS} ack {IRS + 1}", "SYN-RECEIVED"),
        ("LISTEN/passive", "ACK any/any", f"RST seq {IRS} ack 0", "LISTEN"),
        ("SYN-SENT/active", "SYN,ACK any/ours", f"ACK seq {ISS + 1} ack {IRS + 1}", "ESTABLISHED"),
        ("SYN-SENT/active", "SYN any/none", f"SYN,ACK seq {ISS} ack {IRS + 1}", "SYN-RECEIVED"),
        ("SYN-RECEIVED/passive", "ACK next/ours", "", "ESTABLISHED"),
        ("SYN-RECEIVED/passive", "RST next/none", "", "LISTEN"),
        ("SYN-RECEIVED/active", "RST next/none", "", "CLOSED"),
        ("ESTABLISHED/active", "RST later/none", f"ACK seq {12} ack {IRS + 1}", "ESTABLISHED"),
        ("ESTABLISHED/active", "SYN next/none", f"ACK seq {12} ack {IRS + 1}", "ESTABLISHED"),
        ("ESTABLISHED/active", "FIN,ACK next/current", f"ACK seq {12} ack {IRS + 2}", "CLOSE-WAIT"),
        ("FIN-WAIT-1/active", "ACK next/ours", "", "FIN-WAIT-2"),
        ("FIN-WAIT-1/active", "FIN,ACK next/current", f"ACK seq {13} ack {IRS + 2}", "CLOSING"),
        ("FIN-WAIT-1/active", "FIN,ACK next/ours", f"ACK seq {13} ack {IRS + 2}", "TIME-WAIT"),
        ("FIN-WAIT-2/active", "FIN,ACK next/current", f"ACK seq {13} ack {IRS + 2}", "TIME-WAIT"),
        ("CLOSING/active", "ACK next/ours", "", "TIME-WAIT"),
        ("LAST-ACK/active", "ACK next/ours", "", "CLOSED"),
        ("TIME-WAIT/active", "FIN,ACK left/current", f"ACK seq {13} ack {IRS + 2}", "TIME-WAIT"),
    ],
)
def test_textbook_answers(connection: str, probe: str, answer: str, after: str) -> None:
    """The numbers count the sixteen bytes that the kernel sent before: ISS + 17 is 12 after the wrap."""
    [case] = [
        case
        for case in RECORDED.cases
        if f"{case.state}/{case.opened}" == connection
        and f"{case.flags} {case.seq}/{case.ack}" == probe
        and not case.data
    ]
    numbers = RECORDED.numbers(case, ISS, IRS)
    answers = [
        f"{reply.flags} seq {evaluate(reply.seq, numbers)} ack {evaluate(reply.ack, numbers)}"
        for reply in case.replies
    ]
    assert answers == ([answer] if answer else [])
    assert case.after == after
    assert not any(difference.matches(case) for difference in DIFFERENCES)


def test_the_user_hears_of_resets_only() -> None:
    for case in RECORDED.cases:
        by_ack = case.state == "LAST-ACK" and case.ack == "ours" and not case.has("RST")
        before = {"CLOSED", "LISTEN"} | ({"TIME-WAIT"} if not case.has("RST") else set())
        if case.after in {"CLOSED", "LISTEN"} and case.state not in before and not by_ack:
            assert case.error == RESET_ERRORS[case.state, case.opened], case
        else:
            assert case.error == "", case


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_every_difference_shows(difference: Difference) -> None:
    assert any(difference.matches(case) for case in RECORDED.cases)


@pytest.mark.long
def test_the_kernel_still_answers_so(tmp_path: Path) -> None:
    if os.name != "posix" or os.geteuid() or not Path("/dev/net/tun").exists():
        pytest.skip(
            "The recording needs Linux, root and /dev/net/tun: run this test as root on such a machine."
        )
    release = platform.release().split("-")[0]
    if RECORDED.kernel.split(".")[:2] != f"Linux {release}".split(".")[:2]:
        pytest.skip(f"{RECORDED.kernel} was recorded and this is {release}: python -m tools.record_kernel")
    again = tmp_path / "kernel-answers.json"
    command = [sys.executable, "-m", "tools.record_kernel", str(again)]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=300)
    expected = load(again)._replace(kernel=RECORDED.kernel, recorded=RECORDED.recorded)
    assert expected == RECORDED
