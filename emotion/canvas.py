"""What can be drawn on: an RGB image, or a video frame's own planes.

A stream's frames come and go as planes of brightness and colour (I420). Drawing on those costs a
quarter of the way to RGB and back, and leaves every other pixel as it came. Safe to use from
several threads, each on pictures of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from emotion.images import i420
from emotion.types import Image

Color = tuple[int, int, int]
Rect = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, right and bottom exclusive."""


class Canvas(Protocol):
    """A picture of so many pixels that takes rectangles and small pictures."""

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
        """Puts an RGB picture that fits there, its sides even."""
        ...


class RgbCanvas:
    """An RGB image, uint8 (H, W, 3), C-contiguous."""

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
    """The planes of a picture with even sides, uint8 (3 H / 2, W), see ``images.i420``."""

    def __init__(self, planes: Image) -> None:
        self.height, self.width = planes.shape[0] * 2 // 3, planes.shape[1]
        self._y, self._u, self._v = split(planes)

    def frame(self, rect: Rect, color: Color, thickness: int) -> None:
        """See ``Canvas``; the colour's outline is as thick as half a resolution allows."""
        y, u, v = _yuv(color)
        left, top, right, bottom = rect[0], rect[1], rect[2] - 1, rect[3] - 1
        cv2.rectangle(self._y, (left, top), (right, bottom), y, thickness)
        half = max(round(thickness / 2), 1)
        for plane, value in ((self._u, u), (self._v, v)):
            corners = (left // 2, top // 2), (right // 2, bottom // 2)
            cv2.rectangle(plane, *corners, value, half)

    def paste(self, picture: Image, left: int, top: int) -> None:
        """See ``Canvas``; at the even place before the one that is named."""
        height, width = picture.shape[:2]
        left, top = left // 2 * 2, top // 2 * 2
        y, u, v = split(i420(picture))
        self._y[top : top + height, left : left + width] = y
        rows, columns = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
        self._u[rows, columns], self._v[rows, columns] = u, v


@lru_cache(maxsize=64)
def _yuv(color: Color) -> Color:
    """Brightness and both colours of an RGB colour."""
    patch = np.full((2, 2, 3), color, np.uint8)
    y, u, v = (int(plane[0, 0]) for plane in split(i420(patch)))
    return y, u, v


def split(planes: Image) -> tuple[Image, Image, Image]:
    """Views of the planes Y (H, W), U and V (H / 2, W / 2) of (3 H / 2, W), C-contiguous."""
    width = planes.shape[1]
    height = planes.shape[0] * 2 // 3
    half = (height // 2, width // 2)
    flat, quarter = planes.reshape(-1), height * width // 4
    u, v = flat[4 * quarter : 5 * quarter], flat[5 * quarter :]
    return planes[:height], u.reshape(half), v.reshape(half)


def mirrored(planes: Image) -> Image:
    """The planes of the picture seen in a mirror, a new array."""
    result = np.empty_like(planes)
    for plane, out in zip(split(planes), split(result), strict=True):
        cv2.flip(plane, 1, out)
    return result
