"""A clip's sound, copied into the annotated video beside its pictures."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from emotion.video.container import Source, open_container, packets_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

    _Timed = tuple[float, Packet[AudioStream]]  # when it is heard, in seconds of the new clip

# What an MP4 may hold and browsers play; everything else is encoded anew as AAC.
COPIED = frozenset({"aac", "mp3", "opus", "flac"})
_RATE_HZ = 48_000
_TIME_BASE = Fraction(1, _RATE_HZ)


class Soundtrack:
    """The sound of a clip from ``start_s`` to ``end_s``, both on the file's own clock, in seconds.

    ``begin`` names the file it goes to, ``write_until`` brings it up to a time of the new clip.
    """

    def __init__(self, source: Source, *, start_s: float = 0.0, end_s: float | None = None) -> None:
        self.damaged = False
        """True once a part of the sound could not be read or written."""
        self._container = open_container(own_handle(source))
        self._start_s = start_s
        self._length_s = math.inf if end_s is None else end_s - start_s
        self._packets: Iterator[_Timed] = iter(())
        self._waiting: _Timed | None = None
        self._mux: Callable[[Packet[AudioStream]], None] = lambda _: None

    def close(self) -> None:
        """Frees the file."""
        self._container.close()

    def begin(self, out: OutputContainer) -> None:
        """Adds the sound's stream to a file whose header is not written yet."""
        known = (s for s in self._container.streams.audio if s.codec_context is not None)
        stream = next(known, None)
        if stream is None:
            return
        self._mux = out.mux
        if _is_copied(stream):
            self._packets = self._moved(stream, out.add_stream_from_template(stream))
        else:
            channels = "mono" if stream.codec_context.channels == 1 else "stereo"
            self._packets = self._encoded(stream, _add_aac(out, channels), channels)
        self._waiting = self._next()

    def write_until(self, time_s: float) -> None:
        """Writes what is heard before ``time_s`` of the new clip; infinity for all of it."""
        import av

        while self._waiting is not None and self._waiting[0] <= time_s:
            try:
                self._mux(self._waiting[1])
            except av.error.FFmpegError:
                self.damaged = True
            self._waiting = self._next()

    def _next(self) -> _Timed | None:
        """The next packet of the chosen part; None at its end, or when it cannot be gone on with.

        That is so where the sound becomes another one in mid-clip (stereo to 5.1, say).
        """
        import av

        try:
            timed = next(self._packets, None)
        except (av.error.FFmpegError, ValueError):
            self.damaged = True
            return None
        return timed if timed is not None and timed[0] < self._length_s else None

    def _note_damage(self) -> None:
        self.damaged = True

    def _moved(self, stream: AudioStream, target: AudioStream) -> Iterator[_Timed]:
        """The packets as they are, on the new clip's clock."""
        for packet in packets_of(self._container, stream, self._note_damage):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue  # the mark at the end of a stream
            ticks = round(self._start_s / packet.time_base)
            packet.pts -= ticks
            packet.dts -= ticks
            if packet.pts >= 0 and packet.dts >= 0:
                packet.stream = target
                yield float(packet.pts * packet.time_base), packet

    def _encoded(self, stream: AudioStream, target: AudioStream, channels: str) -> Iterator[_Timed]:
        """The sound as AAC."""
        import av

        resampler = av.AudioResampler("fltp", channels, _RATE_HZ, frame_size=1024)
        for packet in packets_of(self._container, stream, self._note_damage):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.damaged = True
                continue
            for frame in frames:
                if frame.time is None or frame.time < self._start_s:
                    continue
                frame.pts = round((frame.time - self._start_s) * _RATE_HZ)
                frame.time_base = _TIME_BASE
                for even in resampler.resample(frame):
                    yield from _timed(target.encode(even))
        for even in resampler.resample(None):
            yield from _timed(target.encode(even))
        yield from _timed(target.encode(None))


def _is_copied(stream: AudioStream) -> bool:
    name = stream.codec_context.codec.canonical_name
    # An MP4 holds no MP3 of less than 16 kHz, and no Opus without its head.
    if name == "mp3":
        return stream.codec_context.sample_rate >= 16_000
    if name == "opus":
        return bool(stream.codec_context.extradata)
    return name in COPIED


def _add_aac(out: OutputContainer, channels: str) -> AudioStream:
    stream: AudioStream = out.add_stream("aac", rate=_RATE_HZ)
    stream.codec_context.layout = channels
    return stream


def _timed(packets: Iterable[Packet[AudioStream]]) -> Iterator[_Timed]:
    for packet in packets:
        if packet.pts is not None and packet.time_base is not None:
            yield max(0.0, float(packet.pts * packet.time_base)), packet


def own_handle(source: Source) -> Source:
    """The same file opened once more, so that two readers do not move each other's place."""
    if isinstance(source, str | os.PathLike):
        return source
    if isinstance(source, io.BytesIO):
        return io.BytesIO(source.getvalue())  # both share the bytes
    place = source.tell()
    source.seek(0)
    data = source.read()
    source.seek(place)
    return io.BytesIO(data)
