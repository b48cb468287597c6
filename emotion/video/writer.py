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
from emotion.types import Image
from emotion.video.audio import AudioTrack
from emotion.video.codec import chosen_codec
from emotion.video.colors import ColorSpace

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

TIME_BASE = Fraction(1, 90_000)  # MPEG's clock rate: fits the frame times of any camera
_USUAL_DURATION = round(Fraction(1, 25) / TIME_BASE)


class ClipWriter:
    """Writes an MP4; ``close`` finishes it (``contextlib.closing``). Not thread-safe.

    ``EMOTION_VIDEO_CODEC`` chooses the codec, see ``emotion.video.codec``.

    A file on disk appears under its name when it is finished, also if the work was stopped half-way
    through: there is never half a file.

    Args:
        out: A path ending in .mp4, whose folder is made, or an opened file (binary, seekable).
        audio: Written along with the frames; whoever created it closes it.
        max_side: Longest side in pixels; larger frames are scaled down. None for any size.
        color_space: What the file's numbers shall stand for (``Clip.color_space``); by default what
            players assume for its size. It is written into the file in either case.

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
        color_space: ColorSpace | None = None,
    ) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        self._codec = chosen_codec()
        self._path = out if isinstance(out, Path) else None
        self._audio, self._max_side, self._color_space = audio, max_side, color_space
        self._reformatter = VideoReformatter()
        self._stream: VideoStream | None = None
        self._first_pts, self._last_pts, self._last_duration = 0, -1, 0
        self._dts: tuple[int, int] | None = None  # of the first and the latest packet
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
        frame = self._converted(self._fitted(image, self._stream), self._stream)
        # Two frames never share a timestamp, however a camera rounds.
        pts = max(round(time_s / TIME_BASE), self._last_pts + 1)
        # Until ``ended`` says better, the last frame is shown for as long as the one before it.
        if self._last_pts < 0:
            self._first_pts, self._last_duration = pts, _USUAL_DURATION
        else:
            self._last_duration = pts - self._last_pts
        self._last_pts = pts
        self._audio_until_s = time_s
        frame.pts, frame.time_base = pts, TIME_BASE
        try:
            packets = self._stream.encode(frame)
            if packets:
                first = packets[0].dts if self._dts is None else self._dts[0]
                self._dts = first or 0, packets[-1].dts or 0
            self._container.mux(packets)
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
                self._container.mux(self._last_packets(self._stream))
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

    def ended(self, end_s: float) -> None:
        """Says that the clip was read to its end, so that all of its remaining audio is written.

        Args:
            end_s: Until when the last frame is shown, seconds since the new clip's start.
        """
        self._audio_until_s = math.inf
        self._last_duration = max(1, round(end_s / TIME_BASE) - self._last_pts)

    def _last_packets(self, stream: VideoStream) -> list[Packet[VideoStream]]:
        """What the encoder still holds, timed so that the clip has its length.

        MP4 tells the length twice: by the end of the frame that is shown last, and by the sum of
        the times between the decoding of one frame and the next. B-frames are decoded in another
        order, so the sum is right only if the packet that is decoded last fits both.
        """
        packets: list[Packet[VideoStream]] = stream.encode(None)
        if not packets:
            return packets
        last_pts, decoded = packets[-1].pts or 0, [packet.dts or 0 for packet in packets]
        first, before = (decoded[0], decoded[0] - 1) if self._dts is None else self._dts
        # Decoded as long before it is shown as the first frame.
        decoded[-1] = max(last_pts - (self._first_pts - first), before + len(packets))
        for index in reversed(range(len(decoded) - 1)):
            decoded[index] = min(decoded[index], decoded[index + 1] - 1)
        for packet, dts in zip(packets, decoded, strict=True):
            packet.dts, packet.duration = dts, 1
        packets[-1].duration = self._last_pts + self._last_duration - last_pts
        return packets

    def _converted(self, image: Image, stream: VideoStream) -> VideoFrame:
        """The image in the stream's format and colour space."""
        import av
        from av.video.reformatter import ColorRange

        space = self._color_space or ColorSpace.of_size(stream.height, stream.width)
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(image, format="rgb24"),
            format="yuv420p",
            dst_colorspace=space.swscale_matrix,
            dst_color_range=ColorRange.JPEG if space.full_range else ColorRange.MPEG,
            threads=1,
        )
        state_colors(frame, space)
        return frame

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
        state_colors(stream.codec_context, self._color_space or ColorSpace.of_size(height, width))
        return stream


def state_colors(target: VideoFrame | VideoCodecContext, space: ColorSpace) -> None:
    """Makes a frame or an encoder state its colour space."""
    from av.video.reformatter import ColorRange

    target.colorspace, target.color_primaries = space.matrix, space.primaries
    target.color_trc = space.transfer
    target.color_range = ColorRange.JPEG if space.full_range else ColorRange.MPEG
