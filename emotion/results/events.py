"""Events that a viewer marks in a live session or a clip, numbered from 1 in order of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

MAX_EVENTS = 1000
"""Of one session or clip."""


def event_at(events_s: Sequence[float], time_s: float) -> int | None:
    """The number of the last event at or before a time, from 1; None before the first.

    Args:
        events_s: Times of the events, ascending.
        time_s: In the same seconds.

    Example:
        >>> event_at([1.0, 4.0], 2.5)
        1
    """
    return bisect_right(events_s, time_s) or None
