"""A clip's audio, copied into the annotated video.

av is loaded on first use only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from emotion.video.container import (
    Source,
    default_stream,
    open_container,
    packets_of,
    reopened,
)

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

    _Timed = tuple[float, Packet[AudioStream]]  # seconds since the new clip's start

# Codecs that MP4 can hold and browsers play; everything else is transcoded to AAC.
COPIED_CODECS = frozenset({"aac", "mp3", "opus", "flac"})
_RATE_HZ = 48_000
_TIME_BASE = Fraction(1, _RATE_HZ)


class AudioTrack:
    """Copies the audio of a section of a clip into a new file, in step with its frames.

    Call ``begin`` once, then ``write_until`` with each frame, and ``close`` at the end. A clip
    without audio is fine. Not thread-safe.

    Args:
        source: The clip.
        start_s: Start of the section in seconds on the file's own clock (``Clip.offset_s``).
        end_s: End of the section, likewise; None for the clip's end.

    Raises:
        VideoError: The file cannot be opened.
    """

    def __init__(self, source: Source, *, start_s: float = 0.0, end_s: float | None = None) -> None:
        self.damaged = False
        """Whether a part of the audio could not be read or written."""
        self._container = open_container(reopened(source))
        self._start_s = start_s
        self._length_s = math.inf if end_s is None else end_s - start_s
        self._packets: Iterator[_Timed] = iter(())
        self._pending: _Timed | None = None
        self._mux: Callable[[Packet[AudioStream]], None] = lambda _: None

    def close(self) -> None:
        """Closes the source file."""
        self._container.close()

    def begin(self, out: OutputContainer) -> None:
        """Adds an audio stream to a file whose header has not been written yet."""
        known = (s for s in self._container.streams.audio if s.codec_context is not None)
        stream = default_stream(known)
        if stream is None:
            return
        self._mux = out.mux
        if _is_copyable(stream):
            self._packets = self._copied(stream, out.add_stream_from_template(stream))
        else:
            channels = "mono" if stream.codec_context.channels == 1 else "stereo"
            self._packets = self._transcoded(stream, _add_aac(out, channels), channels)
        self._pending = self._next()

    def write_until(self, time_s: float) -> None:
        """Writes the audio up to ``time_s`` seconds of the new clip; infinity for all of it."""
        import av

        while self._pending is not None and self._pending[0] <= time_s:
            try:
                self._mux(self._pending[1])
            except av.error.FFmpegError:
                self.damaged = True
            self._pending = self._next()

    def _next(self) -> _Timed | None:
        """The next packet of the section; None at its end.

        Also None where the audio cannot be continued because its format changes in mid-clip, from
        stereo to 5.1 for example.
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

    def _copied(self, stream: AudioStream, target: AudioStream) -> Iterator[_Timed]:
        """The packets unchanged but for the new clip's timestamps."""
        for packet in packets_of(self._container, stream, self._note_damage):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue  # the empty packet at the end of a stream
            ticks = round(self._start_s / packet.time_base)
            packet.pts -= ticks
            packet.dts -= ticks
            if packet.pts >= 0 and packet.dts >= 0:
                packet.stream = target
                yield float(packet.pts * packet.time_base), packet

    def _transcoded(
        self, stream: AudioStream, target: AudioStream, channels: str
    ) -> Iterator[_Timed]:
        """The audio transcoded to AAC."""
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


def _is_copyable(stream: AudioStream) -> bool:
    name = stream.codec_context.codec.canonical_name
    # MP4 cannot hold MP3 below 16 kHz, nor Opus without its header.
    if name == "mp3":
        return stream.codec_context.sample_rate >= 16_000
    if name == "opus":
        return bool(stream.codec_context.extradata)
    return name in COPIED_CODECS


def _add_aac(out: OutputContainer, channels: str) -> AudioStream:
    stream: AudioStream = out.add_stream("aac", rate=_RATE_HZ)
    stream.codec_context.layout = channels
    return stream


def _timed(packets: Iterable[Packet[AudioStream]]) -> Iterator[_Timed]:
    for packet in packets:
        if packet.pts is not None and packet.time_base is not None:
            yield max(0.0, float(packet.pts * packet.time_base)), packet
