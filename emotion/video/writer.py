"""Writing frames as a video that browsers play.

av is loaded on first use only.
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import cv2
import numpy as np

from emotion.errors import VideoError
from emotion.files import move_into_place, partial_path
from emotion.imaging.yuv import rgb_to_i420
from emotion.types import Image
from emotion.video.audio import AudioTrack
from emotion.video.codec import chosen_codec

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

TIME_BASE = Fraction(1, 90_000)  # MPEG's clock rate: fits the frame times of any camera


class ClipWriter:
    """Writes an MP4; ``close`` finishes it (``contextlib.closing``). Not thread-safe.

    ``EMOTION_VIDEO_CODEC`` chooses the codec, see ``emotion.video.codec``.

    A file on disk appears under its name when it is finished, also if the work was stopped half-way
    through: there is never half a file.

    Args:
        out: A path ending in .mp4, whose folder is made, or an opened file (binary, seekable).
        audio: Written along with the frames; whoever created it closes it.
        max_side: Longest side in pixels; larger frames are scaled down. None for any size.

    Raises:
        VideoError: The file cannot be written, or the codec is none that is known.

    Example:
        with contextlib.closing(ClipWriter(Path("out.mp4"))) as writer:
            for _, time_s, image in clip.frames():
                writer.write(image, time_s)
    """

    def __init__(
        self,
        out: Path | BinaryIO,
        *,
        audio: AudioTrack | None = None,
        max_side: int | None = None,
    ) -> None:
        import av

        self._codec = chosen_codec()
        self._path = out if isinstance(out, Path) else None
        self._audio, self._max_side = audio, max_side
        self._stream: VideoStream | None = None
        self._last_pts = -1
        self._audio_until_s = 0.0
        if not isinstance(out, Path):
            self._container: OutputContainer = av.open(out, "w", format="mp4")
            return
        if out.suffix.lower() != ".mp4":
            raise VideoError(f"An annotated video is an MP4; name it .mp4 instead of {out.name}.")
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(
                str(partial_path(out)), "w", format="mp4", options={"movflags": "+faststart"}
            )
        except OSError as error:
            raise VideoError(f"{out} cannot be written ({error.strerror}).") from error

    def write(self, image: Image, time_s: float) -> None:
        """Adds a frame.

        The codecs need even sides: an odd image loses its last row or column. A frame of another
        size than the first is scaled to fit, with black borders where the aspect ratio differs.

        Args:
            image: RGB uint8 (H, W, 3).
            time_s: When it is shown, seconds since the new clip's start; increasing.

        Raises:
            VideoError: The frame cannot be written.
        """
        import av

        if self._stream is None:
            self._stream = self._add_stream(image)
            if self._audio is not None:
                self._audio.begin(self._container)
        planes = rgb_to_i420(self._fitted(image, self._stream))
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        # Two frames never share a timestamp, however a camera rounds.
        self._last_pts = max(round(time_s / TIME_BASE), self._last_pts + 1)
        self._audio_until_s = time_s
        frame.pts, frame.time_base = self._last_pts, TIME_BASE
        try:
            self._container.mux(self._stream.encode(frame))
        except av.error.FFmpegError as error:
            raise VideoError(
                f"The annotated video cannot be written ({error.strerror})."
            ) from error
        if self._audio is not None:
            self._audio.write_until(time_s)

    def close(self) -> None:
        """Finishes the file; without any frame, there is none.

        Audio after the last frame is written only if ``ended`` was called.
        """
        import av

        complete = False
        try:
            if self._stream is not None:
                self._container.mux(self._stream.encode(None))
                if self._audio is not None:
                    self._audio.write_until(self._audio_until_s)
            self._container.close()
            complete = self._stream is not None
        except av.error.FFmpegError as error:
            raise VideoError(
                f"The annotated video cannot be written ({error.strerror})."
            ) from error
        finally:
            if self._path is not None and complete:
                move_into_place(partial_path(self._path), self._path)
            elif self._path is not None:
                partial_path(self._path).unlink(missing_ok=True)

    def ended(self) -> None:
        """Says that the clip was read to its end, so that all of its remaining audio is written."""
        self._audio_until_s = math.inf

    def _fitted(self, image: Image, stream: VideoStream) -> Image:
        """The image in the stream's size: cropped by a row or column, or else scaled."""
        height, width = image.shape[:2]
        if height - stream.height in (0, 1) and width - stream.width in (0, 1):
            return np.ascontiguousarray(image[: stream.height, : stream.width])
        scale = min(stream.height / height, stream.width / width)
        # A border of less than two pixels comes from rounding: none is drawn.
        border_x = max(0, round((stream.width - width * scale) / 2))
        border_y = max(0, round((stream.height - height * scale) / 2))
        size = (stream.width - 2 * border_x, stream.height - 2 * border_y)
        scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        borders = (border_y, border_y, border_x, border_x)
        return np.asarray(cv2.copyMakeBorder(scaled, *borders, cv2.BORDER_CONSTANT), np.uint8)

    def _add_stream(self, image: Image) -> VideoStream:
        scale = min(1.0, (self._max_side or max(image.shape)) / max(image.shape[:2]))
        height, width = (round(side * scale) & ~1 for side in image.shape[:2])
        if not height or not width:
            raise VideoError("This video's pictures are too small to be written.")
        stream = cast("VideoStream", self._container.add_stream(self._codec.encoder, rate=30))
        stream.height, stream.width = height, width
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = TIME_BASE
        stream.options = dict(self._codec.options)
        if self._codec.bit_rate is not None:
            stream.bit_rate = self._codec.bit_rate
        return stream
