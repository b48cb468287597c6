"""Decoded frames as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emotion.types import Image

if TYPE_CHECKING:
    from av import VideoFrame


class RgbFrames:
    """Decoded video frames as pictures; one instance for one stream, not for several threads.

    FFmpeg's conversion is planned once; a frame that converts itself plans it anew each time, at
    five times the cost of the conversion.
    """

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Image:
        """The frame as RGB uint8 (H, W, 3), as it is stored: not turned."""
        return np.asarray(self._reformatter.reformat(frame, format="rgb24").to_ndarray(), np.uint8)
