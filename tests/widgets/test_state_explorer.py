"""StateExplorer without a browser: the arcs, the code of their rules, the wrong arrows, and what a cell can ask."""

from __future__ import annotations

import json
import re

import pytest

from tcpbook.lab.scenarios import SCENARIOS, Scenario
from tcpbook.lab.scenarios.scenario import OPENED
from tcpbook.lab.trace import CRASH
from tcpbook.protocol import rules
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.rules import RULES
from tcpbook.protocol.state import DIALECTS, State
from tcpbook.protocol.transitions import transitions
from tcpbook.widgets.arcs import Arc, _scenarios, arcs, rule_code
from tcpbook.widgets.defects import DEFECTS, Defect
from tcpbook.widgets.state_explorer import StateExplorer

ARCS = [pytest.param(arc, id=f"{before}-{after}") for (before, after), arc in arcs().items()]


def test_events_walk_and_undo_walks_back() -> None:
    explorer = StateExplorer()
    explorer.take("passive OPEN")
    explorer.take("rcv SYN / snd SYN,ACK")
    explorer.stand("FIN-WAIT-1")
    assert explorer.chosen == ""
    explorer.take("rcv ACK of FIN")
    assert (explorer.state, explorer.chosen) == ("FIN-WAIT-2", "FIN-WAIT-1-FIN-WAIT-2")
    assert explorer.visited == [
        State.CLOSED, State.LISTEN, State.SYN_RECEIVED, State.FIN_WAIT_1, State.FIN_WAIT_2
    ]  # fmt: skip
    explorer.undo()
    explorer.undo()
    assert (explorer.state, explorer.chosen) == ("SYN-RECEIVED", "LISTEN-SYN-RECEIVED")
    assert [step["event"] for step in explorer.history] == ["passive OPEN / create TCB", "rcv SYN / snd SYN,ACK"]
    explorer.reset()
    explorer.undo()
    assert (explorer.state, explorer.chosen, explorer.history) == ("CLOSED", "", [])


def test_an_event_that_leads_nowhere_is_refused_in_a_sentence() -> None:
    explorer = StateExplorer("CLOSE-WAIT")
    with pytest.raises(TcpBookError, match="'rcv FIN' does not lead out of CLOSE-WAIT; take one of CLOSE / snd FIN"):
        explorer.take("rcv FIN")
    assert (explorer.state, explorer.history) == ("CLOSE-WAIT", [])


@pytest.mark.parametrize("wrong", ["SYN_SENT", "", "OPEN"])
def test_an_unknown_state_is_refused_in_a_sentence(wrong: str) -> None:
    explorer = StateExplorer()
    for call in (StateExplorer, explorer.stand, lambda name: explorer.arc(name, "CLOSED")):
        with pytest.raises(TcpBookError, match="choose one of CLOSED, LISTEN"):
            call(wrong)
    assert explorer.history == []


@pytest.mark.parametrize(
    ("trait", "wrong", "offered"),
    [
        ("state", "SYN_SENT", "SYN-SENT"),
        ("chosen", "CLOSED-CLOSING", "CLOSED-LISTEN"),
        ("guess", "x", "CLOSED-LISTEN"),
        ("names", "BSD", "Linux"),
        ("diagram", len(DEFECTS) + 1, "6, 7"),
        ("diagram", -1, "0, 1"),
    ],
)
def test_what_the_page_could_not_show_is_refused(trait: str, wrong: str | int, offered: str) -> None:
    explorer = StateExplorer()
    before = getattr(explorer, trait)
    with pytest.raises(TcpBookError, match=offered):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before


def test_an_arc_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(TcpBookError, match="TIME-WAIT; from CLOSE-WAIT they lead to CLOSED, LAST-ACK"):
        StateExplorer().arc("CLOSE-WAIT", "TIME-WAIT")


def test_every_event_of_a_state_is_told_apart() -> None:
    for state in State:
        explorer = StateExplorer(state)
        labels = [cause.label for each in transitions() if each.before is state for cause in each.causes]
        assert sorted(explorer.events) == sorted(labels)
        assert len(labels) == len(set(labels))
        for label, after in explorer.events.items():
            for event in {label, label.split(" / ")[0]}:
                explorer.take(event)
                exact = explorer.history[-1]["event"] == event
                assert exact or explorer.state == after
                assert explorer.history[-1]["event"].startswith(event)
                explorer.undo()
                assert explorer.state == state


def test_a_reset_in_syn_received_means_two_things() -> None:
    """A listener's connection goes back to LISTEN, a caller's is over (RFC 9293 §3.10.7.4)."""
    for event, after in (("rcv RST", "LISTEN"), ("rcv RST / delete TCB", "CLOSED")):
        explorer = StateExplorer("SYN-RECEIVED")
        explorer.take(event)
        assert explorer.state == after


def test_an_arc_tells_its_section_its_rules_and_a_scenario() -> None:
    told = repr(StateExplorer().arc("SYN-SENT", "ESTABLISHED"))
    assert told.splitlines() == [
        "SYN-SENT → ESTABLISHED: Figure 5, §3.10.7.3.",
        "  rcv SYN,ACK / snd ACK: The peer's SYN acknowledges ours: the connection is open, "
        "and we acknowledge its SYN. §3.10.7.3",
        '  HandshakePlayer("three-way handshake")',
    ]


def test_every_rule_finds_its_row() -> None:
    """The row's own code, run where it stands, yields the rule."""
    for rule in RULES:
        row = eval(rule_code(rule), vars(rules))
        (again,) = [each for each in row if each.state is rule.state]
        for name in ("event", "check", "guard", "effects", "next_state", "then", "section", "why"):
            assert getattr(again, name) == getattr(rule, name)


@pytest.mark.parametrize("arc", ARCS)
def test_the_rules_of_an_arc_lead_along_it(arc: Arc) -> None:
    for cause in arc.causes:
        states = [cause.rules[0].state, *(rule.next_state for rule in cause.rules)]
        assert (states[0], states[-1]) == (arc.transition.before, arc.transition.after)
        assert all(rule_code(rule) in arc.code for rule in cause.rules)


@pytest.mark.parametrize("arc", ARCS)
def test_a_scenario_takes_every_arc(arc: Arc) -> None:
    steps = SCENARIOS[arc.scenario].run().steps
    taken = {(step.before, step.tcb.state) for step in steps if step.rules}
    assert (arc.transition.before, arc.transition.after) in taken
    assert arc.player == f'HandshakePlayer("{arc.scenario}")'


def test_the_figures_of_the_rfc_come_first_and_then_the_shortest() -> None:
    explorer = StateExplorer()
    assert explorer.arc("ESTABLISHED", "FIN-WAIT-1").scenario == "four-segment close"
    refused = len(SCENARIOS[explorer.arc("SYN-SENT", "CLOSED").scenario].run().steps)
    assert refused <= len(SCENARIOS["refused"].run().steps) < len(SCENARIOS["SYN flood"].run().steps)


def test_a_crash_takes_no_arc(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = Scenario("A crash", "", (*OPENED, (1_000_000, 0, CRASH)), "")
    monkeypatch.setattr("tcpbook.widgets.arcs.SCENARIOS", {"crash": crash})
    taken = _scenarios.__wrapped__()
    assert (State.SYN_SENT, State.ESTABLISHED) in taken
    assert (State.ESTABLISHED, State.CLOSED) not in taken


def test_an_arc_is_stated_where_its_last_rule_is() -> None:
    arc = StateExplorer().arc("LISTEN", "CLOSE-WAIT")
    assert [rule.section for rule in arc.causes[0].rules] == ["3.10.7.2", "3.10.7.4"]
    assert arc.stated == "the text only, §3.10.7.4"
    assert arc.link.endswith("rfc9293.html#section-3.10.7.4")


def test_an_arc_that_no_scenario_takes_says_so() -> None:
    arc = next(iter(arcs().values()))._replace(scenario="")
    assert arc.player == ""
    assert repr(arc).endswith("No scenario takes it.")


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.before}-{defect.after}")
def test_a_wrong_arrow_is_wrong_and_what_is_right_is_right(defect: Defect) -> None:
    arc = arcs()[defect.before, defect.after]
    labels = [cause.label for cause in arc.causes]
    assert defect.drawn not in labels
    assert not arc.transition.abrupt
    assert defect.right == arc.transition.labels[0], "what the graph itself draws there"


def test_a_diagram_has_one_wrong_arrow_and_no_other_diagram_the_same() -> None:
    assert 5 <= len(DEFECTS) == len({(defect.before, defect.after) for defect in DEFECTS}) <= 8


def test_the_wrong_arrow_is_found() -> None:
    explorer = StateExplorer()
    with pytest.raises(TcpBookError, match="show one of 1 to 7"):
        explorer.accuse("LAST-ACK", "CLOSED")
    explorer.show(2)
    assert repr(explorer) == "StateExplorer: diagram 2 of 7 with a wrong arrow. One label is wrong."
    verdict = explorer.accuse("FIN-WAIT-1", "CLOSING")
    assert verdict == "Not this one. FIN-WAIT-1 → CLOSING is right: rcv FIN / snd ACK (Figure 5, §3.10.7.4)."
    with pytest.raises(TcpBookError, match="bears no label"):
        explorer.accuse("CLOSING", "CLOSED")
    verdict = explorer.accuse("LAST-ACK", "CLOSED")
    assert verdict.startswith("Found. LAST-ACK → CLOSED should say rcv ACK of FIN / delete TCB (Figure 5, §3.10.7.4).")
    assert repr(explorer).endswith(verdict)
    explorer.show(0)
    assert (explorer.chosen, explorer.guess) == ("", "")


def test_names_in_three_dialects() -> None:
    """netstat's and the kernel's are those of include/net/tcp_states.h, ss's those of its table sstate_name."""
    spelled = {names: " ".join(spellings.values()) for names, spellings in DIALECTS.items()}
    assert spelled == {
        "RFC 9293": " ".join(State),
        "Linux (netstat)": "CLOSE LISTEN SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2 CLOSE_WAIT CLOSING LAST_ACK "
        "TIME_WAIT",
        "Linux (ss)": "UNCONN LISTEN SYN-SENT SYN-RECV ESTAB FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK "
        "TIME-WAIT",
        "the notes": "CLOSED LISTEN — SYN_RCV ESTABLISHED FIN_WAIT FIN_WAIT CLOSE_WAIT — — TIME_WAIT",
    }


def test_what_the_page_gets_is_small_and_plain() -> None:
    sent = json.dumps(StateExplorer().table)
    assert len(sent) < 60_000
    assert json.loads(sent)["dialects"]["Linux (ss)"]["ESTABLISHED"] == "ESTAB"


def test_it_says_in_a_sentence_where_it_stands() -> None:
    explorer = StateExplorer("ESTABLISHED")
    assert repr(explorer) == "StateExplorer: in ESTABLISHED after 0 moves; 7 events lead on."
    explorer.take("CLOSE")
    assert repr(explorer) == "StateExplorer: in FIN-WAIT-1 after 1 move; 8 events lead on."


def test_the_static_twin_is_understood_without_markup() -> None:
    html = StateExplorer().static_html()
    words = re.sub("<[^>]+>", " ", html)
    assert html.count("<tr>") == 1 + 30 + 1 + 11
    row = "SYN-SENT ESTABLISHED rcv SYN,ACK / snd ACK Figure 5, §3.10.7.3 three-way handshake"
    assert row in " ".join(words.split())
    assert re.search(r"SYN-RECEIVED\s+SYN_RECV\s+SYN-RECV\s+SYN_RCV", words)
