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

from emotion.imaging.files import i420
from emotion.types import Image

Color = tuple[int, int, int]
Rect = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, right and bottom exclusive."""

Planes = tuple[Image, Image, Image]
"""A picture's brightness Y (H, W) and colours U and V (H / 2, W / 2), uint8, H and W even; rows may
be farther apart than they are long."""


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
    """The planes of a picture with even sides."""

    def __init__(self, planes: Planes) -> None:
        self._y, self._u, self._v = planes
        self.height, self.width = self._y.shape

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


def split(packed: Image) -> Planes:
    """Views of the planes in ``images.i420``'s array, uint8 (3 H / 2, W), C-contiguous."""
    width = packed.shape[1]
    height = packed.shape[0] * 2 // 3
    half = (height // 2, width // 2)
    flat, quarter = packed.reshape(-1), height * width // 4
    u, v = flat[4 * quarter : 5 * quarter], flat[5 * quarter :]
    return packed[:height], u.reshape(half), v.reshape(half)


def halved(planes: Planes) -> Planes:
    """The planes of the picture at half of its size, its sides even; new arrays."""
    height, width = planes[0].shape
    sizes = (
        (width // 4 * 2, height // 4 * 2),
        (width // 4, height // 4),
        (width // 4, height // 4),
    )
    shrunk = [
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
        for plane, size in zip(planes, sizes, strict=True)
    ]
    return shrunk[0], shrunk[1], shrunk[2]


def fill(target: Planes, source: Planes, *, mirror: bool = False) -> None:
    """Copies the planes of one size into others, or what is seen of them in a mirror."""
    for out, plane in zip(target, source, strict=True):
        if mirror:
            cv2.flip(plane, 1, out)
        else:
            np.copyto(out, plane)
