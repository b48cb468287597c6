"""The last minutes of one viewer's session: for sparklines, summary and table; and its events."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.results.events import MAX_EVENTS, event_at
from emotion.results.frames import FrameResult, tracked_rows
from emotion.results.rows import CHANGE_COLUMNS, Row
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS, Floats
from emotion.video.track_store import TrackStore

SAMPLE_RATE_HZ = 5.0
RETENTION_S = 600.0
"""Entries are thinned to the rate and dropped after this long: about 3 MB for one face."""

MAX_PUBLISHED_HZ = 2.0
"""How often the page publishes a frame, which is kept beside the thinned ones."""

BASELINE_S = 2.0
"""A resting face is the mean of this long."""

_Entry = tuple[float, tuple[TrackedFace, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Baseline:
    """The resting faces of a session, to which its answers are compared.

    Attributes:
        time_s: When they were set, in seconds since the start.
        probabilities: By the number of the face, its mean probabilities, (7,).
    """

    time_s: float
    probabilities: Mapping[int, Floats]


class LiveHistory:
    """The faces of the last ``RETENTION_S`` seconds; safe to use from several threads."""

    def __init__(self) -> None:
        rate_hz = SAMPLE_RATE_HZ + MAX_PUBLISHED_HZ
        self._entries: deque[_Entry] = deque(maxlen=round(RETENTION_S * rate_hz))
        self._events_s: list[float] = []
        self._baseline: Baseline | None = None
        self._lock = threading.Lock()
        self._start_s: float | None = None
        self._duration_s = 0.0

    @property
    def duration_s(self) -> float:
        """From the first frame to the last one, whether they are still kept or not."""
        return self._duration_s

    @property
    def events_s(self) -> tuple[float, ...]:
        """Times of the events that were marked, in seconds since the start."""
        with self._lock:
            return tuple(self._events_s)

    def add(
        self, faces: Sequence[TrackedFace], time_s: float, *, is_published: bool = False
    ) -> None:
        """Keeps a frame's faces, unless the last frame kept is less than a sample period old.

        Args:
            faces: All tracked faces of the frame.
            time_s: The frame's time on any clock that runs evenly.
            is_published: The frame's values are shown on the page: it is kept in any case, unless a
                newer frame already is.
        """
        with self._lock:
            if self._start_s is None:
                self._start_s = time_s
            now_s = time_s - self._start_s
            self._duration_s = max(self._duration_s, now_s)
            newest_s = self._entries[-1][0] if self._entries else -RETENTION_S
            # A little early counts: a camera's frames do not fall on the grid.
            if now_s - newest_s < (1e-6 if is_published else 0.9 / SAMPLE_RATE_HZ):
                return
            self._entries.append((now_s, tuple(faces)))
            while now_s - self._entries[0][0] >= RETENTION_S:
                self._entries.popleft()

    def mark_event(self, time_s: float) -> int | None:
        """Marks an event, such as the start of what the viewer is shown.

        Args:
            time_s: On the clock of ``add``.

        Returns:
            The event's number, from 1; None before the first frame and after ``MAX_EVENTS``.
        """
        with self._lock:
            if self._start_s is None or len(self._events_s) >= MAX_EVENTS:
                return None
            self._events_s.append(time_s - self._start_s)
            return len(self._events_s)

    @property
    def baseline(self) -> Baseline | None:
        """The resting faces that are set, if any; replaced as a whole."""
        return self._baseline

    def set_baseline(self) -> bool:
        """Takes the faces in view, over the last ``BASELINE_S``, as resting faces.

        They are the mean of the unsmoothed probabilities, and replace the ones before.

        Returns:
            Whether there is a face in view; without one nothing changes.
        """
        with self._lock:
            if not self._entries or not self._entries[-1][1]:
                return False
            now_s, in_view = self._entries[-1]
            seen: dict[int, list[Floats]] = {face.track_id: [] for face in in_view}
            for time_s, faces in reversed(self._entries):
                if now_s - time_s > BASELINE_S:
                    break
                for face in faces:
                    if face.track_id in seen:
                        seen[face.track_id].append(face.raw.probabilities)
            means = {number: np.mean(values, axis=0) for number, values in seen.items()}
            self._baseline = Baseline(time_s=now_s, probabilities=means)
        return True

    def clear_baseline(self) -> None:
        """Forgets the resting faces."""
        with self._lock:
            self._baseline = None

    def tracks(self) -> TrackStore:
        """The entries in the form of an analysed clip; times since the stream's start."""
        with self._lock:
            entries = list(self._entries)
        store = TrackStore()
        for index, (time_s, faces) in enumerate(entries):
            store.add(FrameResult(index, time_s, faces))
        return store

    def rows(self) -> list[Row]:
        """Table rows with the unsmoothed values of each frame; times since the stream's start.

        With a baseline, all rows have ``CHANGE_COLUMNS`` too, also those from before it was set.
        """
        with self._lock:
            entries, start_s = list(self._entries), self._start_s or 0.0
            events_s, baseline = list(self._events_s), self._baseline
        # In a crowd not every face is updated in every frame: two entries may hold one observation.
        faces = {(face.observed_s, face.track_id): face for _, found in entries for face in found}
        rows = [
            row
            for (observed_s, _), face in sorted(faces.items(), key=lambda item: item[0])
            for row in tracked_rows(
                "webcam",
                [face],
                observed_s - start_s,
                event=event_at(events_s, observed_s - start_s),
            )
        ]
        if baseline is not None:
            for row in rows:
                row.update(_changes(row, baseline))
        return rows

    def timeline(
        self, track_id: int, seconds: float, until_s: float | None = None
    ) -> tuple[Floats, Floats]:
        """One face's recent smoothed probabilities.

        Args:
            track_id: The face's number.
            seconds: How far to look back.
            until_s: From which time, on the clock of ``add``; None for the last entry.

        Returns:
            Times (N,) in seconds relative to the last entry until then, from negative to 0, and
            probabilities (N, 7) in the order of ``EMOTIONS``; N = 0 for an unknown track.
        """
        with self._lock:
            end_s = np.inf if until_s is None else until_s - (self._start_s or 0.0) + 1e-6
            entries = [entry for entry in self._entries if entry[0] <= end_s]
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


def _changes(row: Row, baseline: Baseline) -> Row:
    """The row's ``CHANGE_COLUMNS``."""
    resting = baseline.probabilities.get(int(row["track"] or 0))
    if resting is None:
        return dict.fromkeys(CHANGE_COLUMNS)
    return {
        column: round(float(row[name] or 0.0) - float(value), 4)
        for column, name, value in zip(CHANGE_COLUMNS, EMOTIONS, resting, strict=True)
    }
