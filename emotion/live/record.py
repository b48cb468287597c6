"""What a viewer's session keeps of the last minutes, for its timeline and its table."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import numpy as np

from emotion.results.rows import Row
from emotion.tracking import TrackedFace
from emotion.tracking.rows import tracked_rows
from emotion.types import EMOTIONS, Floats

RATE_HZ = 5.0
KEPT_S = 600.0
"""So much is kept, thinned to RATE_HZ; older entries go. About 2 MB for one face."""

_Entry = tuple[float, tuple[TrackedFace, ...]]


class SessionRecord:
    """The faces of the last ``KEPT_S`` seconds; safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque(maxlen=round(KEPT_S * RATE_HZ))
        self._lock = threading.Lock()
        self._begun_s: float | None = None

    def add(self, faces: Sequence[TrackedFace], time_s: float) -> None:
        """Takes note of a frame, unless the last one was taken a moment ago."""
        with self._lock:
            if self._begun_s is None:
                self._begun_s = time_s
            now_s = time_s - self._begun_s
            # A little early counts: a camera's frames do not fall on the grid.
            if self._entries and now_s - self._entries[-1][0] < 0.9 / RATE_HZ:
                return
            self._entries.append((now_s, tuple(faces)))

    def rows(self) -> list[Row]:
        """The table's rows, by what each frame alone showed; times since the stream's start."""
        with self._lock:
            entries, begun_s = list(self._entries), self._begun_s or 0.0
        # In a crowd a face may be in two entries as one frame showed it.
        faces = {(face.observed_s, face.track_id): face for _, found in entries for face in found}
        return [
            row
            for (observed_s, _), face in sorted(faces.items(), key=lambda item: item[0])
            for row in tracked_rows("webcam", [face], observed_s - begun_s)
        ]

    def timeline(self, number: int, seconds: float) -> tuple[Floats, Floats]:
        """Of one face: times (N,) in seconds before now, negative, and probabilities (N, 7)."""
        with self._lock:
            entries = list(self._entries)
        if not entries:
            return np.empty(0, np.float32), np.empty((0, len(EMOTIONS)), np.float32)
        now_s = entries[-1][0]
        found = [
            (time_s - now_s, face.probabilities)
            for time_s, faces in entries
            if now_s - time_s <= seconds
            for face in faces
            if face.track_id == number
        ]
        times = np.array([time_s for time_s, _ in found], np.float32)
        values = [probabilities for _, probabilities in found]
        return times, np.array(values, np.float32).reshape(-1, len(EMOTIONS))
