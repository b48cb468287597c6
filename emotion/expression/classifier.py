"""The expression classifier: face crops in, calibrated probabilities out.

The compiled form of the Keras model runs in LiteRT; scaling to floats is inside the model. The way
from logits to the seven probabilities (temperature scaling, leaving out labels beyond the seven) is
here once, for serving and evaluation alike. Safe to use from several threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotion.expression.crop import to_input
from emotion.expression.occlusion import OcclusionMap, occlusion_map
from emotion.models.litert import CompiledModel
from emotion.models.spec import SERVED_FILE, HeadSpec, ModelSpec, read_checked, read_spec
from emotion.types import EMOTIONS, Floats, Image

MAX_BATCH = 64
"""Faces of one call to the model; more are split into batches, so that memory stays bounded."""


def softmax(logits: np.ndarray) -> Floats:
    """Rows that sum to 1, float32 (N, C), of logits (N, C)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exponents: Floats = np.exp(shifted, dtype=np.float32)
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))


def probabilities(logits: np.ndarray, head: HeadSpec) -> Floats:
    """Calibrated probabilities of one head.

    Labels beyond the seven are left out before the softmax, which shares their probability among
    the seven in proportion.

    Args:
        logits: (N, C), in the order of the head's labels.
        head: Its labels and temperature.

    Returns:
        float32 (N, 7) in the order of ``EMOTIONS``, rows summing to 1.
    """
    return softmax(seven_logits(logits, head))


def seven_logits(logits: np.ndarray, head: HeadSpec) -> Floats:
    """Calibrated logits (N, 7) in the order of ``EMOTIONS``, from a head's logits (N, C)."""
    columns = [head.labels.index(name) for name in EMOTIONS]
    return np.asarray(logits[:, columns] / head.temperature)


class Classifier:
    """A model of ``models/`` that classifies with one of its heads.

    Args:
        folder: With ``spec.json`` and the compiled model.
        head: Output head to use; by default the spec's.
        num_threads: Of one call to the model.

    Raises:
        ModelError: When the folder's files are missing or damaged.
        ValueError: When the model has no such head.
    """

    def __init__(self, folder: Path, *, head: str | None = None, num_threads: int = 1) -> None:
        self.spec: ModelSpec = read_spec(folder)
        self.head = head or self.spec.default_head
        if self.head not in self.spec.heads:
            raise ValueError(
                f"expected head to be one of {', '.join(self.spec.heads)}, got {head!r}"
            )
        self._model = CompiledModel(
            read_checked(folder, SERVED_FILE, self.spec), num_threads=num_threads
        )

    def logits(self, crops: Sequence[Image]) -> dict[str, Floats]:
        """Logits of every head, before calibration.

        Args:
            crops: N crops, uint8 (h, w) or RGB (h, w, 3), of any size.

        Returns:
            Name of the head -> float32 (N, C).

        Raises:
            ValueError: One crop in place of a sequence, or something that is no crop.
        """
        _check_crops(crops)
        size, channels = self.spec.input_size, self.spec.channels
        parts: list[dict[str, Floats]] = []
        for start in range(0, len(crops), MAX_BATCH):
            some = crops[start : start + MAX_BATCH]
            faces = [to_input(np.asarray(crop), size, channels) for crop in some]
            batch = np.stack(faces).reshape(len(faces), *size, channels)
            outputs = dict(self._model(batch))
            if self.spec.mirror:
                mirrored = self._model(np.ascontiguousarray(batch[:, :, ::-1]))
                outputs = {name: (outputs[name] + mirrored[name]) / 2 for name in outputs}
            parts.append(outputs)
        if not parts:
            return {
                name: np.empty((0, len(head.labels)), np.float32)
                for name, head in self.spec.heads.items()
            }
        return {name: np.concatenate([p[name] for p in parts]) for name in self.spec.heads}

    def classify(self, crops: Sequence[Image]) -> Floats:
        """Probabilities, float32 (N, 7) in the order of ``EMOTIONS``, of N face crops."""
        return probabilities(self.logits(crops)[self.head], self.spec.heads[self.head])

    def occlusion_map(self, crop: Image) -> OcclusionMap:
        """Which regions of a crop spoke for each expression; takes some fifty classifications.

        Args:
            crop: uint8 (h, w) or RGB (h, w, 3), of any size.

        Returns:
            The map, its classes in the order of ``EMOTIONS``.
        """
        face = to_input(np.asarray(crop), self.spec.input_size, self.spec.channels)
        head = self.spec.heads[self.head]
        return occlusion_map(lambda crops: seven_logits(self.logits(crops)[self.head], head), face)


def _check_crops(crops: object) -> None:
    """Refuses one crop in place of a sequence, whose rows would be taken for crops.

    A stack (N, h, w, 3), or of grey crops (N, h, w), is a sequence.
    """
    if isinstance(crops, np.ndarray) and (
        crops.ndim < 3 or (crops.ndim == 3 and crops.shape[2] in (1, 3))
    ):
        raise ValueError(
            f"expected a sequence of crops, got one array of shape {crops.shape}; for one crop, "
            "give [crop]"
        )
