"""The video codec of annotated videos, chosen by whoever runs the program.

H.264 plays everywhere but is covered by patents, and its encoder x264 is under the GPL; VP9 and AV1
are free of both (see THIRD_PARTY.md). Browsers play all three in an MP4.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from emotion.errors import VideoError

CODEC_VARIABLE = "EMOTION_VIDEO_CODEC"
"""Environment variable: ``h264`` (default), ``vp9`` or ``av1``."""


@dataclass(frozen=True, kw_only=True)
class VideoCodec:
    """An encoder of FFmpeg and its settings, which look about the same at about the same speed.

    Attributes:
        encoder: FFmpeg's name of it.
        options: Of the encoder.
        bit_rate: Bits a second; 0 lets ``crf`` decide in libvpx, None leaves it to the encoder.
    """

    encoder: str
    options: dict[str, str] = field(default_factory=dict)
    bit_rate: int | None = None


CODECS = {
    "h264": VideoCodec(encoder="libx264", options={"preset": "veryfast", "crf": "21"}),
    "vp9": VideoCodec(
        encoder="libvpx-vp9",
        options={"deadline": "realtime", "cpu-used": "6", "crf": "30", "row-mt": "1"},
        bit_rate=0,
    ),
    "av1": VideoCodec(encoder="libsvtav1", options={"preset": "10", "crf": "35"}),
}


def chosen_codec() -> VideoCodec:
    """The codec that ``EMOTION_VIDEO_CODEC`` names, H.264 by default.

    Raises:
        VideoError: When it names another one.
    """
    name = os.environ.get(CODEC_VARIABLE, "").strip().lower() or "h264"
    if name not in CODECS:
        raise VideoError(f"{CODEC_VARIABLE} is {name!r}; it can be {', '.join(CODECS)}.")
    if name == "av1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only: it greets on stderr otherwise
    return CODECS[name]
