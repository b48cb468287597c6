"""How large boxes are and how far they lie over each other; ``xyxy``, float32. Pure NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emotion.types import Floats


def areas(boxes: Floats) -> Floats:
    """Square pixels of boxes (..., 4); 0 for one that is turned inside out."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def overlaps(box: Floats, boxes: Floats) -> tuple[Floats, Floats]:
    """Of ``box`` with each of ``boxes`` (broadcast): IoU, and intersection over the smaller area.

    Both are 0 where there is no area to share.
    """
    low = np.maximum(box[..., :2], boxes[..., :2])
    high = np.minimum(box[..., 2:], boxes[..., 2:])
    shared = areas(np.concatenate([low, high], axis=-1))
    first, second = areas(box), areas(boxes)
    tiny = np.float32(1e-12)  # of a square pixel
    iou = np.asarray(shared / np.maximum(first + second - shared, tiny), dtype=np.float32)
    return iou, np.asarray(shared / np.maximum(np.minimum(first, second), tiny), dtype=np.float32)


def stacked(boxes: Sequence[Floats]) -> Floats:
    """Boxes (4,) as one array (N, 4), also of none."""
    return np.array(boxes, np.float32).reshape(-1, 4)


ONE_IOU, ONE_CONTAINED = 0.4, 0.7
"""From where on two boxes show one face, see ``same_faces``."""


def same_faces(boxes: Floats, others: Floats) -> np.ndarray:
    """Which of boxes (N, 4) show a face that one of the others (M, 4) shows, or a part of it.

    A large face is not the small one before it.
    """
    iou, inside = overlaps(boxes[:, None], others[None])
    part = (inside > ONE_CONTAINED) & (areas(boxes)[:, None] <= areas(others))
    return np.asarray(((iou > ONE_IOU) | part).any(axis=1))
