"""The last minutes of one viewer's session, for the sparklines and the downloadable table."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import numpy as np

from emotion.results.frames import tracked_rows
from emotion.results.rows import Row
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS, Floats

SAMPLE_RATE_HZ = 5.0
RETENTION_S = 600.0
"""Entries are thinned to the rate and dropped after this long: about 2 MB for one face."""

_Entry = tuple[float, tuple[TrackedFace, ...]]


class LiveHistory:
    """The faces of the last ``RETENTION_S`` seconds; safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque(maxlen=round(RETENTION_S * SAMPLE_RATE_HZ))
        self._lock = threading.Lock()
        self._start_s: float | None = None

    def add(self, faces: Sequence[TrackedFace], time_s: float) -> None:
        """Keeps a frame's faces, unless the last frame kept is less than a sample period old.

        Args:
            faces: All tracked faces of the frame.
            time_s: The frame's time on any clock that runs evenly.
        """
        with self._lock:
            if self._start_s is None:
                self._start_s = time_s
            now_s = time_s - self._start_s
            # A little early counts: a camera's frames do not fall on the grid.
            if self._entries and now_s - self._entries[-1][0] < 0.9 / SAMPLE_RATE_HZ:
                return
            self._entries.append((now_s, tuple(faces)))

    def rows(self) -> list[Row]:
        """Table rows with the unsmoothed values of each frame; times since the stream's start."""
        with self._lock:
            entries, start_s = list(self._entries), self._start_s or 0.0
        # In a crowd not every face is updated in every frame: two entries may hold one observation.
        faces = {(face.observed_s, face.track_id): face for _, found in entries for face in found}
        return [
            row
            for (observed_s, _), face in sorted(faces.items(), key=lambda item: item[0])
            for row in tracked_rows("webcam", [face], observed_s - start_s)
        ]

    def timeline(self, track_id: int, seconds: float) -> tuple[Floats, Floats]:
        """One face's recent smoothed probabilities.

        Args:
            track_id: The face's number.
            seconds: How far to look back from the last entry.

        Returns:
            Times (N,) in seconds relative to the last entry, from negative to 0, and probabilities
            (N, 7) in the order of ``EMOTIONS``; N = 0 for an unknown track.
        """
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
            if face.track_id == track_id
        ]
        times = np.array([time_s for time_s, _ in found], np.float32)
        values = [probabilities for _, probabilities in found]
        return times, np.array(values, np.float32).reshape(-1, len(EMOTIONS))
