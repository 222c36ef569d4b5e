"""The floors of the package: every arrow points down, and the lowest floor stands on Python alone."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tree import CHAPTERS, PACKAGE, ROOT, code, modules

FLOORS = ["protocol", "ports", "lab", "figures", "widgets", "exercises"]
"""The floors, lowest first. The chapters stand above all of them."""

LIBRARIES = {
    "protocol": set[str](),
    "ports": {"pandas"},
    "lab": {"numpy", "pandas", "psutil"},
    "figures": {"graphviz"},
    "widgets": {"IPython", "anywidget", "ipywidgets", "jupyter_server", "traitlets"},
    "exercises": {"IPython", "anywidget", "ipywidgets", "traitlets"},
}
"""What a floor may import beside the standard library."""

OUTSIDE_WORLD = {
    *(
        "asyncio",
        "builtins",
        "ctypes",
        "datetime",
        "io",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
    ),
    *(
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
    ),
}
"""Modules that would give the protocol I/O, a clock or chance."""


def imports(tree: ast.AST, package: str = "") -> set[str]:
    """Return the dotted names imported anywhere in `tree`, a module of `package`; relative ones resolved."""
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names |= {f"{origin}.{alias.name}" for alias in node.names}
    return names


def imports_of(module: Path) -> set[str]:
    """Return the dotted names that a file of the package imports."""
    return imports(parse(module), package_of(module))


def parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def package_of(module: Path) -> str:
    return ".".join(module.relative_to(ROOT).parent.parts)


def wrong_imports(floor: str, tree: ast.AST, package: str) -> set[str]:
    """Return what a module on `floor` imports and must not."""
    below = FLOORS[: FLOORS.index(floor) + 1]
    wrong = set[str]()
    for name in imports(tree, package):
        top, *rest = name.split(".")
        if top == "tcpbook":
            allowed = bool(rest) and rest[0] in below
        else:
            allowed = top in sys.stdlib_module_names or top in LIBRARIES[floor]
        if not allowed:
            wrong.add(name)
    return wrong


def floor_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0]


def on_a_floor() -> list[Path]:
    """Every module but the vocabulary, tcpbook/__init__.py, which looks down on all of them."""
    return [module for module in modules() if module.parent != PACKAGE]


def test_every_folder_is_a_floor() -> None:
    assert {floor_of(module) for module in on_a_floor()} <= set(FLOORS)
    assert [path.name for path in modules() if path.parent == PACKAGE] == ["__init__.py"]


@pytest.mark.parametrize("module", on_a_floor(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(module: Path) -> None:
    assert not wrong_imports(floor_of(module), parse(module), package_of(module))


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("protocol", "from tcpbook.figures import theme"),
        ("protocol", "from ..figures.theme import COLORS"),
        ("protocol", "from tcpbook import FlagLab"),
        ("protocol", "import tcpbook"),
        ("protocol", "def f():\n    import numpy"),
        ("figures", "from tcpbook.widgets.flag_lab import FlagLab"),
        ("figures", "import ipywidgets"),
        ("widgets", "from ..exercises import predict"),
    ],
)
def test_an_upward_import_is_found(floor: str, source: str) -> None:
    assert wrong_imports(floor, ast.parse(source), f"tcpbook.{floor}")


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("protocol", "from . import seqnum\nfrom .flags import Flags\nimport struct"),
        ("widgets", "from tcpbook.figures.theme import COLORS\nimport anywidget"),
        ("exercises", "from tcpbook.widgets import base"),
    ],
)
def test_a_downward_import_is_allowed(floor: str, source: str) -> None:
    assert not wrong_imports(floor, ast.parse(source), f"tcpbook.{floor}")


def test_the_protocol_has_no_outside_world() -> None:
    """Sans I/O: no socket, no file, no clock, no chance, no printing."""
    found = set[str]()
    for module in PACKAGE.glob("protocol/*.py"):
        used = {name.split(".")[0] for name in imports_of(module)} & OUTSIDE_WORLD
        called = {
            node.func.id
            for node in ast.walk(parse(module))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        } & {"input", "open", "print"}
        found |= {f"{module.name}: {name}" for name in used | called}
    assert not found


def test_chapters_import_the_vocabulary_only() -> None:
    assert {
        f"{chapter.name}: {name}"
        for chapter in CHAPTERS
        for name in imports(code(chapter))
        if not re.fullmatch(r"tcpbook(\.\w+)?", name)
    } == set()


def test_imported_libraries_are_required() -> None:
    """requirements.txt names what is imported; what comes along with jupyterlab and ipywidgets is not repeated."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    required = set(re.findall(r"^[\w-]+", text, re.MULTILINE)) | {"IPython", "jupyter_server", "traitlets"}
    used = {name.split(".")[0] for module in modules() for name in imports_of(module)}
    assert used - set(sys.stdlib_module_names) - {"tcpbook"} - required == set()
