"""BlazeFace's anchors, and the decoding of its raw outputs.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019,
and the published SSD parameters of MediaPipe's face detectors: fixed anchors of size 1, so that an
anchor is only its centre. Pure NumPy, stateless, safe to use from several threads.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from emotion.detection.decoding import anchor_centers
from emotion.types import Floats

NUM_LANDMARKS = 6
"""As seen in the image: left eye, right eye, nose tip, mouth, left ear, right ear (tragions)."""

VALUES = 4 + 2 * NUM_LANDMARKS
"""Values of one anchor in the raw output: centre x and y, width, height, then the landmarks."""


@lru_cache(maxsize=64)  # a folder of photos has few distinct shapes after rounding to the stride
def shared_anchor_centers(height: int, width: int, layers: tuple[tuple[int, int], ...]) -> Floats:
    """``anchor_centers`` of an input, made once for each shape; read-only."""
    centers = anchor_centers(height, width, layers)
    centers.flags.writeable = False
    return centers


def decode(raw: Floats, centers: Floats) -> tuple[Floats, Floats]:
    """Squares and landmarks of raw outputs.

    Args:
        raw: (..., A, 16), see ``VALUES``.
        centers: Of the anchors, (A, 2).

    Returns:
        Boxes (..., A, 4), nearly square, and landmarks (..., A, 6, 2), in pixels of the input.
    """
    center = raw[..., :2] + centers
    half = raw[..., 2:4] / 2
    boxes = np.concatenate([center - half, center + half], axis=-1)
    landmarks = raw[..., 4:].reshape(*raw.shape[:-1], NUM_LANDMARKS, 2) + centers[:, None, :]
    return boxes, landmarks
