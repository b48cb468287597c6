"""A stream's latest result and statistics, for the page to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emotion.live.load_shedding import LoadLevel
from emotion.tracking import TrackedFace

RATE_WINDOW_S = 2.0
"""The frame rate is measured over this long."""


@dataclass(frozen=True, kw_only=True)
class LiveSnapshot:
    """A stream's state at one moment; immutable.

    Attributes:
        faces: Of the latest analysed frame, largest first; boxes in its pixels.
        time_s: When that frame arrived, on the monotonic clock; None before the first.
        frames: Frames received since the start.
        analyzed: Frames analysed since the start.
        frames_per_s: Rate of frames received, over the last ``RATE_WINDOW_S``.
        analysis_ms: Duration of one analysis, median of the last thirty.
        behind_ms: Age of the faces that are drawn: the time between the arrival of the frame that
            was analysed and of the frame they were drawn on, both after decoding. Median of the
            last thirty, 0 before the first.
        size_wh: Width and height of the latest analysed frame, (0, 0) before the first.
        failed: The latest analysis raised.
        paused: The viewer paused the video.
        level: What load shedding reduces at present.
    """

    faces: tuple[TrackedFace, ...] = ()
    time_s: float | None = None
    frames: int = 0
    analyzed: int = 0
    frames_per_s: float = 0.0
    analysis_ms: float = 0.0
    behind_ms: float = 0.0
    size_wh: tuple[int, int] = (0, 0)
    failed: bool = False
    paused: bool = False
    level: LoadLevel = LoadLevel.NORMAL


def rate_hz(arrivals_s: Sequence[float], now_s: float) -> float:
    """Frames per second over the last ``RATE_WINDOW_S``; 0 when fewer than two frames came."""
    recent = np.array([time_s for time_s in arrivals_s if now_s - time_s <= RATE_WINDOW_S])
    if len(recent) < 2 or recent[-1] <= recent[0]:
        return 0.0
    return float((len(recent) - 1) / (recent[-1] - recent[0]))
