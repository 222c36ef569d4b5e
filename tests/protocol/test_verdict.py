"""What each combination of control bits amounts to."""

from __future__ import annotations

import pytest

from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.state import State
from tcpbook.protocol.verdict import Kind, verdict


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SYN", Kind.USUAL),
        ("SYN,ACK", Kind.USUAL),
        ("SYN,ECE,CWR", Kind.USUAL),
        ("FIN,ACK", Kind.USUAL),
        ("RST", Kind.USUAL),
        ("ACK,ECE", Kind.USUAL),
        ("PSH,ACK,AE", Kind.USUAL),
        ("none", Kind.SCAN),
        ("FIN", Kind.SCAN),
        ("FIN,PSH,URG", Kind.SCAN),
        ("SYN,FIN", Kind.ODD),
        ("SYN,RST", Kind.ODD),
        ("ACK,URG", Kind.ODD),
        ("PSH", Kind.REFUSED),
        ("URG,ECE", Kind.REFUSED),
    ],
)
def test_named_combinations(text: str, kind: Kind) -> None:
    assert verdict(Flags.parse(text)).kind is kind


@pytest.mark.parametrize("flags", COMBINATIONS, ids=str)
def test_every_verdict_agrees_with_the_states_that_process_it(flags: Flags) -> None:
    judged = verdict(flags)
    assert judged.reason.endswith(".")
    assert judged.section
    if judged.kind in (Kind.REFUSED, Kind.SCAN):
        assert judged.processed_in == ()
    else:
        assert judged.processed_in
    assert State.CLOSED not in judged.processed_in


def test_the_ninth_bit_changes_no_verdict() -> None:
    for flags in COMBINATIONS[:256]:
        with_ae = verdict(flags | Flags.AE)
        assert (with_ae.kind, with_ae.processed_in) == (verdict(flags).kind, verdict(flags).processed_in)


def test_reasons_name_what_decides() -> None:
    assert "answer with SYN,ACK" in verdict(Flags.SYN | Flags.PSH).reason
    assert "A closed port answers with a reset" in verdict(Flags(0)).reason
    assert State.LISTEN in verdict(Flags.SYN).processed_in
