"""The returned video's encoder, set to what comes from a browser and goes back to it.

Written for aiortc 1.16, which opens its VP8 encoder with options that cannot be chosen. What comes
from a browser went through an encoder already, so there is no noise left to take out, and little
is gained by a long search for motion: with ``OPTIONS`` a moving face of 640x480 in a noisy picture
costs half (4.0 -> 2.0 ms a frame) and is closer to what was put in (40.6 -> 42.0 dB at 500 kbit/s;
a dark one 42.2 -> 44.0, at 4.2 -> 1.9 ms). ``tests/unit/test_aiortc_encoder.py`` fails when a later
aiortc asks for something else.
"""

from __future__ import annotations

from typing import Any

from aiortc import codecs
from aiortc.codecs import vpx

OPTIONS = {
    "noise-sensitivity": "0",  # aiortc: 4
    "cpu-used": "-12",  # aiortc: -6; a faster search, .3 dB
    # aiortc: 1. A block of 16x16 within this sum of squares of the last picture's, two steps of
    # brightness a pixel, is not coded anew; what it lacks never adds up.
    "static-thresh": "1000",
}
"""libvpx's names, as FFmpeg takes them."""


class PlainVp8Encoder(vpx.Vp8Encoder):
    """aiortc's VP8 encoder; options are changed between their choice and the codec's opening."""

    _codec: Any = None

    @property
    def codec(self) -> Any:
        """The codec, or None before the first frame; aiortc makes it anew when the rate changes."""
        made = self._codec
        if made is not None and not made.is_open and OPTIONS.keys() <= made.options.keys():
            made.options = {**made.options, **OPTIONS}
        return made

    @codec.setter
    def codec(self, made: Any) -> None:
        self._codec = made


def encode_plainly() -> None:
    """Has all connections made from now on encode so; a second call does nothing."""
    codecs.Vp8Encoder = PlainVp8Encoder  # type: ignore[attr-defined]
