"""The one measure of every face detector: average precision, recall, false faces, landmarks.

Each detection is matched once to a labelled face, best score first, at an IoU of ``MATCH_IOU``. As
in COCO and WIDER FACE, ignored faces are neither to be found nor is a detection on them false; for
a range of heights, the faces of other heights are ignored. Heights are those of the labels in
pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emotion.geometry.boxes import areas, overlaps
from emotion.types import Floats

MATCH_IOU = 0.5
FALSE_PER_PICTURE = 0.05
SMALLEST = 15.0  # px; smaller faces are ignored
RANGES: Mapping[str, tuple[float, float]] = {
    "all": (SMALLEST, np.inf),
    "15-30": (15, 30),
    "30-60": (30, 60),
    "60-120": (60, 120),
    "120 and up": (120, np.inf),
}
FALSE, IGNORED = -1, -2  # in place of a matched face's index


@dataclass(frozen=True, eq=False)
class Found:
    """What a detector finds in one picture: boxes (N, 4), scores (N,), landmarks (N, >=3, 2).

    Landmarks begin with left eye, right eye and nose tip as seen in the image; None where the
    detector has none. Scores need an order only, no range.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats | None = None


def matched(found: Found, labels: Floats, ignored: np.ndarray, iou: float) -> np.ndarray:
    """Of each detection the index of its face (int64), ``FALSE`` or ``IGNORED``.

    labels: (M, 4). ignored: bool (M,). A detection is ignored when an ignored box covers half of
    it or matches it; two may be ignored by the same box.
    """
    result = np.full(len(found.boxes), FALSE, dtype=np.int64)
    if not len(labels):
        return result
    shares = overlaps(found.boxes[:, None], labels[None])[0]  # (N, M)
    low = np.maximum(found.boxes[:, None, :2], labels[None, :, :2])
    high = np.minimum(found.boxes[:, None, 2:], labels[None, :, 2:])
    shared = areas(np.concatenate([low, high], axis=-1))
    within = shared / np.maximum(areas(found.boxes), 1e-6)[:, None]
    excuses = (((within > 0.5) | (shares >= iou)) & ignored).any(axis=1)
    free = ~ignored
    for i in np.argsort(-found.scores, kind="stable").tolist():
        match = np.where(free, shares[i], -1.0)
        best = int(match.argmax())
        if match[best] >= iou:
            free[best] = False
            result[i] = best
        elif excuses[i]:
            result[i] = IGNORED
    return result


@dataclass
class Tally:
    """What one detector found in all pictures so far."""

    pictures: int = 0
    _detections: list[np.ndarray] = field(default_factory=list)
    _faces: list[np.ndarray] = field(default_factory=list)

    def add(
        self,
        found: Found,
        labels: Floats,
        ignored: np.ndarray,
        landmarks: Floats | None = None,
        known: np.ndarray | None = None,
    ) -> None:
        """One picture.

        labels: (M, 4) px. ignored: bool (M,). landmarks: (M, 5, 2), judged where ``known`` (M,).
        """
        self.pictures += 1
        heights = labels[:, 3] - labels[:, 1]
        ignored = ignored | (heights < SMALLEST)
        match = matched(found, labels, ignored, MATCH_IOU)
        rows = np.full((len(match), 4), np.nan)  # score, kind, height, landmark error
        rows[:, 0] = found.scores
        rows[:, 1] = np.minimum(match, 0)
        rows[:, 2] = found.boxes[:, 3] - found.boxes[:, 1]
        hits = match >= 0
        rows[hits, 2] = heights[match[hits]]
        if landmarks is not None and known is not None and found.landmarks is not None:
            judged = hits.copy()
            judged[hits] = known[match[hits]]
            which = match[judged]
            away = np.linalg.norm(found.landmarks[judged, :3] - landmarks[which, :3], axis=2)
            rows[judged, 3] = away.mean(axis=1) / np.sqrt(np.maximum(areas(labels[which]), 1e-6))
        self._detections.append(rows)
        self._faces.append(heights[~ignored])

    def faces(self, low: float = SMALLEST, high: float = np.inf) -> int:
        """How many faces of these heights there were to find."""
        heights = np.concatenate([np.zeros(0), *self._faces])
        return int(((heights >= low) & (heights < high)).sum())

    def _judged(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        """Scores and whether each is right, best first, of detections in a range of heights."""
        rows = np.concatenate([np.zeros((0, 4)), *self._detections])
        rows = rows[(rows[:, 1] != IGNORED) & (rows[:, 2] >= low) & (rows[:, 2] < high)]
        rows = rows[np.argsort(-rows[:, 0], kind="stable")]
        return rows[:, 0], rows[:, 1] != FALSE

    def average_precision(self, low: float = SMALLEST, high: float = np.inf) -> float:
        """Area under the precision-recall curve, precision made monotonous as in PASCAL VOC 2010.

        nan where there is no such face.
        """
        total = self.faces(low, high)
        if not total:
            return float("nan")
        recall, precision = self.curve(low, high)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(np.diff(recall, prepend=0.0) * best))

    def curve(self, low: float = SMALLEST, high: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
        """Recall and precision after each detection, best score first."""
        _, right = self._judged(low, high)
        hits = np.cumsum(right)
        return hits / max(self.faces(low, high), 1), hits / np.arange(1, len(hits) + 1)

    def threshold(self, rate: float = FALSE_PER_PICTURE) -> float:
        """The highest score that must not count so that no more than ``rate`` false ones a picture
        are left; -inf where fewer were found at all."""
        scores, right = self._judged(SMALLEST, np.inf)
        false = scores[~right]
        allowed = int(rate * self.pictures)
        return float(false[allowed]) if len(false) > allowed else float("-inf")

    def recall(self, threshold: float, low: float = SMALLEST, high: float = np.inf) -> float:
        """Part of the faces found with a score above the threshold; nan where there are none."""
        scores, right = self._judged(low, high)
        total = self.faces(low, high)
        return float((right & (scores > threshold)).sum() / total) if total else float("nan")

    def false_rate(self, threshold: float) -> float:
        """False faces a picture with a score above the threshold."""
        scores, right = self._judged(SMALLEST, np.inf)
        return float((~right & (scores > threshold)).sum() / max(self.pictures, 1))

    def landmark_error(self, threshold: float = float("-inf")) -> float:
        """Median over the faces of the mean distance of eyes and nose tip, by the box's root area.

        Of the found faces whose landmarks are known; nan where there is none.
        """
        rows = np.concatenate([np.zeros((0, 4)), *self._detections])
        errors = rows[(rows[:, 0] > threshold) & ~np.isnan(rows[:, 3]), 3]
        return float(np.median(errors)) if len(errors) else float("nan")

    def figures(self) -> dict[str, Any]:
        """All of it as JSON values, fractions; null where it cannot be said."""
        threshold = self.threshold()
        return {
            "pictures": self.pictures,
            "faces": {name: self.faces(*span) for name, span in RANGES.items()},
            "ap": {name: _number(self.average_precision(*span)) for name, span in RANGES.items()},
            "recall": {name: _number(self.recall(threshold, *s)) for name, s in RANGES.items()},
            "threshold": _number(threshold),
            "false_per_picture": _number(self.false_rate(threshold)),
            "landmark_error": _number(self.landmark_error()),
        }


def _number(value: float) -> float | None:
    return round(value, 5) if np.isfinite(value) else None
