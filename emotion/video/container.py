"""Opening a video file and reading its packets, for video and audio alike.

av is loaded on first use only.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from emotion.errors import VideoError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

AnyStream = TypeVar("AnyStream", "VideoStream", "AudioStream")
Source = str | os.PathLike[str] | BinaryIO
"""A clip's path, or the opened file (binary, seekable)."""

# Containers that hold their own media. Everything else is refused before it is parsed: a playlist
# (HLS, concat, SDP) in an uploaded file could make FFmpeg open other files or addresses.
_OPEN_OPTIONS = {
    "format_whitelist": "mov,matroska,avi,gif,mpegts,mpeg,ogg,flv,asf,yuv4mpegpipe",
    "protocol_whitelist": "file",
}
HELP = "choose another one, or save it as MP4 and try again"
"""Ends a message about a file that cannot be read."""

_EMPTY = "This file is empty; choose another one."
_NO_CLIP = (
    "This file is not a video that can be read (MP4, MOV, MKV, WebM, AVI or GIF), or it is "
    f"damaged; {HELP}."
)
_CLOCK_RESET_S = 0.25
"""A file whose timestamps go back by more was joined from several, each with its own clock."""


def open_container(source: Source) -> InputContainer:
    """The opened file.

    Raises:
        VideoError: The file is missing, empty, not a video, or of a kind that could open others.
    """
    import av

    if not isinstance(source, str | os.PathLike):
        empty = not source.seek(0, os.SEEK_END)
        source.seek(0)
    else:
        source = _existing(source)
        empty = not Path(source).stat().st_size
    if empty:
        raise VideoError(_EMPTY)
    try:
        return av.open(source, mode="r", options=_OPEN_OPTIONS)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(_NO_CLIP) from error


def default_stream(streams: Iterable[AnyStream]) -> AnyStream | None:
    """The stream that players choose: the first that the file flags as default, else the first."""
    from av.stream import Disposition

    known = list(streams)
    flagged = (stream for stream in known if stream.disposition & Disposition.default)
    return next(flagged, known[0] if known else None)


def packets_of(
    container: InputContainer, stream: AnyStream, damaged: Callable[[], None]
) -> Iterator[Packet[AnyStream]]:
    """The stream's packets, on one continuous clock.

    Args:
        container: The opened file.
        stream: One of its streams.
        damaged: Called for each corrupt packet, and when nothing can be read any further.
    """
    import av

    # In a transport stream packets are also marked as corrupt where two recordings were joined.
    marked = container.format.name != "mpegts"
    shift, last = 0, None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError:
            damaged()
            return
        if marked and packet.is_corrupt:
            damaged()
        if packet.pts is not None and packet.dts is not None and packet.time_base is not None:
            if last is not None and (last - packet.dts - shift) * packet.time_base > _CLOCK_RESET_S:
                shift = last + (packet.duration or 0) - packet.dts
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            last = packet.dts
        yield packet


def reopened(source: Source) -> Source:
    """The same file for a second reader, so that neither moves the other's read position."""
    if isinstance(source, str | os.PathLike):
        return source
    if isinstance(source, io.BytesIO):
        return io.BytesIO(source.getvalue())  # both share the bytes
    position = source.tell()
    source.seek(0)
    data = source.read()
    source.seek(position)
    return io.BytesIO(data)


def _existing(path: str | os.PathLike[str]) -> str:
    """The path of an existing file as text: FFmpeg would open "http:..." as an address."""
    file = Path(path)
    if not file.is_file():
        raise VideoError(f"There is no file {str(file)!r}.")
    return str(file.resolve())
