"""The tracked faces of a whole clip, in about 130 bytes per face and frame.

The table, the people, the timeline and the boxes of the annotated video are all made from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from emotion.results.events import event_at
from emotion.results.frames import FrameResult
from emotion.results.rows import Row, face_rows
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS, Face, Floats

_FACE = np.dtype(
    [
        ("frame", np.int64),
        ("time_s", np.float64),
        ("track_id", np.int32),
        ("label", np.int8),
        ("score", np.float32),
        ("raw_xyxy", np.float32, 4),
        ("raw_probabilities", np.float32, len(EMOTIONS)),
        ("xyxy", np.float32, 4),
        ("probabilities", np.float32, len(EMOTIONS)),
    ]
)
"""raw_*: of the frame alone; the others are smoothed over time. label: index into ``EMOTIONS``."""

_FRAME = np.dtype([("frame", np.int64), ("time_s", np.float64), ("first", np.int64)])
"""first: index of the frame's first face among all faces."""


class TrackStore:
    """The faces of a clip's analysed frames, in the order of time. Not thread-safe."""

    def __init__(self) -> None:
        self._faces = _Growing(_FACE)
        self._frames = _Growing(_FRAME)

    def __len__(self) -> int:
        """Number of analysed frames."""
        return len(self._frames)

    @property
    def faces(self) -> npt.NDArray[np.void]:
        """All faces, a structured array (N,) with the fields frame, time_s, track_id, label etc."""
        return self._faces.filled

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Times of the analysed frames, (F,), in seconds since the clip's start."""
        return np.asarray(self._frames.filled["time_s"])

    @property
    def step_s(self) -> float:
        """Median time between two analysed frames; 0 for fewer than two."""
        return float(np.median(np.diff(self.times))) if len(self) > 1 else 0.0

    def add(self, result: FrameResult) -> None:
        """Appends the next frame's faces."""
        self._frames.append((result.frame, result.time_s, len(self._faces)))
        for face in result.faces:
            self._faces.append(
                (
                    result.frame,
                    result.time_s,
                    face.track_id,
                    face.label_index,
                    face.score,
                    face.raw.xyxy,
                    face.raw.probabilities,
                    face.xyxy,
                    face.probabilities,
                )
            )

    def of_frame(self, index: int) -> npt.NDArray[np.void]:
        """The faces of one frame; the index counts analysed frames only."""
        first = self._frames.filled["first"]
        end = first[index + 1] if index + 1 < len(first) else len(self._faces)
        return self.faces[first[index] : end]

    def rows(self, source: str, events_s: Sequence[float] = ()) -> Iterator[Row]:
        """Table rows with the unsmoothed values of each frame.

        Args:
            source: Name of the clip.
            events_s: Times of events that were marked, ascending.
        """
        for face in self.faces:
            found = Face(
                xyxy=face["raw_xyxy"],
                score=float(face["score"]),
                probabilities=face["raw_probabilities"],
            )
            time_s = float(face["time_s"])
            place = (int(face["frame"]), time_s, [int(face["track_id"])])
            event = event_at(events_s, time_s)
            yield from face_rows(source, [found], *place, event)

    def interpolate(self, time_s: float) -> list[TrackedFace]:
        """The faces at any time, linearly interpolated between two analysed frames.

        A face that is in only one of the two is there for that frame's half of the interval.
        """
        times = self.times
        if not len(times):
            return []
        after = int(np.searchsorted(times, time_s, side="right"))
        before = max(after - 1, 0)
        after = min(after, len(times) - 1)
        span_s = float(times[after] - times[before])
        share = min(max((time_s - times[before]) / span_s, 0.0), 1.0) if span_s > 0 else 0.0
        here = {int(face["track_id"]): face for face in self.of_frame(before)}
        there = {int(face["track_id"]): face for face in self.of_frame(after)}
        near = here if share < 0.5 else there
        return [
            _tracked(here.get(track_id, face), there.get(track_id, face), face, share)
            for track_id, face in near.items()
        ]


class _Growing:
    """A structured array that grows by doubling."""

    def __init__(self, kind: np.dtype[np.void]) -> None:
        self._array: npt.NDArray[np.void] = np.empty(64, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def filled(self) -> npt.NDArray[np.void]:
        return self._array[: self._count]

    def append(self, entry: tuple[object, ...]) -> None:
        if self._count == len(self._array):
            self._array = np.concatenate([self._array, np.empty_like(self._array)])
        self._array[self._count] = entry
        self._count += 1


def _tracked(a: np.void, b: np.void, near: np.void, share: float) -> TrackedFace:
    """The face ``share`` (0..1) of the way from a to b, with the label of the nearer one."""

    def between(name: str) -> Floats:
        return np.asarray((1 - share) * a[name] + share * b[name], np.float32)

    xyxy, score = between("xyxy"), float(near["score"])
    probabilities = between("probabilities")
    return TrackedFace(
        xyxy=xyxy,
        score=score,
        probabilities=probabilities,
        track_id=int(near["track_id"]),
        label_index=int(near["label"]),
        raw=Face(xyxy=xyxy, score=score, probabilities=probabilities),
        observed_s=float(near["time_s"]),
    )
