"""Who is in a recording: of each person the time seen, the expressions' shares, the changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotion.types import EMOTIONS, Floats
from emotion.video.record import Recording

SETTLED_S = 0.4
"""An expression that is shown for less is a flicker, no change."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person of a recording, by the number of its track. Times in seconds.

    frames: analysed frames with the face. shares: of them, the fraction with each label, (7,).
    """

    number: int
    first_s: float
    last_s: float
    frames: int
    shares: Floats


@dataclass(frozen=True, slots=True)
class Change:
    """A moment at which a person's shown expression became another one."""

    time_s: float
    number: int
    before: str
    after: str


def persons(recording: Recording) -> list[Person]:
    """Everybody in the recording, those longest in view first."""
    found = []
    for number, own in _by_person(recording):
        counts = np.bincount(own["held"], minlength=len(EMOTIONS))
        found.append(
            Person(
                number=number,
                first_s=float(own["time_s"][0]),
                last_s=float(own["time_s"][-1]),
                frames=len(own),
                shares=np.asarray(counts / len(own), np.float32),
            )
        )
    return sorted(found, key=lambda person: (-person.frames, person.number))


def changes(recording: Recording) -> list[Change]:
    """The moments of change of all persons, in the order of time."""
    found: list[Change] = []
    for number, own in _by_person(recording):
        found += _changes_of(number, own["time_s"], own["held"], recording.step_s)
    return sorted(found, key=lambda change: (change.time_s, change.number))


def _by_person(recording: Recording) -> Iterator[tuple[int, npt.NDArray[np.void]]]:
    """Each number with its faces, in the order of time; sorted once, however many people pass."""
    faces = recording.faces
    ordered = faces[np.argsort(faces["number"], kind="stable")]
    numbers, firsts = np.unique(ordered["number"], return_index=True)
    yield from zip(map(int, numbers), np.split(ordered, firsts[1:]), strict=False)


def _changes_of(number: int, times: np.ndarray, held: np.ndarray, step_s: float) -> list[Change]:
    """Between stretches of one label that last; what flickers between them is passed over.

    A change is when the old label was seen last.
    """
    starts = np.concatenate([[0], np.flatnonzero(np.diff(held)) + 1])
    ends = np.concatenate([starts[1:], [len(held)]])
    found: list[Change] = []
    last: str | None = None
    left_s = 0.0
    for start, end in zip(starts, ends, strict=True):
        label, end_s = EMOTIONS[int(held[start])], float(times[min(end, len(held) - 1)])
        if label == last:
            left_s = end_s
        # A stretch lasts until its last frame is over.
        if times[end - 1] - times[start] + step_s < SETTLED_S - 1e-9:
            continue
        if last is not None and label != last:
            found.append(Change(left_s, number, last, label))
        last, left_s = label, end_s
    return found
