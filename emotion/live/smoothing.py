"""Faces from frame to frame: the same number for the same face, and calmer probabilities.

A face is the one of the previous frame whose box overlaps it most (greedy, by intersection over
union); its probabilities follow the new ones exponentially in time. Boxes are left as detected, so
they do not lag. Not thread-safe: one instance belongs to one stream and one thread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emotion.types import Face, Floats

MIN_IOU = 0.3
"""Boxes that overlap less are different faces."""

LOST_AFTER_S = 0.7
"""How long a number is kept for a face that the detector misses."""


@dataclass(slots=True)
class _Track:
    number: int
    xyxy: Floats
    probabilities: Floats
    seen_s: float


class FaceSmoother:
    """Numbers and smooths the faces of consecutive frames.

    time_constant_s: after a sudden change, 63 % of it shows after this time and 95 % after three
    times as long.
    """

    def __init__(self, time_constant_s: float = 0.15) -> None:
        self._time_constant_s = time_constant_s
        self._tracks: list[_Track] = []

    def reset(self) -> None:
        """Forgets all faces, as when the picture's size changes."""
        self._tracks = []

    def update(
        self, faces: Sequence[Face], time_s: float
    ) -> tuple[tuple[Face, ...], tuple[int, ...]]:
        """The faces with smoothed probabilities, in their order, and the number of each.

        time_s: when the frame was taken, on any clock that does not go backwards. Numbers start at
        1; a new face takes the smallest that is free.
        """
        kept = [t for t in self._tracks if time_s - t.seen_s <= LOST_AFTER_S]
        matches = _match(faces, kept)
        self._tracks = kept
        followed = [
            self._follow(face, matches.get(index), time_s) for index, face in enumerate(faces)
        ]
        smoothed = tuple(
            replace(face, probabilities=track.probabilities)
            for face, track in zip(faces, followed, strict=True)
        )
        return smoothed, tuple(track.number for track in followed)

    def _follow(self, face: Face, track: _Track | None, time_s: float) -> _Track:
        if track is None:
            taken = {t.number for t in self._tracks}
            number = next(n for n in range(1, len(taken) + 2) if n not in taken)
            track = _Track(number, face.xyxy, face.probabilities, time_s)
            self._tracks.append(track)
            return track
        weight = 1.0 - math.exp(-max(time_s - track.seen_s, 0.0) / self._time_constant_s)
        mixed = track.probabilities + np.float32(weight) * (
            face.probabilities - track.probabilities
        )
        track.probabilities = (mixed / mixed.sum()).astype(np.float32)
        track.xyxy, track.seen_s = face.xyxy, time_s
        return track


def _match(faces: Sequence[Face], tracks: Sequence[_Track]) -> dict[int, _Track]:
    """Index of a face -> its track; the best overlaps are paired first."""
    pairs = sorted(
        (
            (_iou(face.xyxy, track.xyxy), index, position)
            for index, face in enumerate(faces)
            for position, track in enumerate(tracks)
        ),
        reverse=True,
    )
    matches: dict[int, _Track] = {}
    used: set[int] = set()
    for iou, index, position in pairs:
        if iou >= MIN_IOU and index not in matches and position not in used:
            matches[index] = tracks[position]
            used.add(position)
    return matches


def _iou(a: Floats, b: Floats) -> float:
    """Intersection over union of two xyxy boxes, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = float(width * height)
    areas = float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]))
    return shared / (areas - shared)
