"""Finding Graphviz: what runs, what takes over when it doesn't, and that a graph is laid out once."""

from __future__ import annotations

import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpbook.figures import layout
from tcpbook.figures.layout import ENGINES, engine, key, lay_out
from tcpbook.figures.stategraph import source
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.transitions import transitions

GRAPH = 'digraph { a -> b [id="ab" label="over"]; c }'
WHEEL = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
FAILS = "#!/bin/sh\necho 'Fontconfig error' >&2\nexit 3\n"


@pytest.fixture(autouse=True)
def nothing_forced_or_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("TCPBOOK_LAYOUT", raising=False)
    lay_out.cache_clear()
    yield
    lay_out.cache_clear()


class Programs:
    """The only programs that can be found; each notes its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(script.replace("\n", f"\necho {name} >> {self.folder}/runs\n", 1))
        path.chmod(0o755)

    def add_working(self, name: str) -> None:
        self.add(name, f'#!/bin/sh\nexec "{WHEEL}" "$@"\n')

    @property
    def runs(self) -> list[str]:
        path = self.folder / "runs"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    return Programs(tmp_path)


def test_the_wheel_is_the_first_choice(programs: Programs) -> None:
    programs.add_working("dot")
    assert engine() == "dot"
    programs.add_working("graphviz-pure")
    assert engine() == "wheel"
    lay_out(GRAPH)
    assert programs.runs == ["graphviz-pure"]


def test_the_wheel_that_is_installed_runs() -> None:
    assert engine() == "wheel"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lay_out(GRAPH)


def test_positions_have_their_origin_at_the_top_left() -> None:
    width, height = lay_out(GRAPH).size
    nodes, edges = lay_out(GRAPH).nodes, lay_out(GRAPH).edges
    assert set(nodes) == {"a", "b", "c"}
    assert 0 < nodes["a"][1] < nodes["b"][1] < height
    assert all(0 < x < width for x, _ in nodes.values())
    (points, tip, label) = edges["ab"]
    assert len(points) % 3 == 1
    assert nodes["a"][1] < points[0][1] < points[-1][1] < tip[1] < nodes["b"][1]
    assert label is not None
    assert points[0][1] < label[1] < points[-1][1]


def test_dot_takes_over_when_the_wheel_fails(programs: Programs, capfd: pytest.CaptureFixture[str]) -> None:
    programs.add("graphviz-pure", FAILS)
    programs.add_working("dot")
    assert lay_out(GRAPH).nodes
    assert programs.runs == ["graphviz-pure", "dot"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("script", [FAILS, "#!/no/such/interpreter\n", None], ids=["fails", "can't start", "missing"])
def test_the_shipped_layout_takes_over_when_nothing_runs(programs: Programs, script: str | None) -> None:
    if script:
        for name in ("graphviz-pure", "dot"):
            programs.add(name, script)
    graph = source(compact=False)
    with pytest.warns(UserWarning, match=r"^Graphviz does not run here, so pictures use the layout that ships"):
        assert set(lay_out(graph).edges) == {f"{each.before}-{each.after}" for each in transitions()}
    with (
        pytest.warns(UserWarning, match="Graphviz"),
        pytest.raises(TcpBookError, match=r"run python -m tools\.make_layout"),
    ):
        lay_out(GRAPH)


@pytest.mark.parametrize("name", ["wheel", "dot"])
@pytest.mark.parametrize("script", [FAILS, None], ids=["fails", "missing"])
def test_a_forced_engine_never_gives_way_to_another(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, name: str, script: str | None
) -> None:
    mine, other = ("graphviz-pure", "dot") if name == "wheel" else ("dot", "graphviz-pure")
    programs.add_working(other)
    if script:
        programs.add(mine, script)
    monkeypatch.setenv("TCPBOOK_LAYOUT", name)
    assert engine() == name
    with pytest.raises(TcpBookError, match=rf"'{name}' does not run \(.*\); unset TCPBOOK_LAYOUT"):
        lay_out(GRAPH)
    assert other not in programs.runs


@pytest.mark.parametrize(("name", "program"), [("wheel", "graphviz-pure"), ("dot", "dot"), ("shipped", None)])
def test_the_forced_engine_is_the_one_that_runs(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, name: str, program: str | None
) -> None:
    programs.add_working("graphviz-pure")
    programs.add_working("dot")
    monkeypatch.setenv("TCPBOOK_LAYOUT", name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lay_out(source(compact=False))
    assert programs.runs == ([program] if program else [])


def test_an_unknown_engine_is_named_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCPBOOK_LAYOUT", "pencil")
    with pytest.raises(TcpBookError, match="'pencil'; set it to one of wheel, dot, shipped"):
        engine()
    assert ENGINES == ("wheel", "dot", "shipped")


def test_a_graph_is_laid_out_once_for_each_content(programs: Programs) -> None:
    programs.add_working("dot")
    for _ in range(3):
        lay_out(GRAPH)
        lay_out("digraph { a -> b }")
    assert programs.runs == ["dot", "dot"]


def test_the_shipped_layouts_are_of_todays_transitions() -> None:
    """Fails when a rule adds a transition, until tools/make_layout.py has been run."""
    shipped = layout._read(layout._shipped(source(compact=False)))
    assert set(shipped.edges) == {f"{each.before}-{each.after}" for each in transitions()}


def test_a_changed_graph_has_another_key() -> None:
    assert key(source(compact=False)) != key(source(compact=True))
