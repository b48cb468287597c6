"""What is kept of a recording's faces: every frame's, in about 130 bytes a face.

From here come the table, the persons, the timeline and the boxes of the annotated video.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from emotion.results.rows import Row, face_rows
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS, Face, Floats
from emotion.video.faces import FrameResult

_FACE = np.dtype(
    [
        ("frame", np.int64),
        ("time_s", np.float64),
        ("number", np.int32),
        ("held", np.int8),
        ("score", np.float32),
        ("seen_xyxy", np.float32, 4),
        ("seen", np.float32, len(EMOTIONS)),
        ("xyxy", np.float32, 4),
        ("probabilities", np.float32, len(EMOTIONS)),
    ]
)
"""seen_xyxy, seen: box and probabilities by the frame alone; the others smoothed in time."""

_FRAME = np.dtype([("frame", np.int64), ("time_s", np.float64), ("first", np.int64)])
"""first: the index of the frame's first face among all faces."""


class Recording:
    """The faces of a clip's analysed frames, in the order of time. Not thread-safe."""

    def __init__(self) -> None:
        self._faces = _Growing(_FACE)
        self._frames = _Growing(_FRAME)

    def __len__(self) -> int:
        """Frames that were analysed."""
        return len(self._frames)

    @property
    def faces(self) -> npt.NDArray[np.void]:
        """All faces, a structured array (N,); number, held, time_s, probabilities and so on."""
        return self._faces.filled

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """When the analysed frames are shown, (F,) in seconds."""
        return np.asarray(self._frames.filled["time_s"])

    @property
    def step_s(self) -> float:
        """The usual time between two analysed frames; 0 for fewer than two."""
        return float(np.median(np.diff(self.times))) if len(self) > 1 else 0.0

    def add(self, result: FrameResult) -> None:
        """Takes the next frame's faces."""
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
        """The faces of the analysed frame with this index among the analysed ones."""
        first = self._frames.filled["first"]
        end = first[index + 1] if index + 1 < len(first) else len(self._faces)
        return self.faces[first[index] : end]

    def rows(self, source: str) -> Iterator[Row]:
        """The table's rows: what each frame alone shows, with the person's number."""
        for face in self.faces:
            found = Face(
                xyxy=face["seen_xyxy"], score=float(face["score"]), probabilities=face["seen"]
            )
            place = (int(face["frame"]), float(face["time_s"]), [int(face["number"])])
            yield from face_rows(source, [found], *place)

    def shown_at(self, time_s: float) -> list[TrackedFace]:
        """The faces to draw at any time: between two analysed frames a face moves evenly.

        One that only one of them has is drawn on that one's half of the way.
        """
        times = self.times
        if not len(times):
            return []
        after = int(np.searchsorted(times, time_s, side="right"))
        before = max(after - 1, 0)
        after = min(after, len(times) - 1)
        span_s = float(times[after] - times[before])
        share = min(max((time_s - times[before]) / span_s, 0.0), 1.0) if span_s > 0 else 0.0
        here = {int(face["number"]): face for face in self.of_frame(before)}
        there = {int(face["number"]): face for face in self.of_frame(after)}
        near = here if share < 0.5 else there
        return [
            _tracked(here.get(number, face), there.get(number, face), face, share)
            for number, face in near.items()
        ]


class _Growing:
    """A structured array that grows at its end, by doubling."""

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
    """A face ``share`` of the way from a to b, with the label of the nearer one."""

    def between(name: str) -> Floats:
        return np.asarray((1 - share) * a[name] + share * b[name], np.float32)

    xyxy, score = between("xyxy"), float(near["score"])
    probabilities = between("probabilities")
    return TrackedFace(
        xyxy=xyxy,
        score=score,
        probabilities=probabilities,
        track_id=int(near["number"]),
        label_index=int(near["held"]),
        raw=Face(xyxy=xyxy, score=score, probabilities=probabilities),
        observed_s=float(near["time_s"]),
    )
