"""Whether a visitor's browser plays a clip as it is."""

from __future__ import annotations

from emotion.video.info import ClipInfo

_MODERN = frozenset({"vp8", "vp9", "av1"})
_H264_FORMATS = frozenset({"yuv420p", "yuvj420p"})
"""H.264 with more bits or finer colour is for editing; browsers do not decode it."""


def playable_type(info: ClipInfo) -> str | None:
    """The MIME type under which browsers play the clip; None where they do not.

    The name of a file does not tell: a MOV may hold H.264, which all browsers play, or HEVC or
    ProRes, which only some or none play, leaving a black rectangle.
    """
    containers = info.container.split(",")
    if "mp4" in containers:
        h264 = info.codec == "h264" and info.pixel_format in _H264_FORMATS
        return "video/mp4" if h264 or info.codec in _MODERN - {"vp8"} else None
    if "webm" in containers:
        return "video/webm" if info.codec in _MODERN else None
    return None
