"""One BlazeFace network: its file, its input of floats, its candidate faces.

The model files are MediaPipe's (Apache 2.0), see ``models/blazeface/NOTICE``. Safe to use from
several threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emotion.detection.base import Candidates
from emotion.detection.blazeface.anchors import decode, shared_anchor_centers
from emotion.detection.decoding import logit, sigmoid
from emotion.errors import ModelError
from emotion.models.litert import CompiledModel
from emotion.models.spec import models_folder, own_models, sha256_of
from emotion.types import Image

FOLDER = "blazeface"
"""Of the files, under ``models/``."""


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A published model.

    Attributes:
        name: Of the file in its folder.
        sha256: Of the file.
        size: Side in pixels of the square input that it was trained with.
        layers: (stride, anchors per cell) of each output grid, the finest first.
    """

    name: str
    sha256: str
    size: int
    layers: tuple[tuple[int, int], ...]


BACK = ModelFile(
    name="face_detection_back.tflite",
    sha256="e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    size=256,
    layers=((16, 2), (32, 6)),
)
"""Trained for a telephone's back camera: several faces, also small ones."""

SHORT_RANGE = ModelFile(
    name="face_detection_short_range.tflite",
    sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    size=128,
    layers=((8, 2), (16, 6)),
)
"""Trained for selfies: one or two large faces."""


class BlazeFace:
    """A network and the decoding of its outputs.

    It is fully convolutional: any input whose sides are multiples of ``stride`` works, and a wide
    picture need not pay for a square one.
    """

    def __init__(self, file: ModelFile, *, num_threads: int = 1) -> None:
        self.file = file
        self._model = CompiledModel(read_model(file), num_threads=num_threads)

    @property
    def stride(self) -> int:
        """Sides of an input are multiples of this."""
        return self.file.layers[-1][0]

    def candidates(self, image: Image, min_score: float) -> Candidates:
        """Candidate faces of one input, before any suppression.

        Pictures run one by one: in a batch the work of a picture leaves the cache, eight cost 15 to
        20 % more, and each new number of faces re-plans the network.

        Args:
            image: RGB uint8 (H, W, 3), both sides multiples of ``stride``.
            min_score: 0..1; what scores no more is background.

        Returns:
            BlazeFace's squares with six landmarks each, in pixels of the input, in anchor order.
        """
        # The network was trained on -1..1.
        batch = np.multiply(image[None], np.float32(1 / 127.5), dtype=np.float32)
        batch -= 1
        outputs = self._model(batch)
        logits = outputs["classificators"][0, :, 0]
        centers = shared_anchor_centers(*image.shape[:2], self.file.layers)
        keep = logits > logit(min_score)
        boxes, landmarks = decode(outputs["regressors"][0][keep], centers[keep])
        return Candidates(boxes, landmarks, sigmoid(logits[keep]))


def read_model(file: ModelFile) -> bytes:
    """The bytes of a published model file.

    A folder of models of one's own (``EMOTION_MODELS``) need not hold it: then it is this
    project's.

    Raises:
        ModelError: When it is missing or not the file with the expected checksum.
    """
    paths = [root / FOLDER / file.name for root in (models_folder(), own_models())]
    path = next((path for path in paths if path.is_file()), paths[-1])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The face detector's file {path} is missing or unreadable; install this program again."
        ) from error
    if sha256_of(data) != file.sha256:
        raise ModelError(
            f"The face detector's file {path} is damaged or of another version; "
            "install this program again."
        )
    return data
