"""An image pyramid: one image at several sizes, for views of very different scale."""

from __future__ import annotations

import math

import numpy as np

from emotion.geometry.affine import Affine, downscale, warp
from emotion.types import Image


class Pyramid:
    """An image and its successive halvings, each made when first needed. Not thread-safe.

    Sampling a large face at every seventh pixel would alias, and what a network sees would change
    with every small movement; a halving is the true mean of four pixels.
    """

    def __init__(self, image: Image) -> None:
        self._levels = [(image, 1.0, 1.0)]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the image."""
        image = self._levels[0][0]
        return image.shape[0], image.shape[1]

    def level(self, shrink: float) -> tuple[Image, float, float]:
        """The smallest level at most ``shrink`` times smaller, and its scale in x and in y."""
        wanted = int(math.log2(shrink)) if shrink >= 2 else 0
        while len(self._levels) <= wanted and max(self._levels[-1][0].shape[:2]) >= 2:
            image, scale_x, scale_y = self._levels[-1]
            by_y, by_x = (2 if side >= 2 else 1 for side in image.shape[:2])
            half = downscale(image, by_x, by_y)
            self._levels.append((half, scale_x / by_x, scale_y / by_y))
        return self._levels[min(wanted, len(self._levels) - 1)]

    def warp(self, matrix: Affine, size: tuple[int, int]) -> Image:
        """The image after a map that scales evenly, from the level that fits its scale.

        Args:
            matrix: From pixels of the image to pixels of the result.
            size: (height, width) of the result.

        Returns:
            uint8 (height, width, 3); black beyond the image.
        """
        image, scale_x, scale_y = self.level(1 / math.hypot(matrix[0, 0], matrix[1, 0]))
        return warp(
            image, np.column_stack([matrix[:, :2] / [scale_x, scale_y], matrix[:, 2]]), size
        )
