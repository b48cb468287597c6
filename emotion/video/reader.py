"""Reading the frames of a video file as RGB arrays.

Times are seconds since the clip's start as the file states them, so variable frame rates keep their
times. Images are upright by the clip's rotation metadata, have square pixels by its pixel aspect
ratio, and are tone-mapped where the clip is HDR. One frame is held at a time, whatever the clip's
length. A ``Clip`` is read by one thread at a time; any thread may close it. av is loaded on
first use only.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from emotion.errors import VideoError
from emotion.imaging.files import MAX_PIXELS
from emotion.types import Image
from emotion.video.colors import ColorSpace
from emotion.video.container import (
    HELP,
    Source,
    default_stream,
    open_container,
    packets_of,
    reopened,
)
from emotion.video.info import FALLBACK_RATE_HZ, ClipInfo, clip_info, counted_info, start_time_s
from emotion.video.rgb import SQUARE, RgbConverter, display_size, upright

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_NO_VIDEO = "This file holds no moving picture, only sound or other data; choose a video."
_NO_FRAME = f"No picture of this video can be decoded, it is damaged or cut short; {HELP}."
_TOO_LARGE = (
    "This video's pictures are too large (the limit is {limit:.3g} million pixels); make them "
    "smaller and try again."
)


class Clip:
    """An opened clip, read once; close it or use it in a ``with`` statement.

    Args:
        source: A path, or an opened file (binary, seekable).
        max_pixels: Width times height; the clip's header is checked before a frame is decoded.

    Raises:
        VideoError: Not one frame can be decoded, or they are too large; the message is fit for the
            user.

    Example:
        with Clip("clip.mp4") as clip:
            for index, time_s, image in clip.frames(rate_hz=5):
                ...
    """

    def __init__(self, source: Source, *, max_pixels: int = MAX_PIXELS) -> None:
        self.damaged = False
        """Whether a part could not be decoded, or the clip ended before its stated end."""
        self._source, self._container = source, open_container(source)
        self._in_use, self._closed = threading.Lock(), False
        self._read_to_s = 0.0
        self.shown_until_s = 0.0
        """Time at which the last frame that ``frames`` has given is over."""
        try:
            self._stream = _video_stream(self._container, max_pixels)
            self._stream.thread_type = "AUTO"
            # The header's size is checked already; a later frame may have any other.
            self._stream.codec_context.options = {"max_pixels": str(max_pixels)}
            self._pixel_aspect = self._stream.sample_aspect_ratio or None
            self._codec_aspect: Fraction | None = None
            self._rest = self._decoded()
            # Decoded now: only a frame tells the rotation, and whether there is a frame at all.
            first = next(self._rest, None)
            if first is None:
                raise VideoError(_NO_FRAME)
        except VideoError:
            self.close()
            raise
        self._first = first
        frame, pixel_aspect = first
        self.offset_s = start_time_s(self._stream, frame)
        """Time on the file's own clock, in seconds, at which the clip's times start."""
        self._max_pixels = max_pixels
        size = display_size(frame.width, frame.height, pixel_aspect, max_pixels)
        self.info = clip_info(self._stream, self._container.duration, frame, size)
        self.color_space = ColorSpace.of_frame(frame).shown
        """Colour space of the images, with which an annotated video keeps the clip's colours."""

    def complete_info(self) -> ClipInfo:
        """What the file states, and where it states no duration, what its packets add up to.

        Recordings of browsers and of programs that were ended state none. Reading all packets takes
        about a second for a gigabyte.
        """
        if self.info.duration_s is not None:
            return self.info
        with closing(open_container(reopened(self._source))) as container:
            stream = _video_stream(container, self._max_pixels)
            return counted_info(self.info, packets_of(container, stream, lambda: None))

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
        """Whether the clip was closed; its frames then end early."""
        return self._closed

    def close(self) -> None:
        """Releases the decoder and, if a path was given, the file; ``frames`` ends."""
        with self._in_use:
            self._closed = True
            self._container.close()

    def seek(self, time_s: float) -> bool:
        """Continues from a keyframe at or before ``time_s``.

        Afterwards the indices of ``frames`` mean nothing.

        Returns:
            False where seeking is not possible: the clip may then be anywhere and has to be opened
            again.
        """
        import av

        # A transport stream's clock may start over where two recordings were joined.
        if self._container.format.name == "mpegts":
            return False
        try:
            self._container.seek(round(1e6 * (self.offset_s + time_s)), backward=True)
        except av.error.FFmpegError:
            return False
        rest = self._decoded()
        first = next(rest, None)
        if first is None or first[0].pts is None:
            return False
        self._first, self._rest = first, rest
        return self._time_s(first[0], 0) <= time_s

    def frames(
        self, rate_hz: float | None = None, *, start_s: float = 0.0, end_s: float | None = None
    ) -> Generator[tuple[int, float, Image]]:
        """The frames in the order they are shown.

        Damaged parts are skipped and noted in ``damaged``.

        Args:
            rate_hz: Most frames per second to return, evenly spaced in time; None for all.
            start_s: Skip frames before this time.
            end_s: Stop after this time; None for the clip's end.

        Yields:
            (index, time_s, image): the index among all frames of the clip, the time since the
            clip's start, and RGB uint8 (H, W, 3).

        Raises:
            ValueError: ``rate_hz`` is not above 0.
        """
        if rate_hz is not None and not rate_hz > 0:
            raise ValueError(f"expected a rate above 0, got {rate_hz!r}")
        time_s = next_s = 0.0
        to_rgb = RgbConverter(self._max_pixels)
        for index, (frame, pixel_aspect) in enumerate(chain([self._first], self._rest)):
            before_s, time_s = time_s, max(time_s, self._time_s(frame, index))
            if time_s < start_s - 1e-6:
                continue
            if end_s is not None and time_s > end_s + 1e-6:
                return
            shown_until_s = time_s + self._duration_s(frame, time_s - before_s)
            if end_s is not None:  # a frame at the very end of the section is shown briefly
                shown_until_s = min(shown_until_s, max(end_s, time_s + 1 / FALLBACK_RATE_HZ))
            self.shown_until_s = shown_until_s
            if rate_hz is not None:
                if time_s < next_s - 1e-6:
                    continue
                # On a grid, not counted from this frame: or 10 of 24 per second become 8.
                next_s = (np.floor(time_s * rate_hz + 1e-6) + 1) / rate_hz
            yield index, time_s, upright(to_rgb(frame, pixel_aspect), frame.rotation)
        if self.closed:
            return
        stated_s = self.info.duration_s
        missing_s = 0.0 if stated_s is None else stated_s - (self._read_to_s - self.offset_s)
        if stated_s is not None and missing_s > max(1.0, 0.1 * stated_s):
            self.damaged = True
        elif stated_s is not None and stated_s > time_s and "mp4" in self.info.container.split(","):
            # An MP4 stores the time to the next frame's decoding. With B-frames that is not how
            # long a frame is shown, and only the length of the stream tells it of the last one.
            self.shown_until_s = stated_s if end_s is None else min(stated_s, end_s)

    def _time_s(self, frame: VideoFrame, index: int) -> float:
        if frame.pts is None:
            return index / (self.info.rate_hz or FALLBACK_RATE_HZ)
        return max(0.0, frame.time - self.offset_s)

    def _duration_s(self, frame: VideoFrame, step_s: float) -> float:
        """How long the frame is shown; ``step_s`` is the time since the frame before it."""
        if frame.duration and frame.time_base is not None:
            return float(frame.duration * frame.time_base)
        return step_s or 1 / (self.info.rate_hz or FALLBACK_RATE_HZ)

    def _aspect_of(self, frame: VideoFrame) -> Fraction:
        """The pixel aspect ratio: the container's, until the codec states another in mid-stream.

        That begins with a keyframe. The decoder may already know it some frames earlier.
        """
        stated = self._stream.codec_context.sample_aspect_ratio
        if stated and stated != self._codec_aspect and frame.key_frame:
            if self._codec_aspect is not None or self._pixel_aspect is None:
                self._pixel_aspect = stated
            self._codec_aspect = stated
        return self._pixel_aspect or SQUARE

    def _decoded(self) -> Iterator[tuple[VideoFrame, Fraction]]:
        """Every frame that can be decoded, with its pixel aspect ratio.

        A corrupt packet costs only that packet.
        """
        import av

        # AVI has decoding times only; frames are shown in the order of those times.
        has_dts_only = self._container.format.name == "avi"
        due: deque[int] = deque()
        packets = packets_of(self._container, self._stream, self._note_damage)
        while True:
            # Another thread may close the clip while this one prefetches.
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
                if has_dts_only:
                    due.append(packet.dts)
            for frame in frames:
                if due:
                    frame.pts = due.popleft()
                yield frame, self._aspect_of(frame)

    def _note_damage(self) -> None:
        self.damaged = True


def read_frames(
    source: Source, *, rate_hz: float | None = None
) -> Generator[tuple[int, float, Image]]:
    """``Clip.frames`` of a clip that is opened here and closed at the end.

    Args:
        source: See ``Clip``.
        rate_hz: See ``Clip.frames``.

    Raises:
        VideoError: See ``Clip``.
    """
    with Clip(source) as clip:
        yield from clip.frames(rate_hz)


def read_info(source: Source, *, max_pixels: int = MAX_PIXELS) -> ClipInfo:
    """``Clip.complete_info`` of a file; nothing but its first frame is decoded.

    Args:
        source: See ``Clip``.
        max_pixels: See ``Clip``.

    Raises:
        VideoError: See ``Clip``.
    """
    with Clip(source, max_pixels=max_pixels) as clip:
        return clip.complete_info()


def _video_stream(container: InputContainer, max_pixels: int) -> VideoStream:
    from av.stream import Disposition

    # A song's cover is not a video.
    moving = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
    stream = default_stream(moving)
    if stream is None:
        raise VideoError(_NO_VIDEO)
    if stream.codec_context is None:  # a codec that FFmpeg does not know
        raise VideoError(_NO_FRAME)
    if stream.width * stream.height > max_pixels:
        raise VideoError(_TOO_LARGE.format(limit=max_pixels / 1e6))
    return stream
