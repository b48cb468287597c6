"""A worker thread that processes only the latest item.

Between a source that does not wait (a camera) and work that takes as long as it takes (analysis)
is a slot for one item: an item that has not been taken yet is late; it is dropped and replaced by
the next, never queued, so that there is no backlog. ``processor`` uses one per viewer; the queues
before it, which drop late frames too, are ``aiortc_patches.bounded_queues``.

After each item the thread rests, by default as long as the item took, so that on a busy machine at
least half of a core is left to the video itself. Workers that share a semaphore take turns.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

MAX_REST_S = 0.25


def default_rest_s(work_s: float) -> float:
    """Seconds of rest after an item that took ``work_s``: equally long, up to ``MAX_REST_S``."""
    return min(work_s, MAX_REST_S)


class LatestItemWorker(Generic[Item]):
    """Calls a function with the latest item offered, on a thread of its own.

    The thread starts with the first item and ends after ``idle_s`` without one or on ``close``, so
    that a viewer who vanishes leaves no thread behind; the next item starts it again. All methods
    may be called from any thread.

    Args:
        handle: Called with an item, by one thread at a time. It must not raise.
        name: Name of the thread.
        idle_s: Seconds without an item after which the thread ends.
        rest_s: Maps the seconds that an item took to the seconds of rest after it.
        slots: Acquired while an item is handled; shared by workers that take turns.

    Example:
        worker = LatestItemWorker(analyze, name="analysis")
        for frame in camera:
            worker.offer(frame)  # returns at once; frames that come too fast are dropped
        worker.close()
    """

    def __init__(
        self,
        handle: Callable[[Item], None],
        *,
        name: str = "latest-item",
        idle_s: float = 5.0,
        rest_s: Callable[[float], float] = default_rest_s,
        slots: threading.Semaphore | None = None,
    ) -> None:
        self._handle = handle
        self._slots = slots or threading.Semaphore()
        self._rest_s = rest_s
        self._name = name
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._pending: Item | None = None
        self._running = False
        self._closed = False

    def offer(self, item: Item) -> None:
        """Puts the item in the slot, replacing one that is still there; returns at once."""
        with self._changed:
            if self._closed:
                return
            self._pending = item
            if self._running:
                self._changed.notify()
            else:
                self._running = True
                threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def close(self) -> None:
        """Ends the thread after its current item, without waiting; later items are ignored."""
        with self._changed:
            self._closed = True
            self._pending = None
            self._changed.notify()

    def _run(self) -> None:
        while self._wait():
            with self._slots:
                # Taken only now: a newer item may have come while others had their turn.
                item = self._take()
                started_s = time.monotonic()
                if item is not None:
                    self._handle(item)
                work_s = time.monotonic() - started_s
            time.sleep(self._rest_s(work_s))

    def _wait(self) -> bool:
        """Waits for an item; False when the thread is to end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._pending is not None, timeout=self._idle_s
            )
            self._running = self._pending is not None
            return self._running

    def _take(self) -> Item | None:
        """The latest item; None when the worker was closed meanwhile."""
        with self._changed:
            item, self._pending = self._pending, None
            return item
