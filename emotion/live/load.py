"""Whether the server keeps up with its cameras, and what it gives up when it does not.

What counts is the frames that had to be left out because the next was there before they could be
shown (see ``aiortc_queues``). All viewers share the machine, so they share one ``LOAD``: first the
analysis slows down, then the returned picture shrinks; the video's own rate is given up last.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

WINDOW_S = 2.0
"""The shares are taken over this long, and a level is kept for two of them at least."""

MANY, FEW = 0.08, 0.02
"""Shares of the frames left out: above the first the level rises, below the second it may fall."""

FIRST_CALM_S, MOST_CALM_S = 10.0, 160.0
"""So long all must be well before a level falls; doubled each time that turns out too early."""

ALL_WELL, LESS_ANALYSIS, SMALLER_PICTURE = range(3)


class Load:
    """Counts frames and tells the present level; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._level = ALL_WELL
        self._received = self._dropped = self._bad_windows = 0
        self._window_s = self._well_since_s = clock()
        self._fell_s = -math.inf
        self._calm_s = FIRST_CALM_S

    @property
    def level(self) -> int:
        """``ALL_WELL``, ``LESS_ANALYSIS`` or ``SMALLER_PICTURE``."""
        # Nobody is there any more: nothing tells that it got better.
        idle = self._clock() - self._window_s > 5 * WINDOW_S
        return ALL_WELL if idle else self._level

    def received(self) -> None:
        """Takes note of a frame that came from a camera."""
        with self._lock:
            now = self._clock()
            if now - self._window_s >= WINDOW_S:
                self._close_window(now)
            self._received += 1

    def dropped(self) -> None:
        """Takes note of a frame that was left out."""
        with self._lock:
            self._dropped += 1

    def _close_window(self, now: float) -> None:
        share = self._dropped / max(self._received, 1)
        if now - self._window_s > 5 * WINDOW_S:  # the first frame after a long silence
            share, self._level, self._well_since_s = 0.0, ALL_WELL, now
        self._received = self._dropped = 0
        self._window_s = now
        self._bad_windows = self._bad_windows + 1 if share > MANY else 0
        if share > FEW:
            self._well_since_s = now
        if self._bad_windows >= 2 and self._level < SMALLER_PICTURE:
            # A fall that did not last: the next try comes later.
            too_early = now - self._fell_s < 2 * FIRST_CALM_S
            self._calm_s = min(2 * self._calm_s, MOST_CALM_S) if too_early else FIRST_CALM_S
            self._level += 1
            self._bad_windows = 0
        elif self._level > ALL_WELL and now - self._well_since_s >= self._calm_s:
            self._level -= 1
            self._fell_s = self._well_since_s = now


LOAD = Load()
"""The one of this process."""
