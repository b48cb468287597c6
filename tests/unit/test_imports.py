"""Imports point one way, and the light modules stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "emotion"

LAYERS = (
    {"types", "errors"},
    {"files", "intervals", "prefetch"},
    {"geometry", "imaging", "models", "samples"},
    {"expression", "detection"},
    {"analyzer"},
    {"tracking"},
    {"results"},
    {"video"},
    {"live", "archive", "training"},
    {"benchmarking"},
    {"__init__"},
    {"app", "cli"},
    {"__main__"},
)
"""From the ground up: a package imports itself and what lies in layers below, nothing else."""

LEVELS = {part: level for level, parts in enumerate(LAYERS) for part in parts}

HEAVY = {
    "streamlit": {"app"},
    "streamlit_webrtc": {"app"},
    "altair": {"app"},
    "aiortc": {"live", "app", "benchmarking"},
    "av": {"live", "app", "video", "benchmarking"},
    "tensorflow": {"training"},
    "keras": {"training"},
    "sklearn": {"training"},
    "scipy": {"training"},
    "matplotlib": {"training"},
    "ray": {"archive"},
}


def part_of(module: str) -> str:
    """The package, or the module at the top level, that a module of ours belongs to."""
    names = module.split(".")
    return names[1] if len(names) > 1 and names[1] in LEVELS else "__init__"


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    part = part_of("emotion." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    for name in imports(path):
        top = name.split(".")[0]
        if top == "emotion":
            other = part_of(name)
            below = LEVELS[other] < LEVELS[part] or other == part
            assert below, f"{part} must not import {name}"
        elif top in HEAVY:
            assert part in HEAVY[top], f"{part} must not import {name}"


def test_the_live_stream_knows_aiortc_in_its_patches_alone() -> None:
    for path in (PACKAGE / "live").glob("*.py"):
        assert not any(name.split(".")[0] == "aiortc" for name in imports(path)), path.name


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after ``code``."""
    script = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.splitlines()[-1].split())


def test_import_emotion_is_light() -> None:
    heavy = {"tensorflow", "keras", "streamlit", "aiortc", "av", "pandas", "matplotlib", "ray"}
    loaded = loaded_after("import emotion\nassert 'analyze_video' in dir(emotion)")
    assert not loaded & {*heavy, "emotion.video.pipeline", "pyarrow"}
    assert not loaded_after("import emotion\nemotion.analyze_video, emotion.to_dataframe") & heavy


def test_types_need_numpy_alone() -> None:
    heavy = {"cv2", "PIL", "ai_edge_litert", "tensorflow"}
    code = (
        "import importlib.util as u, sys\n"
        "spec = u.spec_from_file_location('alone', 'emotion/types.py')\n"
        "sys.modules['alone'] = module = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)"
    )
    assert not loaded_after(code) & heavy


@pytest.mark.parametrize("page", ["photo", "webcam", "video", "about"])
def test_pages_never_load_tensorflow(page: str) -> None:
    loaded = loaded_after(f"import emotion, emotion.app.pages.{page}\nemotion.load_analyzer()")
    assert not loaded & {"tensorflow", "keras", "jax", "torch"}


def test_unit_tests_load_neither_tensorflow_nor_a_browser() -> None:
    """``make unit`` runs in seconds; what tests import inside functions is for their reviewer."""
    modules = [path.stem for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    code = "\n".join(f"import tests.unit.{name}" for name in modules)
    assert not loaded_after(code) & {"tensorflow", "keras", "playwright", "ray"}
