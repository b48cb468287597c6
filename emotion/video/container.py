"""Opening a recording's file and reading its packets, for pictures and sound alike.

av is loaded on first use only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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

# Containers that hold their own pictures. Everything else is refused before it is parsed: a
# playlist (HLS, concat, SDP) in a visitor's file could make FFmpeg open other files or addresses.
_OPEN_OPTIONS = {
    "format_whitelist": "mov,matroska,avi,gif,mpegts,mpeg,ogg,flv,asf,yuv4mpegpipe",
    "protocol_whitelist": "file",
}
HELP = "choose another one, or save it as MP4 and try again"
"""How a sentence about a file that cannot be read may end."""

_EMPTY = "This file is empty; choose another one."
_NO_CLIP = (
    "This file is not a video that can be read (MP4, MOV, MKV, WebM, AVI or GIF), or it is "
    f"damaged; {HELP}."
)
_NEW_CLOCK_S = 0.25
"""A file whose clock goes back by more was put together of several, each with its own."""


def open_container(source: Source) -> InputContainer:
    """The opened file; ``VideoError`` when it is no recording, or one that may open others."""
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


def packets_of(
    container: InputContainer, stream: AnyStream, damaged: Callable[[], None]
) -> Iterator[Packet[AnyStream]]:
    """The stream's packets, on one clock; ``damaged`` is called where one is not whole or none can
    be read any further."""
    import av

    # In a transport stream the mark "not whole" also stands where two recordings were joined.
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
            if last is not None and (last - packet.dts - shift) * packet.time_base > _NEW_CLOCK_S:
                shift = last + (packet.duration or 0) - packet.dts
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            last = packet.dts
        yield packet


def _existing(path: str | os.PathLike[str]) -> str:
    """The path as text, once a file is there: FFmpeg would take "http:..." for an address."""
    file = Path(path)
    if not file.is_file():
        raise VideoError(f"There is no file {str(file)!r}.")
    return str(file.resolve())
