"""Areas and overlaps of boxes, ``xyxy`` float32 with right and bottom exclusive. Pure NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emotion.types import Floats

DUPLICATE_IOU, DUPLICATE_CONTAINMENT = 0.4, 0.7
"""Above these two boxes show one face, see ``duplicates_of``."""


def areas(boxes: Floats) -> Floats:
    """Square pixels of boxes (..., 4); 0 for one that is turned inside out."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def intersections(box: Floats, boxes: Floats) -> Floats:
    """Square pixels that boxes (..., 4) share, broadcast against each other."""
    low = np.maximum(box[..., :2], boxes[..., :2])
    high = np.minimum(box[..., 2:], boxes[..., 2:])
    return areas(np.concatenate([low, high], axis=-1))


def overlaps(box: Floats, boxes: Floats) -> tuple[Floats, Floats]:
    """IoU and containment of boxes.

    Args:
        box: (..., 4).
        boxes: (..., 4), broadcast against ``box``.

    Returns:
        Intersection over union, and intersection over the smaller area; both float32 and 0 where
        there is no area to share.
    """
    shared = intersections(box, boxes)
    first, second = areas(box), areas(boxes)
    tiny = np.float32(1e-12)  # of a square pixel
    iou = np.asarray(shared / np.maximum(first + second - shared, tiny), dtype=np.float32)
    return iou, np.asarray(shared / np.maximum(np.minimum(first, second), tiny), dtype=np.float32)


def clip_boxes(boxes: Floats, height: int, width: int) -> Floats:
    """Boxes (..., 4) cut to the image; one wholly outside collapses onto its edge."""
    return np.clip(boxes, 0, np.array([width, height, width, height], dtype=np.float32))


def stack_boxes(boxes: Sequence[Floats]) -> Floats:
    """Boxes (4,) as one array float32 (N, 4), also for N = 0."""
    return np.array(boxes, np.float32).reshape(-1, 4)


def duplicates_of(boxes: Floats, others: Floats) -> np.ndarray:
    """Which boxes show a face, or a part of a face, that one of the others shows.

    A large face does not count as a duplicate of a small one in front of it.

    Args:
        boxes: (N, 4).
        others: (M, 4).

    Returns:
        bool (N,).
    """
    iou, inside = overlaps(boxes[:, None], others[None])
    part = (inside > DUPLICATE_CONTAINMENT) & (areas(boxes)[:, None] <= areas(others))
    return np.asarray(((iou > DUPLICATE_IOU) | part).any(axis=1))


def square_boxes(boxes: Floats) -> np.ndarray:
    """Squares, float64 (N, 4), with the centres of boxes (N, 4) and the means of their sides."""
    center = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float64)
    half = (boxes[:, 2:] - boxes[:, :2]).mean(axis=1, keepdims=True) / 2
    return np.concatenate([center - half, center + half], axis=1)
