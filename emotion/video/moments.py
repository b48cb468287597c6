"""The moments of a clip worth a look: who appears, lasting changes, each expression's peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from emotion.types import EMOTIONS
from emotion.video.people import by_track
from emotion.video.track_store import TrackStore

MIN_EXPRESSION_S = 0.4
"""An expression shown for less is no lasting change; it still has its peak."""

MIN_PEAK = 0.5
"""An expression that is never a person's label has a peak only if a frame gives it this much."""

_ORDER = {"appearance": 0, "change": 1, "peak": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happens to one person of a clip.

    Attributes:
        kind: "appearance" is the first frame with the person, "change" a lasting change of the
            label, "peak" the highest probability that any frame alone gives to an expression.
        time_s: In seconds since the clip's start. Of a change: when the old label was last seen.
        track_id: Whose moment it is.
        label: The expression from then on; of a peak, its expression.
        before: The expression until then, for a change.
        probability: Of ``label``: at a peak by that frame alone, otherwise smoothed over time.
    """

    kind: Literal["appearance", "change", "peak"]
    time_s: float
    track_id: int
    label: str
    before: str | None = None
    probability: float


def moments(tracks: TrackStore) -> list[Moment]:
    """The moments of all people, in the order of time.

    A person has one appearance, and one peak for each expression that was ever the label, by the
    frame alone or smoothed, however short; a label that no frame supports by ``MIN_PEAK`` and that
    was not shown is left out as flicker.

    Example:
        >>> [m.time_s for m in moments(tracks) if (m.kind, m.label) == ("peak", "surprise")]
    """
    found: list[Moment] = []
    for track_id, own in by_track(tracks):
        found += [_appearance(track_id, own[0]), *_changes(track_id, own, tracks.step_s)]
        found += _peaks(track_id, own)
    return sorted(found, key=lambda m: (m.time_s, m.track_id, _ORDER[m.kind]))


def _appearance(track_id: int, first: np.void) -> Moment:
    label = int(first["label"])
    return Moment(
        kind="appearance",
        time_s=float(first["time_s"]),
        track_id=track_id,
        label=EMOTIONS[label],
        probability=float(first["probabilities"][label]),
    )


def _peaks(track_id: int, own: npt.NDArray[np.void]) -> list[Moment]:
    """The peak of each expression that the person showed."""
    alone = own["raw_probabilities"]
    top = alone.argmax(axis=1)
    found = []
    for index, label in enumerate(EMOTIONS):
        at = int(alone[:, index].argmax())
        clear = bool((alone[top == index, index] >= MIN_PEAK).any())
        if clear or (own["label"] == index).any():
            found.append(
                Moment(
                    kind="peak",
                    time_s=float(own["time_s"][at]),
                    track_id=track_id,
                    label=label,
                    probability=float(alone[at, index]),
                )
            )
    return found


def _changes(track_id: int, own: npt.NDArray[np.void], step_s: float) -> list[Moment]:
    """The changes between runs of one label that last, ignoring the flicker between them."""
    times, labels = own["time_s"], own["label"]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(labels)) + 1])
    ends = np.concatenate([starts[1:], [len(labels)]])
    found: list[Moment] = []
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
            found.append(
                Moment(
                    kind="change",
                    time_s=left_s,
                    track_id=track_id,
                    label=label,
                    before=last,
                    probability=float(own["probabilities"][start, int(labels[start])]),
                )
            )
        last, left_s = label, end_s
    return found
