"""A thread that works on the newest item only.

Between a source that does not wait (a camera) and work that takes as long as it takes (analysis)
stands a slot of one: an item that was not taken yet is replaced by the next, never queued. After
each item the thread rests, by default for as long as the item took: on a busy machine half of a
core's time at least is left to the video itself. Workers that share a gate take turns.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

MAX_REST_S = 0.25


def as_long(took_s: float) -> float:
    """The ordinary rest, in seconds, after work that took so long."""
    return min(took_s, MAX_REST_S)


class NewestWorker(Generic[Item]):
    """Calls ``handle`` with the newest item offered, on a thread of its own; safe from any thread.

    handle: must not raise; it is called by one thread at a time. rest: seconds of rest after an
    item, by the seconds that it took. gate: held while an item is handled. The thread starts with
    the first item and ends after ``idle_s`` without one or on ``close``, so a viewer that vanishes
    without a word leaves no thread behind; the next item starts it again.
    """

    def __init__(
        self,
        handle: Callable[[Item], None],
        *,
        name: str = "newest",
        idle_s: float = 5.0,
        rest: Callable[[float], float] = as_long,
        gate: threading.Semaphore | None = None,
    ) -> None:
        self._handle = handle
        self._gate = gate or threading.Semaphore()
        self._rest = rest
        self._name = name
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._waiting: Item | None = None
        self._running = False
        self._closed = False

    def offer(self, item: Item) -> None:
        """Puts the item in the slot, in place of one that still waits; returns at once."""
        with self._changed:
            if self._closed:
                return
            self._waiting = item
            if self._running:
                self._changed.notify()
            else:
                self._running = True
                threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def close(self) -> None:
        """Ends the thread after its present item, without waiting for it; later items are lost."""
        with self._changed:
            self._closed = True
            self._waiting = None
            self._changed.notify()

    def _run(self) -> None:
        while self._wait():
            with self._gate:
                # Taken only now: a newer one may have come while others had their turn.
                item = self._take()
                begun = time.monotonic()
                if item is not None:
                    self._handle(item)
                took_s = time.monotonic() - begun
            time.sleep(self._rest(took_s))

    def _wait(self) -> bool:
        """Until there is an item; False when the thread is to end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._waiting is not None, timeout=self._idle_s
            )
            self._running = self._waiting is not None
            return self._running

    def _take(self) -> Item | None:
        """The newest item; None when the worker was closed meanwhile."""
        with self._changed:
            item, self._waiting = self._waiting, None
            return item
