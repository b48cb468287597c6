"""Drawing surfaces: an RGB image, or the I420 planes of a video frame.

A live stream's frames arrive and leave as I420. Drawing on the planes costs a quarter of converting
to RGB and back, and leaves all other pixels untouched. Safe to use from several threads, each on
its own images.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from emotion.imaging.yuv import Planes, rgb_to_i420, split_planes
from emotion.types import Image

Color = tuple[int, int, int]
Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are exclusive."""


class Canvas(Protocol):
    """An image that rectangles and smaller images can be drawn into."""

    @property
    def height(self) -> int:
        """Pixels."""
        ...

    @property
    def width(self) -> int:
        """Pixels."""
        ...

    def frame(self, rect: Rect, color: Color, thickness: int) -> None:
        """Draws a rectangle's outline in an RGB colour."""
        ...

    def paste(self, picture: Image, left: int, top: int) -> None:
        """Copies in an RGB image with even sides; it has to fit."""
        ...


class RgbCanvas:
    """An RGB image, uint8 (H, W, 3), C-contiguous; drawing changes it in place."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.height, self.width = image.shape[:2]

    def frame(self, rect: Rect, color: Color, thickness: int) -> None:
        """See ``Canvas``."""
        cv2.rectangle(self._image, rect[:2], (rect[2] - 1, rect[3] - 1), color, thickness)

    def paste(self, picture: Image, left: int, top: int) -> None:
        """See ``Canvas``."""
        height, width = picture.shape[:2]
        self._image[top : top + height, left : left + width] = picture


class I420Canvas:
    """The I420 planes of an image with even sides; drawing changes them in place."""

    def __init__(self, planes: Planes) -> None:
        self._y, self._u, self._v = planes
        self.height, self.width = self._y.shape

    def frame(self, rect: Rect, color: Color, thickness: int) -> None:
        """See ``Canvas``; in the colour planes the line is half as thick, at least one pixel."""
        y, u, v = _yuv(color)
        left, top, right, bottom = rect[0], rect[1], rect[2] - 1, rect[3] - 1
        cv2.rectangle(self._y, (left, top), (right, bottom), y, thickness)
        half = max(round(thickness / 2), 1)
        for plane, value in ((self._u, u), (self._v, v)):
            corners = (left // 2, top // 2), (right // 2, bottom // 2)
            cv2.rectangle(plane, *corners, value, half)

    def paste(self, picture: Image, left: int, top: int) -> None:
        """See ``Canvas``; the position is rounded down to even coordinates."""
        height, width = picture.shape[:2]
        left, top = left // 2 * 2, top // 2 * 2
        y, u, v = split_planes(rgb_to_i420(picture))
        self._y[top : top + height, left : left + width] = y
        rows, columns = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
        self._u[rows, columns], self._v[rows, columns] = u, v


@lru_cache(maxsize=64)
def _yuv(color: Color) -> Color:
    """Y, U and V of an RGB colour."""
    patch = np.full((2, 2, 3), color, np.uint8)
    y, u, v = (int(plane[0, 0]) for plane in split_planes(rgb_to_i420(patch)))
    return y, u, v
