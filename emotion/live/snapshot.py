"""What a stream tells about itself at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emotion.live.load import ALL_WELL
from emotion.tracking import TrackedFace

RATE_WINDOW_S = 2.0
"""The frames a second are counted over this long."""


@dataclass(frozen=True, kw_only=True)
class LiveSnapshot:
    """What a stream knows at one moment; immutable.

    faces: of the newest analysed frame, largest first; boxes in its pixels. frames, analyzed: how
    many were received and analysed since the start. frames_per_s: received lately. analysis_ms: of
    one frame, median of the last thirty. behind_ms: how much later than the frame that was analysed
    came the frame that its faces were drawn on, both as they came out of the decoder; median of the
    last thirty drawn, 0 before the first. size_wh: the newest analysed frame's, (0, 0) before the
    first. failed: the newest analysis raised. paused: the visitor let the picture stand still.
    level: what is given up at the moment, see ``load``.
    """

    faces: tuple[TrackedFace, ...] = ()
    frames: int = 0
    analyzed: int = 0
    frames_per_s: float = 0.0
    analysis_ms: float = 0.0
    behind_ms: float = 0.0
    size_wh: tuple[int, int] = (0, 0)
    failed: bool = False
    paused: bool = False
    level: int = ALL_WELL


def rate_hz(arrivals: Sequence[float], now: float) -> float:
    """Frames a second of the last ``RATE_WINDOW_S``; 0 when the stream stands still."""
    recent = np.array([t for t in arrivals if now - t <= RATE_WINDOW_S])
    if len(recent) < 2 or recent[-1] <= recent[0]:
        return 0.0
    return float((len(recent) - 1) / (recent[-1] - recent[0]))
