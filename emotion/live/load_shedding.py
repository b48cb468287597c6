"""Load shedding: notices that the server cannot keep up, and says what to give up.

The measure is the share of frames dropped because the next one was there before they could be
shown (see ``aiortc_patches.bounded_queues``). All viewers share the machine and therefore one
``SHEDDER``: first the analysis becomes less frequent, then the returned video smaller; its frame
rate is given up last.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from enum import IntEnum

WINDOW_S = 2.0
"""Shares are measured over this long; a level is kept for at least two windows."""

HIGH_DROP_SHARE, LOW_DROP_SHARE = 0.08, 0.02
"""Shares of dropped frames: above the first the level rises, below the second it may fall."""

MIN_RECOVERY_S, MAX_RECOVERY_S = 10.0, 160.0
"""How long the share must stay low before the level falls; doubled when it soon rises again."""


class LoadLevel(IntEnum):
    """What is reduced at present, in the order in which it happens."""

    NORMAL = 0
    REDUCED_ANALYSIS = 1
    REDUCED_SIZE = 2


class LoadShedder:
    """Counts received and dropped frames and derives the level; safe to use from several threads.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._level = LoadLevel.NORMAL
        self._received = self._dropped = self._overloaded_windows = 0
        self._window_start_s = self._low_since_s = clock()
        self._last_fall_s = -math.inf
        self._recovery_s = MIN_RECOVERY_S

    @property
    def level(self) -> LoadLevel:
        """The present level; ``NORMAL`` when no frames have come for a while."""
        # Without frames no window closes, so nothing would tell that the load has gone.
        idle = self._clock() - self._window_start_s > 5 * WINDOW_S
        return LoadLevel.NORMAL if idle else self._level

    def frame_received(self) -> None:
        """Counts a frame that arrived from a camera."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._window_start_s >= WINDOW_S:
                self._close_window(now_s)
            self._received += 1

    def frame_dropped(self) -> None:
        """Counts a frame that was dropped."""
        with self._lock:
            self._dropped += 1

    def _close_window(self, now_s: float) -> None:
        share = self._dropped / max(self._received, 1)
        if now_s - self._window_start_s > 5 * WINDOW_S:  # the first frame after a long pause
            share, self._level, self._low_since_s = 0.0, LoadLevel.NORMAL, now_s
        self._received = self._dropped = 0
        self._window_start_s = now_s
        overloaded = share > HIGH_DROP_SHARE
        self._overloaded_windows = self._overloaded_windows + 1 if overloaded else 0
        if share > LOW_DROP_SHARE:
            self._low_since_s = now_s
        if self._overloaded_windows >= 2 and self._level < LoadLevel.REDUCED_SIZE:
            # A fall that did not last: wait longer before the next one.
            too_early = now_s - self._last_fall_s < 2 * MIN_RECOVERY_S
            doubled_s = min(2 * self._recovery_s, MAX_RECOVERY_S)
            self._recovery_s = doubled_s if too_early else MIN_RECOVERY_S
            self._level = LoadLevel(self._level + 1)
            self._overloaded_windows = 0
        elif self._level > LoadLevel.NORMAL and now_s - self._low_since_s >= self._recovery_s:
            self._level = LoadLevel(self._level - 1)
            self._last_fall_s = self._low_since_s = now_s


SHEDDER = LoadShedder()
"""The one of this process."""
