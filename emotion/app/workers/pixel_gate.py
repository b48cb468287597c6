"""The pixels that are decoded at a time, bounded over all tasks of the server."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Pixels:
    """Yielded by a task before it decodes: it goes on once the gate has room.

    Attributes:
        count: Pixels of the picture, as its header states them.
    """

    count: int


class PixelGate:
    """Bounds the pixels that are decoded at a time, in the order in which they were asked for.

    Safe to use from several threads.

    Args:
        most: Pixels in flight. A single picture of more waits until it is alone.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._waiting: dict[object, int] = {}
        self._in_flight: dict[object, int] = {}

    @property
    def in_flight(self) -> int:
        """Pixels that are being decoded."""
        with self._lock:
            return sum(self._in_flight.values())

    def enter(self, holder: object, pixels: int) -> bool:
        """Whether the holder may go on; if not, it keeps its place and asks again later."""
        with self._lock:
            self._waiting.setdefault(holder, max(pixels, 0))
            used = sum(self._in_flight.values())
            is_next = next(iter(self._waiting)) is holder
            if not is_next or (used and used + self._waiting[holder] > self._most):
                return False
            self._in_flight[holder] = self._in_flight.get(holder, 0) + self._waiting.pop(holder)
            return True

    def leave(self, holder: object) -> None:
        """Gives back what the holder has and its place; nothing where it has none."""
        with self._lock:
            self._waiting.pop(holder, None)
            self._in_flight.pop(holder, None)
