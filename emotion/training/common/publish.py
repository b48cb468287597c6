"""Publishing a trained model: its files are written and checked aside, then moved into place."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np

from emotion.errors import ModelError
from emotion.files import move_into_place
from emotion.models.litert import CompiledModel
from emotion.models.spec import KERAS_FILE, RUN_FILE, SERVED_FILE, SPEC_FILE, sha256_of
from emotion.training.common.run_folder import HISTORY

Check = tuple[np.ndarray, Mapping[str, np.ndarray]]
"""Inputs of a model, and the Keras model's outputs for them by name."""


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Replaces a model's files all at once, or not at all.

    When an error is raised inside of the context, ``folder`` stays as it was, or missing. Files of
    other names stay, too. The spec is moved last: it holds the checksums of the others, so that a
    kill between two moves leaves a folder that works as before or is refused, never one whose
    weights differ from what its spec says.

    Args:
        folder: The model's folder.

    Yields:
        An empty folder beside it; its files replace those of the same name at the end.

    Example:
        >>> with staged(Path("models/NAME")) as stage:
        ...     (stage / "spec.json").write_text(spec.to_json())
    """
    folder = folder.resolve()  # beside the target of a link, where a move is one step
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        stage = Path(aside)
        yield stage
        folder.mkdir(exist_ok=True)
        for path in sorted(stage.iterdir(), key=lambda path: (path.name == SPEC_FILE, path.name)):
            move_into_place(path, folder / path.name)


def save_and_compile(
    model: keras.Model,
    stage: Path,
    checks: Iterable[Check],
    tolerances: Mapping[str, float],
    *,
    float16: bool = False,
) -> dict[str, str]:
    """Writes ``model.keras`` and its compiled form ``model.tflite``.

    Args:
        model: The model, with plain normalisation layers.
        stage: Folder for the files.
        checks: What the compiled form is compared on, see ``check_compiled``.
        tolerances: Largest difference of each output.
        float16: Whether the compiled form stores its weights as float16; it computes in float32
            all the same.

    Returns:
        Name -> sha256 of the two files.

    Raises:
        ModelError: When the compiled form does not equal the Keras model.
    """
    model.save(stage / KERAS_FILE)
    model.export(stage / SERVED_FILE, format="litert", verbose=False, **_storage(float16))
    check_compiled((stage / SERVED_FILE).read_bytes(), checks, tolerances)
    return {name: sha256_of(stage / name) for name in (KERAS_FILE, SERVED_FILE)}


def check_compiled(
    compiled: bytes, checks: Iterable[Check], tolerances: Mapping[str, float]
) -> None:
    """Compares a compiled model with the Keras model that it was made from.

    Args:
        compiled: Content of the compiled file.
        checks: Inputs and the outputs that are expected for them.
        tolerances: Largest absolute difference of each output, by name.

    Raises:
        ModelError: When an output is missing, or has another shape or other values.
    """
    model = CompiledModel(compiled)
    for inputs, outputs in checks:
        found = model(inputs)
        for name, expected in outputs.items():
            if name not in found:
                raise ModelError(f"The compiled model has no output {name!r}: {sorted(found)}.")
            if found[name].shape != expected.shape:
                raise ModelError(
                    f"The compiled model's {name!r} has shape {found[name].shape} for inputs of "
                    f"shape {inputs.shape}, not {expected.shape}; it was not taken."
                )
            difference = float(np.abs(found[name] - expected).max())
            if difference > tolerances[name]:
                raise ModelError(
                    f"The compiled model differs from Keras by {difference:.2g} in {name!r}, more "
                    f"than {tolerances[name]:.2g}; it was not taken."
                )


def _storage(float16: bool) -> dict[str, Any]:
    """Arguments of the export: weights as float16, or as they are."""
    if not float16:
        return {}
    import tensorflow as tf

    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "target_spec": {"supported_types": [tf.float16]},
    }


def copy_run_files(run: Path, folder: Path) -> None:
    """Copies a run's record and history from its folder into the model's."""
    for name in (RUN_FILE, HISTORY):
        shutil.copyfile(run / name, folder / name)
