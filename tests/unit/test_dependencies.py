"""What the package imports is what pyproject.toml declares."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import emotion

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

DISTRIBUTIONS = {
    "ai_edge_litert": "ai-edge-litert",
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "pillow_heif": "pillow-heif",
    "sklearn": "scikit-learn",
    "streamlit_webrtc": "streamlit-webrtc",
}
"""Import name -> distribution, where the two differ."""

EXTRAS = {"training": "train", "archive": "archive"}
"""Package of ours -> the extra that it may import from, beside the base dependencies."""

PATCHED = {"aiortc", "streamlit", "streamlit-webrtc", "starlette"}
"""Distributions whose private parts are used or replaced: they need an upper bound."""


def names(requirements: list[str]) -> set[str]:
    """The distributions that some requirements name."""
    return {re.split(r"[\s<>=!~;\[]", requirement)[0] for requirement in requirements}


BASE = names(PROJECT["dependencies"])


def imported(path: Path) -> set[str]:
    """The distributions that a file imports, also inside functions or by name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if function in {"import_module", "find_spec"}:
                found.add(str(node.args[0].value))
    tops = {name.split(".")[0] for name in found} - sys.stdlib_module_names - {"emotion"}
    return {DISTRIBUTIONS.get(top, top) for top in tops}


FILES = sorted((ROOT / "emotion").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_import_is_declared(path: Path) -> None:
    part = path.relative_to(ROOT / "emotion").parts[0]
    declared = set(BASE)
    if part in EXTRAS:
        declared |= names(PROJECT["optional-dependencies"][EXTRAS[part]])
    assert imported(path) <= declared


def test_imports_of_every_kind_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        "import os, cv2.data\n"
        "from . import sibling\n"
        "from emotion import types\n"
        "def run():\n"
        "    from PIL import Image\n"
        "    importlib.util.find_spec('sklearn.svm')\n"
    )
    assert imported(file) == {"opencv-python-headless", "pillow", "scikit-learn"}


@pytest.mark.parametrize("name", sorted(PATCHED))
def test_what_is_patched_has_an_upper_bound(name: str) -> None:
    (requirement,) = (each for each in PROJECT["dependencies"] if names([each]) == {name})
    assert "<" in requirement


def test_the_version_is_written_once() -> None:
    assert PROJECT["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", emotion.__version__)
