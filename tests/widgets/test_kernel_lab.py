"""KernelLab without a browser: what the page is told, what it may ask, and that nothing stays open."""

from __future__ import annotations

import ast
import gc
import json
import subprocess
import sys
from typing import Any

import pytest

from descriptors import descriptors
from tcpbook.lab import kernel
from tcpbook.lab.loopback import OPEN, TOUR
from tcpbook.protocol.errors import TcpBookError
from tcpbook.widgets.kernel_lab import KernelLab

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: /proc/net/tcp")
CONSTANT = "KernelLab: a live connection of this machine's kernel, beside what the book's machine predicts."


def asked(lab: KernelLab, message: dict[str, Any]) -> dict[str, Any]:
    """The view after a message from the page."""
    lab._asked(lab, message, [])
    return dict(lab.view)


def seconds(text: str) -> int:
    """The number in "60 s"."""
    return int(text.removesuffix(" s"))


@on_linux
def test_a_guess_is_compared_with_the_kernel() -> None:
    lab = KernelLab(*OPEN)
    lab.pending = "client half-close"
    view = asked(lab, {"do": "client half-close", "guess": ["FIN-WAIT-2", "CLOSED"]})
    assert lab.pending == ""
    assert [(end["state"], end["predicted"]) for end in view["ends"]] == [("FIN-WAIT-2",) * 2, ("CLOSE-WAIT",) * 2]
    assert view["ends"][1]["arc"] == "ESTABLISHED-CLOSE-WAIT"
    assert view["steps"][-1] == ["client half-close", "FIN-WAIT-2", "CLOSE-WAIT", "the same", "half right", "ok"]
    assert view["told"] == (
        "client half-close returned ok. The kernel: client FIN-WAIT-2, server CLOSE-WAIT. Your guess, client "
        "FIN-WAIT-2, server CLOSED: half right. The book's machine predicted the same."
    )
    view = asked(lab, {"do": "server close", "guess": ["TIME-WAIT", "CLOSED"]})
    assert view["steps"][-1][4] == "right"
    assert asked(lab, {"do": "client read", "guess": ["LISTEN", "LISTEN"]})["steps"][-1][4] == "not yet"
    assert asked(lab, {"do": "client read", "guess": ["", "CLOSED"]})["steps"][-1][4] == ""
    assert asked(lab, {"do": "client read", "guess": []})["steps"][-1][4] == ""
    lab.close()


@on_linux
def test_time_wait_counts_down_and_a_difference_is_marked() -> None:
    lab = KernelLab(*OPEN, "client half-close", "server close")
    assert lab.view["waits"]
    predicted, first_s, machine_s = lab.view["ends"][0]["values"]
    assert (predicted, lab.view["ends"][1]["values"]) == ("TIME-WAIT", ["CLOSED", "—", "—"])
    assert seconds(machine_s) - seconds(first_s) in (180, 181)
    kernel.wait_until(lambda: seconds(asked(lab, {"look": True})["ends"][0]["values"][1]) < seconds(first_s), "less")
    assert len(lab.steps) == 4
    end = asked(lab, {"do": "client abort", "guess": []})["ends"][0]
    assert (end["state"], end["predicted"], end["arc"], end["changed"]) == ("TIME-WAIT", "CLOSED", "", [0])
    assert (end["values"][0], end["values"][2]) == ("CLOSED", "—")
    assert (
        "The book's machine predicted client CLOSED, server CLOSED. TIME-WAIT is not the socket's: " in lab.view["told"]
    )
    assert lab.unexplained == []
    lab.close()


@on_linux
def test_what_makes_no_sense_is_a_sentence_in_the_page_and_an_error_in_python() -> None:
    lab = KernelLab("server listen")
    view = asked(lab, {"do": "client jump", "guess": ["CLOSED", "CLOSED"]})
    assert view["error"].startswith("'client jump' is no call; write client or server")
    assert asked(lab, {"do": "client connect", "guess": []})["error"] == ""
    assert lab.view["steps"][-1][4] == ""  # the guess went with the call that was none
    with pytest.raises(TcpBookError, match="'client jump' is no call"):
        lab.do("client jump")
    lab.close()


@on_linux
def test_no_descriptor_stays_after_the_end() -> None:
    KernelLab().close()  # what is loaded once
    gc.collect()
    before = descriptors()
    lab = KernelLab(*OPEN)
    assert len(descriptors()) == len(before) + 2
    asked(lab, {"restart": True})
    assert (lab.steps, lab.view["steps"]) == ([], [])
    lab.do(*TOUR)
    assert lab.unexplained == []
    assert len(json.dumps(lab.view)) < 8_000
    lab.close()
    assert descriptors() == before
    with pytest.raises(TcpBookError):
        KernelLab("client jump")
    assert descriptors() == before
    assert asked(lab, {"do": "client listen", "guess": []})["error"].startswith("this connection's sockets are closed")


@on_linux
def test_the_end_of_the_process_aborts() -> None:
    """Not even Python comes to close anything, and nothing is left of a half-closed connection."""
    script = """
import os
from tcpbook.widgets.kernel_lab import KernelLab
lab = KernelLab("server listen", "client connect", "client half-close")
print([end.local for end in lab.loopback.ends], flush=True)
os._exit(0)
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    client, server = ast.literal_eval(run.stdout)
    gone = {(client, server), (server, client)}
    kernel.wait_until(lambda: gone.isdisjoint(kernel.table()), "no state at all")
    assert run.stderr == ""


def test_where_the_platform_can_not_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    lab = KernelLab(*OPEN)
    assert lab.view["error"].startswith("darwin tells no state of a connection")
    assert not lab.view["can"]
    assert not asked(lab, {"do": "client connect", "guess": []})["can"]
    asked(lab, {"restart": True})
    assert (lab.steps, lab.unexplained) == ([], [])
    assert repr(lab) == CONSTANT
    lab.close()


def test_the_saved_output_is_the_recording_whatever_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    elsewhere = KernelLab()
    monkeypatch.undo()
    lab = KernelLab(*OPEN) if sys.platform.startswith("linux") else KernelLab()
    assert repr(lab) == repr(elsewhere) == CONSTANT
    assert lab.static_html() == elsewhere.static_html()
    assert "Recorded on Linux " in lab.static_html()
    assert "<td>client half-close</td><td>FIN-WAIT-2</td><td>CLOSE-WAIT</td><td>the same</td>" in lab.static_html()
    lab.close()


@on_linux
def test_the_way_to_a_state_is_lit_also_where_the_kernel_was_quicker() -> None:
    lab = KernelLab("server listen", "client connect")
    arcs = [[end["arc"] for end in lab.view["ends"]]]
    for action in ("client half-close", "server send late", "server half-close"):
        lab.do(action)
        arcs.append([end["arc"] for end in lab.view["ends"]])
    lab.close()
    assert arcs == [
        ["SYN-SENT-ESTABLISHED", "SYN-RECEIVED-ESTABLISHED"],
        ["FIN-WAIT-1-FIN-WAIT-2", "ESTABLISHED-CLOSE-WAIT"],
        ["", ""],
        ["FIN-WAIT-2-TIME-WAIT", "LAST-ACK-CLOSED"],
    ]
