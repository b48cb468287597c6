"""Encoded clips for tests."""

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from emotion.imaging.files import read_image
from emotion.samples import SAMPLES
from emotion.video.colors import ColorSpace
from emotion.video.writer import state_colors

QUICK = {"preset": "ultrafast"}
"""H.264 options: fast, and as good, only larger."""


def sound_only() -> bytes:
    """An MP4 of silence, without any picture."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=8000)
        for index in range(8):
            samples = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, 1024 * index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def picture(index: int, height: int = 96, width: int = 128) -> np.ndarray:
    """A grey image whose shade encodes its index, with a red top left corner."""
    image = np.full((height, width, 3), 40 + 8 * (index % 20), np.uint8)
    image[: height // 4, : width // 4] = (220, 20, 20)
    return image


def encode(
    times: Sequence[int],
    *,
    container: str = "mp4",
    codec: str = "mpeg4",
    rate: int = 30,
    sound: str | None = None,
    size: tuple[int, int] = (128, 96),
    pictures: Iterable[np.ndarray] | None = None,
    options: Mapping[str, str] | None = None,
    pixel_aspect: Fraction | None = None,
    colors: ColorSpace | None = None,
    pix_fmt: str | None = None,
) -> bytes:
    """A clip whose frames are shown at the given ticks of 1/rate seconds.

    sound: the codec of a tone that begins at half a second and lasts to the end. size: (width,
    height). pictures: of that size, one for each tick, uint8 or uint16; by default ``picture``.
    options: of the codec. colors: stated in the file; by default nothing is.
    """
    if pictures is None:
        pictures = (picture(index, size[1], size[0]) for index in range(len(times)))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, options=dict(options or {}))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
        stream.codec_context.time_base = Fraction(1, rate)
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if colors:
            state_colors(stream.codec_context, colors)
        reformatter = VideoReformatter()
        voice = out.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        for tick, image in zip(times, pictures, strict=True):
            deep = "rgb24" if image.dtype == np.uint8 else "rgb48le"
            frame = av.VideoFrame.from_ndarray(image, format=deep)
            if colors:
                full = ColorRange.JPEG if colors.full_range else ColorRange.MPEG
                frame = reformatter.reformat(
                    frame,
                    format=stream.pix_fmt,
                    dst_colorspace=colors.swscale_matrix,
                    dst_color_range=full,
                )
                state_colors(frame, colors)
            frame.pts, frame.time_base = tick, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if isinstance(voice, av.AudioStream):
            for part in tone(times[-1] / rate, voice.codec_context.frame_size or 1024):
                out.mux(voice.encode(part))
            out.mux(voice.encode(None))
    return buffer.getvalue()


def tone(length_s: float, frame_size: int) -> Iterator[av.AudioFrame]:
    """Silence for half a second, then 440 Hz, in stereo at 48 kHz."""
    for first in range(0, int(length_s * 48_000) - frame_size, frame_size):
        times = np.arange(first, first + frame_size) / 48_000
        wave = 0.5 * np.sin(2 * np.pi * 440 * times) * (times >= 0.5)
        samples = np.tile((wave * 32_767).astype(np.int16)[:, None], (1, 2)).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, first, Fraction(1, 48_000)
        yield frame


def turned(data: bytes, degrees: int = 90) -> bytes:
    """The clip with an MP4 display matrix that turns it clockwise, as phones write it."""
    at = data.index(b"tkhd") + 4
    matrix_at = at + 40  # version 0: after flags, times, id, duration, layer, volume
    cos, sin = (round(0x10000 * part(math.radians(degrees))) for part in (math.cos, math.sin))
    values = (cos, sin, 0, -sin, cos, 0, 0, 0, 0x40000000)
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    return data[:matrix_at] + matrix + data[matrix_at + 36 :]


def index_first(data: bytes, path: Path) -> bytes:
    """The clip as an MP4 that can be opened when its end is missing; written to the path."""
    with (
        av.open(io.BytesIO(data), "r") as source,
        av.open(str(path), "w", options={"movflags": "+faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return path.read_bytes()


def streamed(data: bytes, container: str) -> bytes:
    """The clip as a program writes it that cannot go back to state the duration."""
    written = io.BytesIO()

    class Pipe:
        def write(self, part: bytes) -> int:
            return written.write(part)

    with (
        av.open(io.BytesIO(data), "r") as source,
        av.open(Pipe(), "w", format=container) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return written.getvalue()


def of_a_sample(number: int = 0) -> bytes:
    """Two seconds of a face, which moves aside: an MP4 that browsers play."""
    pixels = read_image(SAMPLES[number].read())
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.height, stream.width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
        stream.pix_fmt = "yuv420p"
        for shift in range(20):
            moved = np.roll(pixels, shift, axis=1)[: stream.height, : stream.width]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(moved.copy(), format="rgb24")))
        out.mux(stream.encode(None))
    return buffer.getvalue()
