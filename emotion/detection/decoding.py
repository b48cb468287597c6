"""Arithmetic that decoding has in common for all networks: anchor centres, logits and scores.

Pure NumPy, stateless, safe to use from several threads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emotion.types import Floats


def anchor_centers(height: int, width: int, layers: Sequence[tuple[int, int]]) -> Floats:
    """Centres of a network's anchors, in the order of its output.

    Args:
        height: Of the input in pixels.
        width: Of the input in pixels.
        layers: (stride in pixels, anchors per cell) of each output grid, the finest first.

    Returns:
        float32 (A, 2), x and y in pixels of the input. Cells go row by row; the anchors of one
        cell lie together.
    """
    grids = []
    for stride, count in layers:
        rows, columns = -(-height // stride), -(-width // stride)  # "same" padding rounds up
        y, x = np.mgrid[0:rows, 0:columns]
        cells = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride
        grids.append(np.repeat(cells, count, axis=0))
    return np.concatenate(grids).astype(np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Scores 0..1, float32, of any logits; extreme ones saturate without an overflow warning."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))), dtype=np.float32)


def logit(score: float) -> float:
    """The inverse of ``sigmoid`` for one score; -inf and inf at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(np.log(score) - np.log1p(-score))
