"""Decoded frames as RGB images in the shape and colours in which they are to be seen."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from emotion.imaging.files import MAX_PIXELS
from emotion.types import Image
from emotion.video.colors import ColorSpace, is_rgb
from emotion.video.hdr import to_sdr

if TYPE_CHECKING:
    from av import VideoFrame

SQUARE = Fraction(1)
"""The usual pixel aspect ratio."""

_MAX_PIXEL_ASPECT = 5  # a larger one is damage: the widest in use are 2 and 32/15
_ROUNDING = 0.005  # a smaller difference from a square pixel comes from an encoder's rounding


class RgbConverter:
    """Converts the frames of one stream to RGB; not for several threads at a time.

    FFmpeg's conversion is planned once. A frame that converts itself re-plans it each time, at
    five times the cost of the conversion.

    Args:
        max_pixels: Width times height up to which an image is stretched.
    """

    def __init__(self, max_pixels: int = MAX_PIXELS) -> None:
        from av.video.reformatter import VideoReformatter

        self._max_pixels = max_pixels
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame, pixel_aspect: Fraction = SQUARE) -> Image:
        """RGB uint8 (H, W, 3) with square pixels, not rotated; HDR is tone-mapped to SDR.

        Args:
            frame: A decoded frame.
            pixel_aspect: Width of its pixels divided by their height.
        """
        from av.video.reformatter import Interpolation

        space = ColorSpace.of_frame(frame)
        width, height = display_size(frame.width, frame.height, pixel_aspect, self._max_pixels)
        stretched = (width, height) != (frame.width, frame.height)
        rgb = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb48le" if space.is_hdr else "rgb24",
            src_colorspace=None if is_rgb(frame) else space.swscale_matrix,
            interpolation=Interpolation.BICUBIC if stretched else None,
            threads=1,  # the decoder and the analysis have threads already
        ).to_ndarray()
        if space.is_hdr:
            return to_sdr(np.asarray(rgb, np.uint16), space)
        return np.asarray(rgb, np.uint8)


def display_size(
    width: int, height: int, pixel_aspect: Fraction, max_pixels: int = MAX_PIXELS
) -> tuple[int, int]:
    """The (width, height) that shows a picture of such pixels in its right shape.

    The picture is enlarged in one direction, so that nothing is lost; beyond ``max_pixels`` it is
    made smaller in the other.
    """
    if abs(pixel_aspect - 1) < _ROUNDING or not (
        Fraction(1, _MAX_PIXEL_ASPECT) <= pixel_aspect <= _MAX_PIXEL_ASPECT
    ):
        return width, height
    wider = max(1, round(width * pixel_aspect)), height
    higher = width, max(1, round(height / pixel_aspect))
    larger, smaller = (wider, higher) if pixel_aspect > 1 else (higher, wider)
    return larger if larger[0] * larger[1] <= max_pixels else smaller


def upright(image: Image, rotation: float) -> Image:
    """The image rotated by the rotation metadata, in degrees counterclockwise."""
    quarters = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
