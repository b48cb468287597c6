"""Frames of a video file, one at a time: the border where a clip becomes RGB arrays.

Times are seconds since the clip's start, as the file states them (variable frame rates keep their
times); pictures are upright by the clip's rotation metadata. One frame is held at a time, whatever
the clip's length. A ``Clip`` is read by one thread at a time; any may close it. av is loaded on
first use only.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from emotion.errors import VideoError
from emotion.imaging.files import MAX_PIXELS
from emotion.types import Image
from emotion.video.container import HELP, Source, open_container, packets_of
from emotion.video.rgb import RgbFrames

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_NO_VIDEO = "This file holds no moving picture, only sound or other data; choose a video."
_NO_FRAME = f"No picture of this video can be decoded, it is damaged or cut short; {HELP}."
_TOO_LARGE = (
    f"This video's pictures are too large (the limit is {MAX_PIXELS // 10**6} million pixels); "
    "make them smaller and try again."
)
_USUAL_RATE_HZ = 25.0  # for the rare file that states neither times nor a rate


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What a clip's file states about it; None where it says nothing.

    Sizes are of the first picture, upright. frame_count is an estimate.
    """

    width: int
    height: int
    rate_hz: float | None
    duration_s: float | None
    frame_count: int | None


class Clip:
    """An opened clip, read once from its start; close it or use it in a ``with`` statement.

    Raises ``VideoError`` with a sentence for the user when not even one picture can be decoded.
    """

    def __init__(self, source: Source) -> None:
        self.damaged = False
        """True once a part could not be decoded, or the clip ended before its stated end."""
        self._container = open_container(source)
        self._in_use, self._closed = threading.Lock(), False
        self._read_to_s = 0.0
        try:
            self._stream = self._first_video()
            self._stream.thread_type = "AUTO"
            # The header's size is checked below; a later picture may be of any other.
            self._stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            self._rest = self._decoded()
            # Decoded at once: only a frame tells its rotation, and whether there is one at all.
            first = next(self._rest, None)
            if first is None:
                raise VideoError(_NO_FRAME)
        except VideoError:
            self.close()
            raise
        self._first = first
        self.zero_s = _zero_s(self._stream, first)
        """Where the file's own clock stands when the clip's times begin, in seconds."""
        self.info = _clip_info(self._stream, self._container.duration, first)

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether somebody closed it; its frames then end before the clip does."""
        return self._closed

    def close(self) -> None:
        """Frees the decoder and, where a path was given, the file; ``frames`` ends."""
        with self._in_use:
            self._closed = True
            self._container.close()

    def skip_to(self, time_s: float) -> bool:
        """Goes on from a key frame up to ``time_s``; the indices of ``frames`` then say nothing.

        False where that cannot be: then the clip may be anywhere, and is to be opened anew.
        """
        import av

        # The clock of a transport stream may begin anew where two recordings were joined.
        if self._container.format.name == "mpegts":
            return False
        try:
            self._container.seek(round(1e6 * (self.zero_s + time_s)), backward=True)
        except av.error.FFmpegError:
            return False
        rest = self._decoded()
        first = next(rest, None)
        if first is None or first.pts is None:
            return False
        self._first, self._rest = first, rest
        return self._time_s(first, 0) <= time_s

    def frames(
        self, rate_hz: float | None = None, *, start_s: float = 0.0, end_s: float | None = None
    ) -> Generator[tuple[int, float, Image]]:
        """(index, time_s, RGB image) of the frames, in the order they are shown.

        rate_hz: at most so many a second, evenly spread by time. start_s, end_s: only this part of
        the clip. The index counts all frames and the time is the clip's whatever is chosen.
        Damaged parts are skipped and noted in ``damaged``.
        """
        if rate_hz is not None and not rate_hz > 0:
            raise ValueError(f"expected a rate above 0, got {rate_hz!r}")
        time_s = next_s = 0.0
        to_rgb = RgbFrames()
        for index, frame in enumerate(chain([self._first], self._rest)):
            time_s = max(time_s, self._time_s(frame, index))
            if time_s < start_s - 1e-6:
                continue
            if end_s is not None and time_s > end_s + 1e-6:
                return
            if rate_hz is not None:
                if time_s < next_s - 1e-6:
                    continue
                # From the grid, not from this frame: otherwise 10 a second of 24 would become 8.
                next_s = (np.floor(time_s * rate_hz + 1e-6) + 1) / rate_hz
            yield index, time_s, _upright(to_rgb(frame), frame.rotation)
        if self.closed:
            return
        stated_s = self.info.duration_s
        missing_s = 0.0 if stated_s is None else stated_s - (self._read_to_s - self.zero_s)
        if stated_s is not None and missing_s > max(1.0, 0.1 * stated_s):
            self.damaged = True

    def _first_video(self) -> VideoStream:
        from av.stream import Disposition

        for stream in self._container.streams.video:
            if not stream.disposition & Disposition.attached_pic:  # a song's cover is no video
                if stream.codec_context is None:  # a codec that FFmpeg does not know
                    raise VideoError(_NO_FRAME)
                if stream.width * stream.height > MAX_PIXELS:
                    raise VideoError(_TOO_LARGE)
                return stream
        raise VideoError(_NO_VIDEO)

    def _time_s(self, frame: VideoFrame, index: int) -> float:
        if frame.pts is None:
            return index / (self.info.rate_hz or _USUAL_RATE_HZ)
        return max(0.0, frame.time - self.zero_s)

    def _decoded(self) -> Iterator[VideoFrame]:
        """Every frame that can be decoded; a broken packet costs that packet, not the rest."""
        import av

        # AVI says when a picture is stored, not when it is shown: shown first is stored first.
        stored = self._container.format.name == "avi"
        due: deque[int] = deque()
        packets = packets_of(self._container, self._stream, self._note_damage)
        while True:
            # One thread may close the clip while another one reads ahead.
            with self._in_use:
                if self._closed or (packet := next(packets, None)) is None:
                    return
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    self._note_damage()
                    frames = []
            if packet.pts is not None and packet.dts is not None:
                end = packet.pts + (packet.duration or 0)
                self._read_to_s = max(self._read_to_s, float(end * packet.time_base))
                if stored:
                    due.append(packet.dts)
            for frame in frames:
                if due:
                    frame.pts = due.popleft()
                yield frame

    def _note_damage(self) -> None:
        self.damaged = True


def read_frames(
    source: Source, *, rate_hz: float | None = None
) -> Generator[tuple[int, float, Image]]:
    """(index, time_s, RGB image) of a clip's frames; the clip is closed at the end.

    The arguments and errors are those of ``Clip`` and ``Clip.frames``.
    """
    with Clip(source) as clip:
        yield from clip.frames(rate_hz)


def _zero_s(stream: VideoStream, first: VideoFrame) -> float:
    if stream.start_time is not None and stream.time_base is not None:
        return float(stream.start_time * stream.time_base)
    return 0.0 if first.pts is None else first.time


def _clip_info(stream: VideoStream, container_duration: int | None, first: VideoFrame) -> ClipInfo:
    lies = round(first.rotation / 90) % 2 == 1
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
        width=first.height if lies else first.width,
        height=first.width if lies else first.height,
        rate_hz=rate_hz,
        duration_s=duration_s,
        frame_count=count,
    )


def _upright(image: Image, rotation: float) -> Image:
    """A frame's picture turned as its rotation metadata says (degrees counterclockwise)."""
    quarters = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
