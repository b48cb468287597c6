"""Clips that several tests need."""

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import numpy as np


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
    """A grey picture that tells its index, with a red top left corner."""
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
) -> bytes:
    """A clip whose frames are shown at the given ticks of 1/rate seconds.

    sound: the codec of a tone that begins at half a second and lasts to the end.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, rate)
        voice = out.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        for index, tick in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(index, size[1], size[0]), format="rgb24")
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


def turned(data: bytes) -> bytes:
    """The clip with an MP4 display matrix that turns it a quarter clockwise, as phones write it."""
    at = data.index(b"tkhd") + 4
    matrix_at = at + 40  # version 0: after flags, times, id, duration, layer, volume
    values = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    return data[:matrix_at] + matrix + data[matrix_at + 36 :]
