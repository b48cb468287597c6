"""Recognising keyframes, which can be decoded without the frames before them."""

from __future__ import annotations

import re

_NAL_UNITS = re.compile(b"\x00\x00\x01(.)", re.DOTALL)
_ANNEX_B_START_CODES = (b"\0\0\1", b"\0\0\0\1")
_VP8_START_CODE = b"\x9d\x01\x2a"


def is_keyframe(data: bytes) -> bool:
    """Whether the beginning of an encoded VP8 or H.264 frame is that of a keyframe.

    The first bit of a VP8 keyframe is 0 and a start code follows (RFC 6386, 9.1). An H.264 frame
    begins with an Annex B start code, and a keyframe has a slice of an IDR picture or a sequence
    parameter set (ITU-T H.264, 7.3.1 and table 7-1).

    Args:
        data: The frame, or its first packet. The middle of a frame gives no meaningful answer.
    """
    if data.startswith(_ANNEX_B_START_CODES):  # not VP8, whose start code is another one
        return any(unit[0] & 31 in (5, 7) for unit in _NAL_UNITS.findall(data))
    return data[3:6] == _VP8_START_CODE and not data[0] & 1


def vp8_keyframe_size(data: bytes) -> tuple[int, int] | None:
    """The (width, height) in pixels that a VP8 keyframe states; None for any other frame.

    Ten bytes, the lower 14 bits of the last two pairs (RFC 6386, 9.1).

    Args:
        data: The frame.
    """
    if len(data) < 10 or data[0] & 1 or data[3:6] != _VP8_START_CODE:
        return None
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    return width & 0x3FFF, height & 0x3FFF
