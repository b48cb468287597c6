"""Where one shot ends and another begins."""

from __future__ import annotations

import cv2
import numpy as np

from emotion.types import Floats, Image

SIDE = 16
DIFFERENT = 0.18
"""Mean difference of two pictures' colours, 0..1, from which on they are different shots."""

STEADY = 3.0
"""A cut differs by so many times more than the frames before it did: a shaking camera does not."""


class CutDetector:
    """Compares each frame of one clip with the one before it, at ``SIDE`` x ``SIDE`` pixels."""

    def __init__(self) -> None:
        self._last: Floats | None = None
        self._usual = 0.0

    def is_cut(self, image: Image) -> bool:
        """Whether this RGB uint8 (H, W, 3) frame begins a new shot; the first one does not."""
        small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, np.asarray(small / 255)
        if last is None:
            return False
        change = float(np.abs(self._last - last).mean())
        cut = change > max(DIFFERENT, STEADY * self._usual)
        if not cut:
            self._usual = 0.8 * self._usual + 0.2 * change
        return cut
