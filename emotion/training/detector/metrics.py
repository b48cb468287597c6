"""Metrics of face detectors: average precision, recall, false positives and landmark error.

Detections are matched to labelled faces one to one, highest score first, at an IoU of
``MATCH_IOU``. As in COCO and WIDER FACE, ignored faces count neither as missed nor, where they are
detected, as false positives; for a range of heights, the faces of other heights are ignored.
Heights are those of the labels, in pixels of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emotion.geometry.boxes import areas, intersections, overlaps
from emotion.training.detector.data import Picture
from emotion.types import Floats, Image

MATCH_IOU = 0.5
FALSE_POSITIVES_PER_IMAGE = 0.05
MIN_FACE_PX = 15.0  # smaller faces are ignored
HEIGHT_RANGES: Mapping[str, tuple[float, float]] = {
    "all": (MIN_FACE_PX, np.inf),
    "15-30": (15, 30),
    "30-60": (30, 60),
    "60-120": (60, 120),
    "120 and up": (120, np.inf),
}
FALSE_POSITIVE, IGNORED = -1, -2  # in place of a matched face's index


@dataclass(frozen=True, eq=False)
class Detections:
    """The detections in one image, N of them.

    Attributes:
        boxes: ``xyxy`` float32 (N, 4) px.
        scores: float32 (N,); only their order matters.
        landmarks: float32 (N, K, 2) px, K >= 3, beginning with left eye, right eye and nose tip as
            seen in the image, nan for a face without; None where the detector has none at all.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats | None = None


Detect = Callable[[Image], Detections]
"""A detector as it is measured: RGB uint8 (H, W, 3) -> detections down to a low score."""


def match_detections(
    detections: Detections, labels: Floats, ignored: np.ndarray, iou: float
) -> np.ndarray:
    """Matches detections to labelled faces, highest score first.

    Args:
        detections: Of one image, N of them.
        labels: Boxes of the labelled faces, ``xyxy`` (M, 4) px.
        ignored: Which of them are ignored, bool (M,). A detection that matches an ignored face, or
            lies at least half in one, is ignored; several may be ignored by the same face.
        iou: Lowest IoU of a match.

    Returns:
        Of each detection the index of its face, ``FALSE_POSITIVE`` or ``IGNORED``, int64 (N,).
    """
    result = np.full(len(detections.boxes), FALSE_POSITIVE, dtype=np.int64)
    if not len(labels):
        return result
    ious = overlaps(detections.boxes[:, None], labels[None])[0]  # (N, M)
    shared = intersections(detections.boxes[:, None], labels[None])
    inside = shared / np.maximum(areas(detections.boxes), 1e-6)[:, None]
    on_ignored = (((inside > 0.5) | (ious >= iou)) & ignored).any(axis=1)
    unmatched = ~ignored
    for i in np.argsort(-detections.scores, kind="stable").tolist():
        available = np.where(unmatched, ious[i], -1.0)
        best = int(available.argmax())
        if available[best] >= iou:
            unmatched[best] = False
            result[i] = best
        elif on_ignored[i]:
            result[i] = IGNORED
    return result


@dataclass
class DetectionMetrics:
    """Accumulates one detector's detections over images, and computes its metrics.

    Attributes:
        pictures: Number of images so far.

    Example:
        >>> metrics = DetectionMetrics()
        >>> for picture in pictures:
        ...     metrics.add_picture(detect, picture)
        >>> metrics.average_precision()
    """

    pictures: int = 0
    _detections: list[np.ndarray] = field(default_factory=list)
    _faces: list[np.ndarray] = field(default_factory=list)

    def add_picture(self, detect: Detect, picture: Picture) -> None:
        """Runs the detector on a labelled image and adds its detections."""
        faces = picture.faces
        self.add(detect(picture.image), faces.boxes, faces.ignored, faces.landmarks, faces.manual)

    def add(
        self,
        detections: Detections,
        labels: Floats,
        ignored: np.ndarray,
        landmarks: Floats | None = None,
        known: np.ndarray | None = None,
    ) -> None:
        """Adds one image.

        Args:
            detections: Of the image.
            labels: Boxes of the labelled faces, ``xyxy`` (M, 4) px.
            ignored: Which of them are ignored, bool (M,).
            landmarks: Their landmarks, (M, 5, 2) px.
            known: Faces whose landmarks are compared, bool (M,).
        """
        self.pictures += 1
        heights = labels[:, 3] - labels[:, 1]
        ignored = ignored | (heights < MIN_FACE_PX)
        match = match_detections(detections, labels, ignored, MATCH_IOU)
        rows = np.full((len(match), 4), np.nan)  # score, kind, height, landmark error
        rows[:, 0] = detections.scores
        rows[:, 1] = np.minimum(match, 0)
        rows[:, 2] = detections.boxes[:, 3] - detections.boxes[:, 1]
        hits = match >= 0
        rows[hits, 2] = heights[match[hits]]
        if landmarks is not None and known is not None and detections.landmarks is not None:
            compared = hits.copy()
            compared[hits] = known[match[hits]]
            which = match[compared]
            error = detections.landmarks[compared, :3] - landmarks[which, :3]
            distance = np.linalg.norm(error, axis=2).mean(axis=1)
            rows[compared, 3] = distance / np.sqrt(np.maximum(areas(labels[which]), 1e-6))
        self._detections.append(rows)
        self._faces.append(heights[~ignored])

    def faces(self, low: float = MIN_FACE_PX, high: float = np.inf) -> int:
        """The number of labelled faces with heights in [low, high) px, without ignored ones."""
        heights = np.concatenate([np.zeros(0), *self._faces])
        return int(((heights >= low) & (heights < high)).sum())

    def _ranked(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        """Scores, highest first, and which are true positives, in a range of heights."""
        rows = np.concatenate([np.zeros((0, 4)), *self._detections])
        rows = rows[(rows[:, 1] != IGNORED) & (rows[:, 2] >= low) & (rows[:, 2] < high)]
        rows = rows[np.argsort(-rows[:, 0], kind="stable")]
        return rows[:, 0], rows[:, 1] != FALSE_POSITIVE

    def average_precision(self, low: float = MIN_FACE_PX, high: float = np.inf) -> float:
        """Area under the precision-recall curve, with monotonic precision (PASCAL VOC 2010).

        Args:
            low: Lowest height of a face in px.
            high: Height in px below which a face is counted.

        Returns:
            0..1; nan where there is no such face.
        """
        total = self.faces(low, high)
        if not total:
            return float("nan")
        recall, precision = self.curve(low, high)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(np.diff(recall, prepend=0.0) * best))

    def curve(
        self, low: float = MIN_FACE_PX, high: float = np.inf
    ) -> tuple[np.ndarray, np.ndarray]:
        """Recall and precision after each detection, highest score first; each (N,)."""
        _, hit = self._ranked(low, high)
        hits = np.cumsum(hit)
        return hits / max(self.faces(low, high), 1), hits / np.arange(1, len(hits) + 1)

    def threshold(self, rate: float = FALSE_POSITIVES_PER_IMAGE) -> float:
        """The lowest score threshold with at most ``rate`` false positives per image.

        Scores have to exceed it. -inf where there are fewer false positives in all.
        """
        scores, hit = self._ranked(MIN_FACE_PX, np.inf)
        false = scores[~hit]
        allowed = int(rate * self.pictures)
        return float(false[allowed]) if len(false) > allowed else float("-inf")

    def recall(self, threshold: float, low: float = MIN_FACE_PX, high: float = np.inf) -> float:
        """Fraction of the faces detected with a score above the threshold; nan without faces."""
        scores, hit = self._ranked(low, high)
        total = self.faces(low, high)
        return float((hit & (scores > threshold)).sum() / total) if total else float("nan")

    def false_rate(self, threshold: float) -> float:
        """False positives per image with a score above the threshold."""
        scores, hit = self._ranked(MIN_FACE_PX, np.inf)
        return float((~hit & (scores > threshold)).sum() / max(self.pictures, 1))

    def precision(self, threshold: float) -> float:
        """Fraction of the detections above the threshold that are faces; nan without any."""
        scores, hit = self._ranked(MIN_FACE_PX, np.inf)
        above = hit[scores > threshold]
        return float(above.mean()) if len(above) else float("nan")

    def landmark_error(self, threshold: float = float("-inf")) -> float:
        """Median error of the landmarks, as a fraction of the root of the box's area.

        A face's error is the mean distance of eyes and nose tip. Only detected faces with known
        landmarks count; nan where there is none.
        """
        rows = np.concatenate([np.zeros((0, 4)), *self._detections])
        errors = rows[(rows[:, 0] > threshold) & ~np.isnan(rows[:, 3]), 3]
        return float(np.median(errors)) if len(errors) else float("nan")

    def figures(self) -> dict[str, Any]:
        """All metrics as JSON values: fractions with five places, null where undefined."""
        threshold = self.threshold()
        ranges = HEIGHT_RANGES.items()
        return {
            "pictures": self.pictures,
            "faces": {name: self.faces(*span) for name, span in ranges},
            "ap": {name: finite(self.average_precision(*span)) for name, span in ranges},
            "recall": {name: finite(self.recall(threshold, *span)) for name, span in ranges},
            "threshold": finite(threshold),
            "false_per_picture": finite(self.false_rate(threshold)),
            "landmark_error": finite(self.landmark_error()),
        }


def finite(value: float) -> float | None:
    """A metric as JSON value, with five places; null for nan and infinity."""
    return round(value, 5) if np.isfinite(value) else None
