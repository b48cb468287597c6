"""The record of a training run: settings, data, versions, and origins of its weights."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from emotion.detection.spec import DetectorSpec
from emotion.models.spec import KERAS_FILE, RUN_FILE, ModelSpec, read_spec
from emotion.training.common.settings import validated_settings


def run_record(config: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Makes the record of a run: settings, data hashes, git revision and library versions.

    Args:
        config: Settings of the run, a dataclass.
        data: Entry on the data: names and hashes.
    """
    return {
        "config": asdict(config),
        "data": data,
        "git_revision": _git_revision(),
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in ("keras", "tensorflow", "numpy")},
        },
    }


def origin_of(folder: Path, spec: ModelSpec | DetectorSpec | None = None) -> dict[str, Any]:
    """Describes a model as the origin of another run's weights.

    Args:
        folder: The model's folder.
        spec: Its spec; read from the folder where it is None.

    Returns:
        Its name, checksum and own record.
    """
    spec = spec or read_spec(folder)
    return {
        "model": spec.name,
        "sha256": spec.checksums[KERAS_FILE],
        "run": read_json(folder / RUN_FILE),
    }


def read_json(path: Path) -> Any:
    """Reads a JSON file, such as a run's record; None where it does not exist."""
    return json.loads(path.read_text()) if path.is_file() else None


def same_run(folder: Path, record: dict[str, Any], kind: type) -> bool:
    """Whether the run recorded in a folder has the same settings, data and origins as another.

    A setting that a record lacks has its default, so that old runs can be resumed when a new
    setting is added.

    Args:
        folder: Folder of the recorded run.
        record: Record of the other run.
        kind: Dataclass of the settings.
    """
    try:
        found = json.loads((folder / RUN_FILE).read_text())
        settings = [kind(**validated_settings(kind, r["config"])) for r in (found, record)]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    expected = json.loads(json.dumps(record))
    same = all(found.get(key) == expected.get(key) for key in ("data", "start_from", "teacher"))
    return bool(settings[0] == settings[1]) and same


def _git_revision() -> str | None:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
