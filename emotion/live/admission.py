"""Admission control: how many live streams the server carries, and whether one more may start.

With more live streams than a server can handle, all of them become slow; so their number is limited
and further visitors are asked to wait. One ``ADMISSION`` for the process.
"""

from __future__ import annotations

import threading
import weakref
from typing import Protocol

from emotion.errors import EmotionError

SILENCE_TIMEOUT_S = 10.0
"""A stream without frames for this long loses its place. A browser that vanished does not say so,
and WebRTC itself notices only after half a minute."""

CONNECT_TIMEOUT_S = 8.0
"""A stream that has not had its first frame yet keeps its place for this long. One that connects
later has a place again, beyond the limit if need be."""


class ServerFullError(EmotionError):
    """All places are taken."""


class AdmittedStream(Protocol):
    """What admission control needs to know of a stream."""

    @property
    def ended(self) -> bool:
        """Whether the stream was closed."""
        ...

    @property
    def frames(self) -> int:
        """Frames received so far."""
        ...

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame, or since the stream was created."""
        ...


class AdmissionControl:
    """The admitted streams, held by weak references; safe to use from several threads."""

    def __init__(self) -> None:
        self._streams: weakref.WeakSet[AdmittedStream] = weakref.WeakSet()
        self._lock = threading.Lock()

    def active(self, excluding: AdmittedStream | None = None) -> int:
        """The number of streams that hold a place, not counting ``excluding``."""
        with self._lock:
            return self._count(excluding)

    def streams(self) -> tuple[AdmittedStream, ...]:
        """The streams that hold a place."""
        with self._lock:
            return tuple(stream for stream in self._streams if _has_place(stream))

    def admit(
        self, stream: AdmittedStream, limit: int | None, replacing: AdmittedStream | None = None
    ) -> None:
        """Gives a stream a place.

        Args:
            stream: The new stream.
            limit: Most streams at a time; None for any number.
            replacing: An earlier stream of the same visitor, which does not count.

        Raises:
            ServerFullError: ``limit`` others hold a place.
        """
        with self._lock:
            if limit is not None and self._count(replacing) >= limit:
                raise ServerFullError(server_full_message(limit))
            self._streams.add(stream)

    def _count(self, excluding: AdmittedStream | None) -> int:
        return sum(_has_place(stream) for stream in self._streams if stream is not excluding)


def server_full_message(limit: int) -> str:
    """The message to a visitor when ``limit`` streams are running."""
    streams = "1 live stream and it is" if limit == 1 else f"{limit} live streams and all are"
    return (
        f"This server supports {streams} in use. Wait here: the camera can be started as soon "
        "as one is free."
    )


def _has_place(stream: AdmittedStream) -> bool:
    timeout_s = SILENCE_TIMEOUT_S if stream.frames else CONNECT_TIMEOUT_S
    return not stream.ended and stream.silent_s < timeout_s


ADMISSION = AdmissionControl()
"""The one of this process."""
