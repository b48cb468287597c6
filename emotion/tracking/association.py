"""Which of the faces detected now is which of the tracks known before.

Greedy matching, cheapest pairs first, as in Zhou et al. 2020, "Tracking Objects as Points"; faces
with a low score may continue a track but not begin one, as in Zhang et al. 2022, "ByteTrack". The
cost of a pair adds the distance in face sizes, the difference in size and that in appearance.
Stateless.
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

DESCRIPTOR_SIDE = 12
"""Side in pixels of the picture that an appearance descriptor is made of."""

APPEARANCE_WEIGHT = 0.7
"""Cost of two descriptors that have nothing in common; of one person's, mostly below a fifth."""

_RULE = CropRule()


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """A face in one frame.

    Attributes:
        detection: Where it is.
        descriptor: Its appearance, see ``appearance_descriptor``.
    """

    detection: Detection
    descriptor: Floats

    @classmethod
    def of(cls, image: Image, detection: Detection) -> Observation:
        """The face with its appearance in this image."""
        return cls(detection, appearance_descriptor(image, detection))


def appearance_descriptor(image: Image, detection: Detection) -> Floats:
    """A small upright picture of a face as a vector; the dot product of two is their similarity.

    Args:
        image: RGB uint8 (H, W, 3).
        detection: A face of this image.

    Returns:
        float32 (432,) of mean 0 and length 1.
    """
    crop = crop_face(image, detection, _RULE, (2 * DESCRIPTOR_SIDE, 2 * DESCRIPTOR_SIDE))
    small = cv2.resize(crop, (DESCRIPTOR_SIDE, DESCRIPTOR_SIDE), interpolation=cv2.INTER_AREA)
    values = small.astype(np.float32).ravel()
    values -= values.mean()
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-6))


def association_cost(
    predicted: Detection, descriptor: Floats, detection: Detection, detected_descriptor: Floats
) -> float:
    """How unlike a track and a detected face are.

    Args:
        predicted: Where the track's face is expected.
        descriptor: Appearance of the track's face.
        detection: The detected face.
        detected_descriptor: Its appearance.

    Returns:
        0 for the same place, size and appearance; 1 is a distance of one face size.
    """
    (x, y, side), (x2, y2, side2) = _square(predicted.xyxy), _square(detection.xyxy)
    distance = math.hypot(x2 - x, y2 - y) / max(side, side2, 1e-6)
    size = abs(math.log(max(side2, 1e-6) / max(side, 1e-6)))
    appearance = APPEARANCE_WEIGHT * (1.0 - float(descriptor @ detected_descriptor))
    return distance + size + appearance


def greedy_matching(cost: np.ndarray, gates: Sequence[float]) -> list[tuple[int, int]]:
    """Pairs of rows and columns, cheapest first, each row and column once at most.

    Args:
        cost: (M, N).
        gates: Of each row, the cost from which on a pair is not allowed.

    Returns:
        (row, column) of each pair.
    """
    order = np.argsort(cost, axis=None, kind="stable")
    rows: set[int] = set()
    columns: set[int] = set()
    pairs = []
    for row, column in zip(*np.unravel_index(order, cost.shape), strict=True):
        if row in rows or column in columns or cost[row, column] >= gates[row]:
            continue
        rows.add(int(row))
        columns.add(int(column))
        pairs.append((int(row), int(column)))
    return pairs


def _square(xyxy: Floats) -> tuple[float, float, float]:
    """Centre and side of a box."""
    x1, y1, x2, y2 = (float(v) for v in xyxy)
    return (x1 + x2) / 2, (y1 + y2) / 2, math.sqrt(max(x2 - x1, 0.0) * max(y2 - y1, 0.0))
