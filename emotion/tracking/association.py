"""Which of the faces found now is which of the faces known before.

Best pairs first, as in Zhou et al. 2020, "Tracking Objects as Points"; faces that the detector is
unsure of may continue a track but not begin one, as in Zhang et al. 2022, "ByteTrack". What a pair
costs is how far apart the two are, in face sizes, how different in size and in looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emotion.expression.crop import crop_face
from emotion.models.spec import CropRule
from emotion.types import Detection, Floats, Image

LOOKS_SIDE = 12
"""Side in pixels of the picture by which a face is known again."""

LOOKS_WEIGHT = 0.7
"""Cost of two pictures that have nothing in common; of one person's, mostly below a fifth of it."""

_RULE = CropRule()


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A face in one frame, with its looks (see ``looks``)."""

    detection: Detection
    looks: Floats

    @classmethod
    def of(cls, image: Image, detection: Detection) -> Sight:
        """The face with its looks in this image."""
        return cls(detection, looks(image, detection))


def looks(image: Image, detection: Detection) -> Floats:
    """What a face looks like: a small upright picture of it, float32 (432,), mean 0, length 1."""
    crop = crop_face(image, detection, _RULE, (2 * LOOKS_SIDE, 2 * LOOKS_SIDE))
    small = cv2.resize(crop, (LOOKS_SIDE, LOOKS_SIDE), interpolation=cv2.INTER_AREA)
    values = small.astype(np.float32).ravel()
    values -= values.mean()
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-6))


def pair_cost(expected: Detection, looked: Floats, found: Detection, looks_now: Floats) -> float:
    """How unlike two faces are; 0 for the same place, size and looks."""
    (x, y, side), (x2, y2, side2) = _square(expected.xyxy), _square(found.xyxy)
    apart = math.hypot(x2 - x, y2 - y) / max(side, side2, 1e-6)
    size = abs(math.log(max(side2, 1e-6) / max(side, 1e-6)))
    unlike = LOOKS_WEIGHT * (1.0 - float(looked @ looks_now))
    return apart + size + unlike


def best_pairs(cost: np.ndarray, limits: Sequence[float]) -> list[tuple[int, int]]:
    """(row, column) pairs of a cost matrix (M, N), each row and column once at most.

    limits: of each row, the cost from which on a pair is none.
    """
    order = np.argsort(cost, axis=None, kind="stable")
    rows: set[int] = set()
    columns: set[int] = set()
    pairs = []
    for row, column in zip(*np.unravel_index(order, cost.shape), strict=True):
        if row in rows or column in columns or cost[row, column] >= limits[row]:
            continue
        rows.add(int(row))
        columns.add(int(column))
        pairs.append((int(row), int(column)))
    return pairs


def _square(xyxy: Floats) -> tuple[float, float, float]:
    """Centre and side of a box."""
    x1, y1, x2, y2 = (float(v) for v in xyxy)
    return (x1 + x2) / 2, (y1 + y2) / 2, math.sqrt(max(x2 - x1, 0.0) * max(y2 - y1, 0.0))
