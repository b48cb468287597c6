"""From a single-shot network's raw outputs to candidate faces: anchor points and decoding.

The network predicts at anchor points, one in the middle of each cell of ``stride`` px, as FCOS
(Tian et al., ICCV 2019) and YuNet (Wu et al., Machine Intelligence Research 2023) do: there are no
anchor boxes. Everything is in pixels of the network's input, x right and y down, pixel 0 reaching
from 0 to 1. Pure NumPy; stateless, safe to use from several threads. N = 0 is ordinary everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from emotion.detection.base import Candidates
from emotion.detection.decoding import anchor_centers, logit, sigmoid
from emotion.types import Floats

LANDMARKS = 5
"""As seen in the image: left eye, right eye, nose tip, left and right corner of the mouth."""

VALUES = 5 + 2 * LANDMARKS
"""Values at an anchor point: score logit; centre x, y and log of width and height; landmarks x, y.

Lengths are in strides, positions relative to the anchor point.
"""

MAX_LOG_SIZE = 5.0  # 148 strides; keeps the exponential finite
MAX_CANDIDATES = 1000  # suppression compares each with each; a crowd of 200 has about as many


@lru_cache(maxsize=64)  # a folder of photos has few distinct shapes after rounding
def anchor_points(height: int, width: int, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Anchor points of a network's input.

    Args:
        height: Of the input in pixels.
        width: Of the input in pixels.
        strides: Of the network's levels.

    Returns:
        Points (A, 2) and the stride (A,) of each, both shared and read-only. Levels in the order of
        ``strides``, then row by row.
    """
    levels = [anchor_centers(height, width, [(stride, 1)]) for stride in strides]
    points = np.concatenate(levels)
    counts = [len(level) for level in levels]
    stride_of = np.repeat(np.array(strides, dtype=np.float32), counts)
    for array in (points, stride_of):
        array.flags.writeable = False
    return points, stride_of


def flatten_levels(outputs: Mapping[str, Floats], strides: Sequence[int]) -> Floats:
    """The levels' outputs (1, h, w, 15), named ``stride8`` and so on, as one array (A, 15)."""
    return np.concatenate([outputs[f"stride{stride}"].reshape(-1, VALUES) for stride in strides])


def decode(raw: Floats, points: Floats, strides: Floats) -> tuple[Floats, Floats]:
    """Boxes and landmarks of raw outputs.

    Args:
        raw: (..., 15), see ``VALUES``.
        points: The anchor points (..., 2) that they belong to.
        strides: The stride (...,) of each.

    Returns:
        Boxes (..., 4) and landmarks (..., 5, 2) in pixels of the input.
    """
    step = strides[..., None]
    center = points + raw[..., 1:3] * step
    half = np.exp(np.minimum(raw[..., 3:5], MAX_LOG_SIZE)) * step / 2
    boxes = np.concatenate([center - half, center + half], axis=-1)
    offsets = raw[..., 5:].reshape(*raw.shape[:-1], LANDMARKS, 2)
    return boxes, points[..., None, :] + offsets * step[..., None]


def decode_candidates(
    outputs: Mapping[str, Floats],
    shape: tuple[int, int],
    strides: tuple[int, ...],
    min_score: float,
) -> Candidates:
    """Candidate faces of one input, before any suppression.

    Args:
        outputs: Of the network for one image, see ``flatten_levels``.
        shape: (height, width) of the input.
        strides: Of the network's levels.
        min_score: 0..1; what scores less is background.

    Returns:
        With five landmarks each, best score first, at most ``MAX_CANDIDATES``.
    """
    raw = flatten_levels(outputs, strides)
    points, stride_of = anchor_points(*shape, strides)
    keep = np.flatnonzero(raw[:, 0] >= logit(min_score))
    keep = keep[np.argsort(-raw[keep, 0], kind="stable")[:MAX_CANDIDATES]]
    boxes, landmarks = decode(raw[keep], points[keep], stride_of[keep])
    return Candidates(boxes, landmarks, sigmoid(raw[keep, 0]))
