"""Loads a detector by name: hybrid, blazeface, one under ``models/``, or a YuNet's file."""

from __future__ import annotations

import os
from pathlib import Path

from emotion.detection.base import LoadedDetector
from emotion.detection.libfacedetection import is_installed
from emotion.detection.score_fusion import FUSION_FILE
from emotion.detection.single_shot import SingleShotDetector
from emotion.errors import ModelError
from emotion.models.spec import (
    DEFAULT_DETECTOR_FILE,
    SPEC_FILE,
    model_folder,
    models_folder,
    own_models,
)

HYBRID, BLAZEFACE = "hybrid", "blazeface"


def load_detector(
    name: str | os.PathLike[str] | None = None, *, num_threads: int = 1
) -> LoadedDetector:
    """The detector of a name.

    Args:
        name: ``hybrid`` for libfacedetection and BlazeFace together; ``blazeface`` for the cascade
            of two BlazeFace networks; a file that ends in ``.onnx`` for a YuNet; all else is a name
            or folder under ``models/``. By default the one that ``models/`` names, with
            ``blazeface`` in place of ``hybrid`` where libfacedetection is not installed.
        num_threads: Of one call to a network; a YuNet chooses its own.

    Raises:
        ModelError: When it is missing or damaged.
    """
    if name is None:
        name = default_detector()
        if name == HYBRID and not is_installed():
            name = BLAZEFACE
    if name == HYBRID:
        from emotion.detection.hybrid import HybridDetector

        return HybridDetector.load(detector_folder(HYBRID, FUSION_FILE), num_threads=num_threads)
    if name == BLAZEFACE:
        from emotion.detection.blazeface import BlazeFaceDetector

        return BlazeFaceDetector(num_threads=num_threads)
    if Path(name).suffix.lower() == ".onnx":
        from emotion.detection.yunet import YuNetDetector

        return YuNetDetector(Path(name))
    return SingleShotDetector.load(detector_folder(name), num_threads=num_threads)


def detector_folder(name: str | os.PathLike[str], file: str = SPEC_FILE) -> Path:
    """The folder of a detector that holds a file, also one of this project's own.

    ``EMOTION_MODELS`` may name a folder without it.

    Raises:
        ModelError: When there is none.
    """
    for folder in (models_folder() / name, Path(name), own_models() / name):
        if (folder / file).is_file():
            return folder
    return model_folder(name)  # which tells what there is


def default_detector() -> str:
    """The name of the default detector.

    A folder of models of one's own (``EMOTION_MODELS``) need not name one: then it is this
    project's.

    Raises:
        ModelError: When no folder of models names one.
    """
    for root in (models_folder(), own_models()):
        if (root / DEFAULT_DETECTOR_FILE).is_file():
            return (root / DEFAULT_DETECTOR_FILE).read_text().strip()
    raise ModelError(f"No default detector is named in {own_models()}; install this program again.")
