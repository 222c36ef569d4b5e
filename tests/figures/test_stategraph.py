"""The state graph: every transition once, in the line style of where it is stated; the same words from every engine."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tcpbook.figures import layout
from tcpbook.figures.stategraph import LINES, source, stategraph
from tcpbook.figures.theme import ACCENTS
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


def test_every_selector_and_id_is_the_books_own() -> None:
    svg = stategraph().svg
    (style,) = re.findall("<style>(.*?)</style>", svg, re.DOTALL)
    for rule in style.splitlines():
        assert rule.startswith(".tcpbook-stategraph ")
    for classes in re.findall('class="([^"]*)"', svg):
        assert all(name.startswith("tcpbook-") for name in classes.split())
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids)) == 2
    assert all(re.fullmatch("t[0-9a-f]{8}_[a-z]+", each) for each in ids)
    assert re.findall(r'\bid="([^"]*)"', stategraph().svg) == ids
    assert not set(re.findall(r'\bid="([^"]*)"', stategraph(State.LISTEN).svg)) & set(ids)


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


def test_labels_are_legible_in_a_700_pixel_column() -> None:
    for abrupt in (False, True):
        svg = stategraph(abrupt=abrupt).svg
        width = float(parsed(svg).attrib["viewBox"].split()[2])
        (size,) = re.findall(r"\.tcpbook-label \{ font-size: (\d+)px", svg)
        assert float(size) * min(1, 700 / width) >= 10.5


@pytest.mark.parametrize("name", ACCENTS)
def test_accents_stand_out_from_light_and_dark_paper(name: str) -> None:
    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for paper in ("#ffffff", "#111111"):
        bright, dim = sorted((luminance(ACCENTS[name]), luminance(paper)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 3


# --- layout ----------------------------------------------------------------------------------------


def sanitized(html: str) -> str:
    text = SANITIZE.read_text("utf-8")
    for regex, replacement in re.findall(r"^regex: (.*)\nreplace: (.*)$", text, re.MULTILINE):
        html = re.sub(regex, replacement, html)
    return html


@pytest.fixture
def fresh() -> None:
    layout.lay_out.cache_clear()


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
        layout.lay_out.cache_clear()
        monkeypatch.setenv("TCPBOOK_LAYOUT", engine)
        assert layout.engine() == engine
        shown[engine] = stategraph(State.CLOSING, abrupt=True)._repr_html_()
        assert another_dot.exists() == (engine != "wheel")
    assert shown["wheel"] != shown["dot"]
    assert len({sanitized(html) for html in shown.values()}) == 1


@pytest.mark.usefixtures("fresh")
def test_without_graphviz_the_shipped_layout_shows_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TCPBOOK_LAYOUT", raising=False)
    monkeypatch.setattr(layout, "_binary", lambda name: None)
    assert layout.engine() == "shipped"
    with pytest.warns(UserWarning, match="the layout that ships with tcpbook"):
        assert len(arcs(parsed(stategraph().svg))) == 24


@pytest.mark.usefixtures("fresh")
def test_a_forced_engine_that_does_not_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCPBOOK_LAYOUT", "dot")
    monkeypatch.setattr(layout, "_binary", lambda name: None)
    with pytest.raises(TcpBookError, match="unset TCPBOOK_LAYOUT"):
        stategraph()
    monkeypatch.setenv("TCPBOOK_LAYOUT", "pencil")
    with pytest.raises(TcpBookError, match="wheel, dot, shipped"):
        layout.engine()


@pytest.mark.usefixtures("fresh")
def test_a_graph_is_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = []
    real = layout._run

    def count(name: str, graph: str) -> dict[str, Any]:
        graphs.append(graph)
        return real(name, graph)

    monkeypatch.setattr(layout, "_run", count)
    for state in State:
        stategraph(state, abrupt=True)
    assert len(graphs) == 1


def test_the_shipped_layouts_are_of_todays_rules() -> None:
    for abrupt in (False, True):
        graph = source([each for each in transitions() if abrupt or not each.abrupt])
        assert layout._shipped(graph)["edges"]
    with pytest.raises(TcpBookError, match=r"tools\.make_layout"):
        layout._shipped("digraph {}")


def test_the_readme_shows_todays_graph(tmp_path: Path) -> None:
    stategraph().save(tmp_path / "now.svg")
    kept = (Path(__file__).parents[2] / "docs" / "stategraph.svg").read_text("utf-8")
    assert sanitized(kept) == sanitized((tmp_path / "now.svg").read_text("utf-8"))


def test_importing_figures_loads_no_graphviz() -> None:
    program = "import sys, tcpbook.figures.stategraph; print('graphviz' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
