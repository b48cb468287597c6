"""Occlusion maps: which regions of a face crop spoke for an expression.

Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks": a soft patch covers
the crop at each position of a grid, the network classifies every covered crop, and what a class
loses is what the region had added. Any model can be explained so, and the map holds by
construction: where it is high, covering the region does change the answer. (Class activation maps
did not, see docs/experiments.md.) Stateless; safe to use from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from emotion.types import Floats, Image

GRID = 7
"""Positions of the patch in each direction."""

RADIUS = 0.11
"""Standard deviation of the patch, a Gaussian, as a fraction of the crop's side: about half an eye
or a third of a mouth."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OcclusionMap:
    """What the network says of a crop, and of the crop with each region covered.

    Attributes:
        whole: Log odds of each class, float32 (C,).
        covered: Log odds with the patch at each position, float32 (GRID, GRID, C).
    """

    whole: Floats
    covered: Floats

    @property
    def effect(self) -> Floats:
        """By how much covering a region lowers the log odds of each class, as ``covered``.

        Positive where the region speaks for the class, negative where it speaks against it.
        """
        return self.whole - self.covered

    def covered_probability(self, row: int, column: int, label: int) -> float:
        """The probability of a class, 0..1, with the patch at one position."""
        return float(1 / (1 + np.exp(-self.covered[row, column, label], dtype=np.float64)))


def occlusion_map(logits_of: Callable[[Sequence[Image]], Floats], crop: Image) -> OcclusionMap:
    """What each region of a crop adds to each class.

    Args:
        logits_of: Maps N crops to calibrated logits, float32 (N, C).
        crop: The crop as the network takes it, uint8 (h, w) or (h, w, 3).
    """
    odds = log_odds(logits_of([crop, *covered(crop)]))
    return OcclusionMap(whole=odds[0], covered=odds[1:].reshape(GRID, GRID, -1))


def covered(crop: Image) -> list[Image]:
    """The crop with the patch at each position, row by row; the patch has the crop's mean colour.

    Args:
        crop: uint8 (h, w) or (h, w, 3).

    Returns:
        GRID * GRID crops of the same shape and dtype.
    """
    mean = crop.mean(axis=(0, 1), dtype=np.float32)
    patches = _patches(crop.shape[0], crop.shape[1])
    if crop.ndim == 3:
        patches = patches[..., None]
    return list(np.rint(crop + patches * (mean - crop)).astype(np.uint8))


def log_odds(logits: np.ndarray) -> Floats:
    """Log of p / (1 - p) of each class, float32 (N, C), without the rounding of p near 1."""
    others = np.stack([np.delete(logits, k, axis=-1) for k in range(logits.shape[-1])], axis=-2)
    top = others.max(axis=-1, keepdims=True)
    total = top[..., 0] + np.log(np.exp(others - top).sum(axis=-1))
    return np.asarray(logits - total, np.float32)


def enlarge(cells: np.ndarray, size: tuple[int, int]) -> Floats:
    """One class of a map at the resolution of a picture of the crop.

    Args:
        cells: float32 (rows, columns).
        size: (height, width) in pixels.

    Returns:
        float32 (height, width).
    """
    values = np.ascontiguousarray(cells, np.float32)
    return np.asarray(cv2.resize(values, size[::-1], interpolation=cv2.INTER_CUBIC))


@lru_cache(maxsize=4)
def _patches(height: int, width: int) -> Floats:
    """How much each position's patch covers each pixel, float32 (GRID * GRID, height, width)."""
    rows, columns = (_bumps(side) for side in (height, width))
    return np.asarray(
        (rows[:, None, :, None] * columns[None, :, None, :]).reshape(-1, height, width), np.float32
    )


def _bumps(side: int) -> Floats:
    """A Gaussian around each position of the grid, float32 (GRID, side)."""
    pixels = (np.arange(side) + 0.5) / side
    centers = (np.arange(GRID) + 0.5) / GRID
    return np.asarray(np.exp(-0.5 * ((pixels - centers[:, None]) / RADIUS) ** 2), np.float32)
