"""The people in a clip: time in view, share of each expression, and changes of expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotion.types import EMOTIONS, Floats
from emotion.video.track_store import TrackStore

MIN_EXPRESSION_S = 0.4
"""An expression shown for less is flicker, not a change."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person of a clip: a track, which re-identification may continue across shots.

    Attributes:
        track_id: Number of the track.
        first_s: Time first seen, in seconds since the clip's start.
        last_s: Time last seen.
        frames: Analysed frames with the face.
        shares: Fraction of those frames with each label, float32 (7,), order of ``EMOTIONS``.
    """

    track_id: int
    first_s: float
    last_s: float
    frames: int
    shares: Floats


@dataclass(frozen=True, slots=True)
class Change:
    """A lasting change of a person's expression.

    Attributes:
        time_s: When the old label was last seen, in seconds since the clip's start.
        track_id: Whose change it is.
        before: Label until then.
        after: Label from then on.
    """

    time_s: float
    track_id: int
    before: str
    after: str


def people_of(tracks: TrackStore) -> list[Person]:
    """Everybody in the clip, those longest in view first."""
    found = []
    for track_id, own in _by_track(tracks):
        counts = np.bincount(own["label"], minlength=len(EMOTIONS))
        found.append(
            Person(
                track_id=track_id,
                first_s=float(own["time_s"][0]),
                last_s=float(own["time_s"][-1]),
                frames=len(own),
                shares=np.asarray(counts / len(own), np.float32),
            )
        )
    return sorted(found, key=lambda person: (-person.frames, person.track_id))


def changes(tracks: TrackStore) -> list[Change]:
    """The changes of all people, in the order of time."""
    found: list[Change] = []
    for track_id, own in _by_track(tracks):
        found += _changes_of(track_id, own["time_s"], own["label"], tracks.step_s)
    return sorted(found, key=lambda change: (change.time_s, change.track_id))


def _by_track(tracks: TrackStore) -> Iterator[tuple[int, npt.NDArray[np.void]]]:
    """Each track's number and faces, in the order of time; sorted once for all tracks."""
    faces = tracks.faces
    ordered = faces[np.argsort(faces["track_id"], kind="stable")]
    track_ids, firsts = np.unique(ordered["track_id"], return_index=True)
    yield from zip(map(int, track_ids), np.split(ordered, firsts[1:]), strict=False)


def _changes_of(
    track_id: int, times: np.ndarray, labels: np.ndarray, step_s: float
) -> list[Change]:
    """The changes between runs of one label that last, ignoring the flicker between them."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(labels)) + 1])
    ends = np.concatenate([starts[1:], [len(labels)]])
    found: list[Change] = []
    last: str | None = None
    left_s = 0.0
    for start, end in zip(starts, ends, strict=True):
        label, end_s = EMOTIONS[int(labels[start])], float(times[min(end, len(labels) - 1)])
        if label == last:
            left_s = end_s
        # A run lasts until its last frame is over.
        if times[end - 1] - times[start] + step_s < MIN_EXPRESSION_S - 1e-9:
            continue
        if last is not None and label != last:
            found.append(Change(left_s, track_id, last, label))
        last, left_s = label, end_s
    return found
