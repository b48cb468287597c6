"""What a video file states about its clip."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

FALLBACK_RATE_HZ = 25.0
"""For the rare file that states neither times nor a rate."""


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What a clip's file states about it; None where it states nothing.

    ``emotion.video.reader.read_info`` completes it by reading the whole file.

    Attributes:
        width: Of the first frame as it is shown: upright, with square pixels.
        height: Likewise.
        rate_hz: Average frame rate.
        duration_s: Length in seconds.
        frame_count: An estimate.
        container: FFmpeg's names of the container format, separated by commas.
        codec: FFmpeg's name of the video codec.
        pixel_format: FFmpeg's name of the frames' format.
    """

    width: int
    height: int
    rate_hz: float | None
    duration_s: float | None
    frame_count: int | None
    container: str
    codec: str
    pixel_format: str


def start_time_s(stream: VideoStream, first: VideoFrame) -> float:
    """The time of the first frame on the file's own clock, in seconds."""
    if stream.start_time is not None and stream.time_base is not None:
        return float(stream.start_time * stream.time_base)
    return 0.0 if first.pts is None else first.time


def clip_info(
    stream: VideoStream,
    container_duration: int | None,
    first: VideoFrame,
    size_wh: tuple[int, int],
) -> ClipInfo:
    """What the file states.

    Args:
        stream: The video stream.
        container_duration: In microseconds, for streams that do not state their own.
        first: The first frame, which tells the rotation.
        size_wh: In which the first frame is shown, before it is rotated.
    """
    width, height = size_wh
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
        container=stream.container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        pixel_format=first.format.name,
    )


def counted_info(info: ClipInfo, packets: Iterable[Packet[VideoStream]]) -> ClipInfo:
    """The info with duration and number of frames by all packets of the clip's stream."""
    count, first_s, last_s, end_s = 0, math.inf, -math.inf, -math.inf
    for packet in packets:
        if packet.pts is not None and packet.time_base is not None:
            time_s = float(packet.pts * packet.time_base)
            count += 1
            first_s, last_s = min(first_s, time_s), max(last_s, time_s)
            end_s = max(end_s, time_s + float((packet.duration or 0) * packet.time_base))
    if not count:
        return info
    if end_s == last_s:  # the last one states no duration: as long as the others
        end_s += (last_s - first_s) / (count - 1) if count > 1 else 1 / FALLBACK_RATE_HZ
    return replace(info, duration_s=end_s - first_s, frame_count=count)
