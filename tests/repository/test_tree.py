"""House rules that hold for whole files: length, left-over marks, what may be named."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from tree import CHAPTERS, ROOT, files, modules

LONGEST = 400

LONG_MODULES = {"tcpbook/exercises/misconceptions.py": "a table, one row a misconception"}
"""Modules above LONGEST lines, with the reason: pure data tables only."""

SUFFIXES = {
    ".cff",
    ".cfg",
    ".css",
    ".ipynb",
    ".js",
    ".json",
    ".md",
    ".py",
    ".svg",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}

LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

REGISTRIES = re.compile(
    r"\b(pypi|pythonhosted|npmjs|crates|debian|ubuntu|anaconda|docker)\.(org|io|com|net)\b"
)
"""Host names of package registries: how a machine reaches them is its own affair."""

OWN = str(Path(__file__).relative_to(ROOT))


def texts() -> list[tuple[str, str]]:
    """Return every text file of the project with its contents; not this one, which spells what it seeks."""
    chosen = [path for path in files() if path.suffix in SUFFIXES or not path.suffix]
    named = [(str(path.relative_to(ROOT)), path) for path in chosen]
    return [(name, path.read_text(encoding="utf-8")) for name, path in named if name != OWN]


def length(module: Path) -> int:
    return module.read_text(encoding="utf-8").count("\n")


def test_modules_are_short() -> None:
    long = {str(path.relative_to(ROOT)): length(path) for path in modules() if length(path) > LONGEST}
    assert long.keys() == LONG_MODULES.keys(), long


def test_nothing_is_left_over() -> None:
    assert [name for name, text in texts() if LEFT_OVER.search(text)] == []


def test_no_registry_is_named() -> None:
    assert [name for name, text in texts() if REGISTRIES.search(text)] == []


@pytest.mark.parametrize("text", ["# TODO later", "x = 1  # FIXME"])
def test_a_left_over_mark_is_found(text: str) -> None:
    assert LEFT_OVER.search(text)


@pytest.mark.parametrize("name", ["pypi", "registry.npmjs"])
def test_a_registry_is_found(name: str) -> None:
    assert REGISTRIES.search(f"https://{name}.org/simple")


def test_the_placeholder_is_listed() -> None:
    """To publish is to replace OWNER/REPO: CONTRIBUTING.md lists the files where it stands, all of them."""
    publishing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Publishing")[2]
    listed = set(re.findall(r"^- `([^`]+)`", publishing, re.MULTILINE))
    assert {name for name, text in texts() if "OWNER/REPO" in text} - {"CONTRIBUTING.md"} == listed


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_named_paths_exist(document: str) -> None:
    """A path in backticks or behind a link is one that a reader can open; NAME and NN stand for any."""
    text = (ROOT / document).read_text(encoding="utf-8")
    quoted = re.findall(r"`((?:benchmarks|binder|chapters|docs|tcpbook|tests|tools)/[^\s`]*)`", text)
    linked = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    named = [path for path in quoted + linked if not re.search("NAME|NN", path)]
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_shows_a_widget_of_each_chapter() -> None:
    """`make pictures` takes them; they stay small, and each has words for those who don't see it."""
    linked = re.compile(r"\[!\[([^\]]+)\]\((docs/widgets/(\d\d)\.png)\)\]\(chapters/([^)]+)\)")
    shown = linked.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [chapter for *_, chapter in shown] == [path.name for path in CHAPTERS]
    assert all(chapter.startswith(number) and len(words.split()) > 10 for words, _, number, chapter in shown)
    pictures = sorted((ROOT / "docs/widgets").iterdir())
    assert [path.relative_to(ROOT).as_posix() for path in pictures] == [picture for _, picture, *_ in shown]
    assert max(path.stat().st_size for path in pictures) < 60_000


def test_exceptions_are_explained() -> None:
    """Each rule that ruff or mypy is told to pass over says why, on its line or just above."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    waiver = re.compile(r'\s*"[A-Z]+\d+",|".*" = \["[A-Z]+\d+"|ignore_missing|untyped_|disable_error|allow_')
    waived = [number for number, line in enumerate(lines) if waiver.match(line)]
    assert waived
    assert [lines[n] for n in waived if "#" not in "".join(lines[max(0, n - 2) : n + 1])] == []


def test_suppressions_name_their_rule() -> None:
    """No bare `noqa` and no bare `type: ignore`."""
    bare = re.compile(r"#\s*(noqa(?!: [A-Z])|type: ignore(?!\[))")
    assert [name for name, text in texts() if name.endswith(".py") and bare.search(text)] == []


def test_one_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_json_is_json() -> None:
    assert all(json.loads(text) for name, text in texts() if name.endswith((".ipynb", ".json")))
