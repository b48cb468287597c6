"""Settings of the VP8 encoder of the returned video.

aiortc opens its encoder with options that cannot be chosen. Video that comes from a browser has
been through an encoder already, so there is no noise left to filter, and a long motion search gains
little: with ``OPTIONS`` a moving face at 640x480 in a noisy picture costs half (4.0 -> 2.0 ms a
frame) and is closer to the original (40.6 -> 42.0 dB at 500 kbit/s; in a dark picture 42.2 -> 44.0,
at 4.2 -> 1.9 ms).

Tested with aiortc 1.16.0 (``aiortc.codecs.vpx.Vp8Encoder``, ``aiortc.codecs.get_encoder``).
"""

from __future__ import annotations

from typing import Any

from aiortc import codecs
from aiortc.codecs import vpx

OPTIONS = {
    "noise-sensitivity": "0",  # aiortc: 4
    "cpu-used": "-12",  # aiortc: -6; a faster search, .3 dB
    # aiortc: 1. A 16x16 block whose sum of squared differences from the last frame is below this,
    # two brightness steps a pixel, is not coded again; the error does not accumulate.
    "static-thresh": "1000",
}
"""libvpx options, under FFmpeg's names."""


class TunedVp8Encoder(vpx.Vp8Encoder):
    """aiortc's VP8 encoder with ``OPTIONS``, set between the codec's creation and its opening."""

    _codec: Any = None

    @property
    def codec(self) -> Any:
        """The codec, None before the first frame; aiortc recreates it when the bit rate changes."""
        codec = self._codec
        if codec is not None and not codec.is_open and OPTIONS.keys() <= codec.options.keys():
            codec.options = {**codec.options, **OPTIONS}
        return codec

    @codec.setter
    def codec(self, codec: Any) -> None:
        self._codec = codec


def install_vp8_settings() -> None:
    """Makes all connections created from now on use the encoder; a second call does nothing."""
    codecs.Vp8Encoder = TunedVp8Encoder  # type: ignore[attr-defined]
