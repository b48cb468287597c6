"""Who watches now, and whether there is room for one more.

A server that shows more live pictures than it can only slows everyone; so the number is limited,
and the next visitor is told. One ``VIEWERS`` for the process.
"""

from __future__ import annotations

import threading
import weakref
from typing import Protocol

from emotion.errors import EmotionError

GONE_S = 10.0
"""A stream without a frame for so long has lost its place: a browser that vanished says nothing,
and the connection itself notices only after half a minute."""

CONNECTING_S = 30.0
"""Before its first frame a stream keeps its place for so long."""


class NoRoomError(EmotionError):
    """All places are taken."""


class Viewer(Protocol):
    """What is asked of a viewer's stream."""

    @property
    def ended(self) -> bool:
        """It was closed."""
        ...

    @property
    def frames(self) -> int:
        """How many came since it was made."""
        ...

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame, or since it was made."""
        ...


class Viewers:
    """The streams of all visitors, held weakly; safe to use from several threads."""

    def __init__(self) -> None:
        self._all: weakref.WeakSet[Viewer] = weakref.WeakSet()
        self._lock = threading.Lock()

    def present(self, besides: Viewer | None = None) -> int:
        """How many have a place now. besides: one who is not counted."""
        with self._lock:
            return self._count(besides)

    def enter(self, viewer: Viewer, limit: int | None, instead_of: Viewer | None = None) -> None:
        """Gives the viewer a place; ``NoRoomError`` when ``limit`` others have one.

        limit: None for any number. instead_of: the same visitor's earlier stream.
        """
        with self._lock:
            if limit is not None and self._count(instead_of) >= limit:
                raise NoRoomError(no_room(limit))
            self._all.add(viewer)

    def _count(self, besides: Viewer | None) -> int:
        return sum(_has_place(each) for each in self._all if each is not besides)


def no_room(limit: int) -> str:
    """The sentence for a visitor who finds all places taken."""
    pictures = "1 live picture" if limit == 1 else f"{limit} live pictures"
    return (
        f"This server shows {pictures} at once, and all places are taken at the moment: wait here, "
        "the camera can be started as soon as one is free."
    )


def _has_place(viewer: Viewer) -> bool:
    patience_s = GONE_S if viewer.frames else CONNECTING_S
    return not viewer.ended and viewer.silent_s < patience_s


VIEWERS = Viewers()
"""The ones of this process."""
