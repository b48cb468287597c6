"""Loads a detector by name: hybrid, blazeface, or one under ``models/``."""

from __future__ import annotations

import os
from pathlib import Path

from emotion.detection.base import LoadedDetector
from emotion.detection.blazeface import BlazeFaceDetector
from emotion.detection.hybrid import HybridDetector
from emotion.detection.score_fusion import FUSION_FILE, ScoreFusion
from emotion.detection.single_shot import SingleShotDetector
from emotion.errors import ModelError
from emotion.models.spec import (
    DEFAULT_DETECTOR_FILE,
    SPEC_FILE,
    model_folder,
    models_folder,
    own_models,
)

HYBRID, BLAZEFACE, YUNET = "hybrid", "blazeface", "yunet"


def load_detector(
    name: str | os.PathLike[str] | None = None, *, num_threads: int = 1
) -> LoadedDetector:
    """The detector of a name.

    Args:
        name: ``hybrid`` for YuNet and BlazeFace together; ``blazeface`` for the cascade of two
            BlazeFace networks; all else is a name or folder under ``models/``. By default the one
            that ``models/`` names.
        num_threads: Of one call to a network.

    Raises:
        ModelError: When it is missing or damaged.
    """
    name = default_detector() if name is None else name
    if name == HYBRID:
        return load_hybrid(num_threads=num_threads)
    if name == BLAZEFACE:
        return BlazeFaceDetector(num_threads=num_threads)
    return SingleShotDetector.load(detector_folder(name), num_threads=num_threads)


def load_hybrid(fusion: ScoreFusion | None = None, *, num_threads: int = 1) -> HybridDetector:
    """The hybrid detector.

    Args:
        fusion: In place of its own coefficients.
        num_threads: Of one call to a network.

    Raises:
        ModelError: When a network or the coefficients are missing or damaged.
    """
    roots = (models_folder(), own_models())
    root = next((r for r in roots if (r / HYBRID / FUSION_FILE).is_file()), own_models())
    # Coefficients hold for the network that they were fitted with: both come from one place.
    yunet = root / YUNET if (root / YUNET / SPEC_FILE).is_file() else own_models() / YUNET
    return HybridDetector(
        SingleShotDetector.load(yunet, num_threads=num_threads),
        BlazeFaceDetector(num_threads=num_threads),
        fusion or ScoreFusion.read(root / HYBRID),
    )


def detector_folder(name: str | os.PathLike[str]) -> Path:
    """The folder of a single-shot detector, also of one of this project's own.

    ``EMOTION_MODELS`` may name a folder without it.

    Raises:
        ModelError: When there is none.
    """
    for folder in (models_folder() / name, Path(name), own_models() / name):
        if (folder / SPEC_FILE).is_file():
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
