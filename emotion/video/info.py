"""What a video file states about its clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from emotion.video.rgb import display_size

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What a clip's file states about it; None where it states nothing.

    Attributes:
        width: Of the first frame as it is shown: upright, with square pixels.
        height: Likewise.
        rate_hz: Average frame rate.
        duration_s: Length in seconds.
        frame_count: An estimate.
    """

    width: int
    height: int
    rate_hz: float | None
    duration_s: float | None
    frame_count: int | None


def start_time_s(stream: VideoStream, first: VideoFrame) -> float:
    """The time of the first frame on the file's own clock, in seconds."""
    if stream.start_time is not None and stream.time_base is not None:
        return float(stream.start_time * stream.time_base)
    return 0.0 if first.pts is None else first.time


def clip_info(
    stream: VideoStream,
    container_duration: int | None,
    first: VideoFrame,
    pixel_aspect: Fraction,
) -> ClipInfo:
    """What the file states.

    Args:
        stream: The video stream.
        container_duration: In microseconds, for streams that do not state their own.
        first: The first frame, which tells the rotation.
        pixel_aspect: Of the first frame.
    """
    width, height = display_size(first.width, first.height, pixel_aspect)
    sideways = round(first.rotation / 90) % 2 == 1
    rate_hz = float(stream.average_rate) if stream.average_rate else None
    duration_s = None
    if stream.duration is not None and stream.time_base is not None:
        duration_s = float(stream.duration * stream.time_base)
    elif container_duration is not None:
        duration_s = container_duration / 1e6
    count = stream.frames or None
    if count is None and duration_s is not None and rate_hz is not None:
        count = round(duration_s * rate_hz)
    return ClipInfo(
        width=height if sideways else width,
        height=width if sideways else height,
        rate_hz=rate_hz,
        duration_s=duration_s,
        frame_count=count,
    )
