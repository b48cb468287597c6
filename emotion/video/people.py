"""The people in a clip: time in view, and the share of each expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotion.types import EMOTIONS, Floats
from emotion.video.track_store import TrackStore


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


def people_of(tracks: TrackStore) -> list[Person]:
    """Everybody in the clip, those longest in view first."""
    found = []
    for track_id, own in by_track(tracks):
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


def by_track(tracks: TrackStore) -> Iterator[tuple[int, npt.NDArray[np.void]]]:
    """Each track's number and faces, in the order of time; sorted once for all tracks."""
    faces = tracks.faces
    ordered = faces[np.argsort(faces["track_id"], kind="stable")]
    track_ids, firsts = np.unique(ordered["track_id"], return_index=True)
    yield from zip(map(int, track_ids), np.split(ordered, firsts[1:]), strict=False)
