"""The state graph: every transition once, in the line style of where it is stated; the same words from every engine."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tcpbook.figures import layout
from tcpbook.figures import stategraph as stategraph_module
from tcpbook.figures.stategraph import LINES, stategraph
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.protocol.transitions import transitions

SVG = "{http://www.w3.org/2000/svg}"
SANITIZE = Path(__file__).parents[1] / "sanitize.cfg"


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def arcs(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    found = [group for group in root.iter(f"{SVG}g") if "data-arc" in group.attrib]
    named = {group.attrib["data-arc"]: group for group in found}
    assert len(named) == len(found)
    return named


@pytest.mark.parametrize("abrupt", [False, True])
def test_every_transition_is_drawn_once_in_its_style(abrupt: bool) -> None:
    drawn = arcs(parsed(stategraph(abrupt=abrupt).svg))
    expected = [each for each in transitions() if abrupt or not each.abrupt]
    expected.sort(key=lambda each: not each.abrupt)  # what stands back is drawn first
    assert list(drawn) == [f"{each.before}-{each.after}" for each in expected]
    for each in expected:
        group = drawn[f"{each.before}-{each.after}"]
        kinds = group.attrib["class"].split()
        assert f"tcpbook-{LINES[each.stated]}" in kinds
        assert ("tcpbook-abrupt" in kinds) == each.abrupt
        assert [kind for kind in kinds if kind in ("tcpbook-client", "tcpbook-server")] == [
            f"tcpbook-{path}" for path in [each.path] if path
        ]
        label = " / ".join("".join(line.itertext()) for line in group.iter(f"{SVG}tspan"))
        assert label == ("" if each.abrupt else each.labels[0])


def test_current_possible_and_visited_are_classes_words_and_never_color_alone() -> None:
    figure = stategraph(State.SYN_SENT, possible=[State.ESTABLISHED], visited=[State.CLOSED])
    classes = {
        group.attrib["data-state"]: group.attrib["class"].split()[1:]
        for group in parsed(figure.svg).iter(f"{SVG}g")
        if "data-state" in group.attrib
    }
    assert classes.pop("SYN-SENT") == ["tcpbook-current"]
    assert classes.pop("ESTABLISHED") == ["tcpbook-possible"]
    assert classes.pop("CLOSED") == ["tcpbook-visited"]
    assert set(map(tuple, classes.values())) == {()}
    assert repr(figure).endswith("Current: SYN-SENT. Possible: ESTABLISHED. Visited: CLOSED.")
    assert re.search(r"tcpbook-current rect \{ fill", figure.svg)
    assert re.search(r"tcpbook-possible rect \{[^}]*dasharray", figure.svg)
    assert re.search(r"tcpbook-visited \.tcpbook-tick \{[^}]*visible", figure.svg)


def test_a_state_may_bear_several_marks_and_arcs_to_possible_states_are_lit() -> None:
    root = parsed(stategraph("SYN-SENT", ["ESTABLISHED", "CLOSED", "CLOSING"], ["SYN-SENT", "CLOSED"]).svg)
    kinds = {group.get("data-state"): group.get("class") for group in root.iter(f"{SVG}g") if group.get("data-state")}
    assert kinds["SYN-SENT"] == "tcpbook-node tcpbook-current tcpbook-visited"
    assert kinds["CLOSED"] == "tcpbook-node tcpbook-possible tcpbook-visited"
    lit = {name for name, arc in arcs(root).items() if "tcpbook-lit" in arc.attrib["class"].split()}
    assert lit == {"SYN-SENT-ESTABLISHED", "SYN-SENT-CLOSED"}


def test_the_legend_explains_the_marks_in_use() -> None:
    plain, marked = stategraph().svg, stategraph("LISTEN", abrupt=True).svg
    for words in (">current<", ">by reset, abort or timeout<"):
        assert words not in plain
        assert words in marked


def test_nothing_moves_when_the_layer_is_switched_on() -> None:
    places = [
        {group.get("data-state"): group.get("transform") for group in parsed(figure.svg).iter(f"{SVG}g")}
        for figure in (stategraph(), stategraph(abrupt=True))
    ]
    assert all(places[0][state] == places[1][state] for state in State)


@pytest.mark.parametrize("marks", [{"current": "SYN_SENT"}, {"possible": ["OPEN"]}, {"visited": [""]}])
def test_an_unknown_state_is_an_error_that_names_the_known_ones(marks: dict[str, Any]) -> None:
    with pytest.raises(TcpBookError, match="choose from CLOSED, LISTEN"):
        stategraph(**marks)


def test_a_still_picture_is_an_image_and_an_interactive_one_a_group() -> None:
    figure = stategraph(abrupt=True)
    assert parsed(figure.svg).attrib["role"] == "img"
    root = parsed(figure.interactive())
    assert root.attrib["role"] == "group"
    nodes = [group for group in root.iter(f"{SVG}g") if "data-state" in group.attrib]
    assert [node.attrib["data-state"] for node in nodes].count("CLOSED") == 2
    assert {node.attrib["data-state"] for node in nodes} == set(State)
    for node in nodes:
        (note,) = [text for text in node.iter(f"{SVG}text") if text.attrib["class"] == "tcpbook-note"]
        assert len(list(note)) == 2


def sanitized(html: str) -> str:
    text = SANITIZE.read_text("utf-8")
    for regex, replacement in re.findall(r"^regex: (.*)\nreplace: (.*)$", text, re.MULTILINE):
        html = re.sub(regex, replacement, html)
    return html


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No layout is forced or known, and none is left behind."""
    monkeypatch.delenv("TCPBOOK_LAYOUT", raising=False)
    forget()
    yield
    forget()


def forget() -> None:
    drawing = stategraph_module._places, stategraph_module._arc, stategraph_module._node
    for cached in (layout.lay_out, *drawing):
        cached.cache_clear()


@pytest.fixture
def another_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `dot` on PATH, also where none is installed: the wheel's program, laying out with other distances."""
    wheel = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
    dot = tmp_path / "dot"
    dot.write_text(f'#!/bin/sh\ntouch {tmp_path}/ran\nexec "{wheel}" -Gnodesep=1 "$@"\n')
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "ran"


@pytest.mark.usefixtures("fresh")
def test_three_engines_say_the_same(another_dot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {}
    for engine in layout.ENGINES:
        forget()
        monkeypatch.setenv("TCPBOOK_LAYOUT", engine)
        assert layout.engine() == engine
        shown[engine] = stategraph(State.CLOSING, abrupt=True)._repr_html_()
        assert another_dot.exists() == (engine != "wheel")
    assert shown["wheel"] != shown["dot"]
    assert len({sanitized(html) for html in shown.values()}) == 1


def test_the_readme_shows_todays_graph(tmp_path: Path) -> None:
    stategraph().save(tmp_path / "now.svg")
    kept = (Path(__file__).parents[2] / "docs" / "stategraph.svg").read_text("utf-8")
    assert sanitized(kept) == sanitized((tmp_path / "now.svg").read_text("utf-8"))


def test_importing_figures_loads_no_graphviz() -> None:
    program = "import sys, tcpbook.figures.stategraph; print('graphviz' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.usefixtures("fresh")
def test_highlighting_never_lays_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    real = layout._run

    def counted(name: str, graph: str) -> dict[str, Any]:
        runs.append(name)
        return real(name, graph)

    monkeypatch.setattr(layout, "_run", counted)
    for state in State:
        stategraph(state, possible=[State.CLOSED], visited=[State.LISTEN], abrupt=True)
    assert len(runs) == 1


def test_two_compact_graphs_fit_beside_each_other() -> None:
    """They show every state and arc, but no label and no legend; marks work as in the full one."""
    figure = stategraph("SYN-SENT", ["ESTABLISHED"], abrupt=True, compact=True)
    root = parsed(figure.svg)
    assert len(arcs(root)) == len(transitions())
    assert {"".join(label.itertext()) for label in root.iter(f"{SVG}text")} <= {*State, "✓", ""}
    assert float(root.attrib["width"]) < 520
    lit = [name for name, arc in arcs(root).items() if "tcpbook-lit" in arc.attrib["class"].split()]
    assert lit == ["SYN-SENT-ESTABLISHED"]
