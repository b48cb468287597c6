"""Writes annotated frames as an H.264 video that browsers play."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emotion.errors import VideoError
from emotion.types import Image

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

TIME_BASE = Fraction(1, 90_000)  # MPEG's own clock: frame times of any camera fit


class ClipWriter:
    """An MP4 that is being written; ``close`` finishes it (``contextlib.closing``).

    The file appears under its name when it is finished, also when the work was stopped half-way:
    there is never half a file. Raises ``VideoError`` when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        import av

        if path.suffix.lower() != ".mp4":
            raise VideoError(f"An annotated video is an MP4; name it .mp4 instead of {path.name}.")
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container: OutputContainer = av.open(
                str(self._partial), "w", format="mp4", options={"movflags": "+faststart"}
            )
        except OSError as error:
            raise VideoError(f"{path} cannot be written ({error.strerror}).") from error
        self._stream: VideoStream | None = None
        self._last_pts = -1

    def write(self, image: Image, time_s: float) -> None:
        """Adds a frame, RGB uint8 (H, W, 3), at its time since the clip's start.

        H.264 wants even sides: an odd picture loses its last row or column. A frame of another size
        than the first is scaled to it.
        """
        import av

        if self._stream is None:
            self._stream = self._add_stream(image)
        even = np.ascontiguousarray(image[: image.shape[0] & ~1, : image.shape[1] & ~1])
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        # Two frames never share a time, however a camera rounds.
        self._last_pts = max(round(time_s / TIME_BASE), self._last_pts + 1)
        frame.pts, frame.time_base = self._last_pts, TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finishes the file; without any frame there is none."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        if self._stream is None:
            self._partial.unlink(missing_ok=True)
        else:
            self._partial.replace(self._path)

    def _add_stream(self, image: Image) -> VideoStream:
        height, width = (side & ~1 for side in image.shape[:2])
        if not height or not width:
            raise VideoError("This video's pictures are too small to be written as H.264.")
        stream: VideoStream = self._container.add_stream("libx264", rate=30)
        stream.height, stream.width = height, width
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = TIME_BASE
        stream.options = {"preset": "veryfast", "crf": "21"}
        return stream
