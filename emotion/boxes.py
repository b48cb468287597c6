"""How large boxes are and how far they lie over each other; ``xyxy``, float32. Pure NumPy."""

from __future__ import annotations

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
