"""Decoders that refuse pictures larger than ``MAX_PIXELS`` before they allocate anything for them.

A sender chooses the size of its pictures: a frame of some kB may claim 16384 x 16384 pixels, and
the decoder takes gigabytes for it. VP8 states the size in each keyframe (RFC 6386, 9.1); it is read
here, because libvpx would decode first and tell later. FFmpeg's H.264 decoder checks its
``max_pixels`` option when it reads the size, in the sequence parameter set.

A refused picture is dropped, and with it those that follow until a keyframe of acceptable size.

Tested with aiortc 1.16.0 (``aiortc.codecs.vpx.Vp8Decoder``, ``aiortc.codecs.h264.H264Decoder``).
"""

from __future__ import annotations

import logging
from typing import Any

from aiortc import codecs
from aiortc.codecs import h264, vpx
from aiortc.jitterbuffer import JitterFrame
from av.frame import Frame

from emotion.live.aiortc_patches.keyframes import vp8_keyframe_size

MAX_PIXELS = 1920 * 1088
"""Full HD; H.264 codes its 1080 lines as 1088. The page asks cameras for at most 1280 x 720."""

_log = logging.getLogger(__name__)


class BoundedVp8Decoder(vpx.Vp8Decoder):
    """aiortc's VP8 decoder with the limit."""

    def __init__(self) -> None:
        super().__init__()
        self._refused = False

    def decode(self, encoded_frame: JitterFrame) -> list[Frame]:
        """The decoded pictures; none for one that is too large or follows it."""
        size = vp8_keyframe_size(encoded_frame.data)
        if size is not None:
            too_large = size[0] * size[1] > MAX_PIXELS
            if too_large and not self._refused:
                _log.warning("A camera's picture of %d x %d pixels was refused.", *size)
            self._refused = too_large
        return [] if self._refused else super().decode(encoded_frame)


class BoundedH264Decoder(h264.H264Decoder):
    """aiortc's H.264 decoder with the limit."""

    def __init__(self) -> None:
        super().__init__()
        codec: Any = self.codec
        codec.options = {"max_pixels": str(MAX_PIXELS)}


def install_bounded_decoders() -> None:
    """Makes all connections created from now on use the decoders; a second call does nothing."""
    codecs.Vp8Decoder = BoundedVp8Decoder  # type: ignore[attr-defined]
    codecs.H264Decoder = BoundedH264Decoder  # type: ignore[attr-defined]
