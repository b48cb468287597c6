"""Decoded frames as RGB images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emotion.types import Image

if TYPE_CHECKING:
    from av import VideoFrame


class RgbConverter:
    """Converts the frames of one stream to RGB; not for several threads at a time.

    FFmpeg's conversion is planned once. A frame that converts itself re-plans it each time, at
    five times the cost of the conversion.
    """

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Image:
        """RGB uint8 (H, W, 3) as stored: not rotated."""
        return np.asarray(self._reformatter.reformat(frame, format="rgb24").to_ndarray(), np.uint8)


def upright(image: Image, rotation: float) -> Image:
    """The image rotated by the rotation metadata, in degrees counterclockwise."""
    quarters = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
