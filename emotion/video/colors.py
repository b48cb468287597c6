"""Colour spaces of video: what a frame states, and what is assumed where it states nothing.

The numbers are the code points of ITU-T H.273, which containers, codecs and FFmpeg share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import VideoFrame

BT709, BT2020 = 1, 9
"""The same for matrix and primaries; BT709 is also a transfer function."""

P3_D65 = 12  # primaries
BT601 = 6  # a matrix
PQ, HLG = 16, 18  # transfer functions of HDR video

_PRIMARIES = frozenset({1, *range(4, 13), 22})
_TRANSFERS = frozenset({1, *range(4, 19)})
"""All that are defined; 2 stands for unknown."""

_SWSCALE_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
"""The matrices that FFmpeg converts, with its own numbers for them."""

_HD_LINES, _HD_COLUMNS = 720, 1280
_FULL_RANGE = 2


def is_rgb(frame: VideoFrame) -> bool:
    """Whether the frame holds RGB, itself or in a palette: no matrix has a part in it."""
    return frame.format.is_rgb or frame.format.has_palette


@dataclass(frozen=True, kw_only=True)
class ColorSpace:
    """How numbers of a video stand for colours.

    Attributes:
        matrix: How luma and chroma are made from RGB.
        primaries: The colours of RGB.
        transfer: The function from light to numbers.
        full_range: Luma uses 0..255 (of 8 bits) instead of 16..235.
    """

    matrix: int
    primaries: int = BT709
    transfer: int = BT709
    full_range: bool = False

    @classmethod
    def of_size(cls, height: int, width: int) -> ColorSpace:
        """The one that players assume: BT.709 from 720 lines on, BT.601's matrix below."""
        hd = height >= _HD_LINES or width >= _HD_COLUMNS
        return cls(matrix=BT709 if hd else BT601)

    @classmethod
    def of_frame(cls, frame: VideoFrame) -> ColorSpace:
        """What the frame states, completed by what players assume for its size."""
        transfer = frame.color_trc
        if transfer in (PQ, HLG):
            assumed = cls(matrix=BT2020, primaries=BT2020)
        else:
            assumed = cls.of_size(frame.height, frame.width)
        matrix, primaries = frame.colorspace, frame.color_primaries
        return cls(
            matrix=matrix if matrix in _SWSCALE_MATRICES else assumed.matrix,
            primaries=primaries if primaries in _PRIMARIES else assumed.primaries,
            transfer=transfer if transfer in _TRANSFERS else assumed.transfer,
            full_range=frame.color_range == _FULL_RANGE and not is_rgb(frame),
        )

    @property
    def is_hdr(self) -> bool:
        """Whether the numbers have to be tone-mapped to be shown as an ordinary image."""
        return self.transfer in (PQ, HLG)

    @property
    def shown(self) -> ColorSpace:
        """That of the images which are made from it: HDR becomes BT.709, others stay."""
        return ColorSpace(matrix=BT709) if self.is_hdr else self

    @property
    def swscale_matrix(self) -> int:
        """The matrix in FFmpeg's own numbers, as ``VideoReformatter`` takes it."""
        return _SWSCALE_MATRICES[self.matrix]
