"""Which points may answer for a face, and which of them do.

``candidate_points`` is fixed by geometry and made with the batch; ``chosen`` is SimOTA (Ge et al.
2021, "YOLOX", section 2.1, after OTA, CVPR 2021): of its candidates a face takes the few that
answer best already, more of them the better they overlap. Because the candidates are listed for
each face, nothing is compared that cannot match: the cost grows with the faces, not with faces
times points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from emotion.detection.anchor_points import anchor_points

SMALLEST, LARGEST = 2.0, 12.0
"""A level's faces, as the root of the box's area in strides; beyond these the next level is better
placed. Neighbouring levels share some, so that no size stands at an edge."""

IOU_WEIGHT = 3.0  # of the box against the score, as in YOLOX
MOST_OVERLAPS = 10  # whose sum says how many points a face takes


def candidate_points(boxes: np.ndarray, side: int, strides: Sequence[int]) -> np.ndarray:
    """For each face the points that may answer for it, int32 (F, 9 * levels); -1 where none.

    boxes: (F, 4) px of a square input of that side. Numbered as in ``anchor_points``: of each
    level whose faces have this size the nearest one and its neighbours within the box (centre
    sampling, as FCOS and YOLOX do).
    """
    centers, _ = anchor_points(side, side, tuple(strides))
    size = np.sqrt(np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1))
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    steps = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(9, 2)
    found, first = [], 0
    for stride in strides:
        count = -(-side // stride)
        nearest = np.clip(middle // stride, 0, count - 1)
        cells = (nearest[:, None] + steps).astype(np.int64)  # (F, 9, 2)
        inside = ((cells >= 0) & (cells < count)).all(axis=2)
        index = first + cells[..., 1] * count + cells[..., 0]
        place = centers[np.where(inside, index, first)]
        within = ((place > boxes[:, None, :2]) & (place < boxes[:, None, 2:])).all(axis=2)
        within |= (steps == 0).all(axis=1)  # the nearest one, also of a face smaller than a cell
        fits = (size >= SMALLEST * stride) | (stride == strides[0])
        fits &= (size < LARGEST * stride) | (stride == strides[-1])
        found.append(np.where(inside & within & fits[:, None], index, -1))
        first += count * count
    return np.concatenate(found, axis=1).astype(np.int32)


def chosen(valid: Any, points: Any, scores: Any, ious: Any, total: int | Any) -> Any:
    """Which candidates answer, bool (F, K).

    valid: bool (F, K). points: int32 (F, K), numbers in the whole batch, below ``total``. scores:
    (F, K) probabilities. ious: (F, K) of the predicted boxes with the face's. A point that two
    faces want goes to the one it costs less.
    """
    ious = tf.where(valid, ious, 0.0)
    cost = -tf.math.log(tf.maximum(scores, 1e-6)) - IOU_WEIGHT * tf.math.log(tf.maximum(ious, 1e-6))
    cost = tf.where(valid, cost, np.float32(1e9))
    best, _ = tf.math.top_k(ious, min(MOST_OVERLAPS, ious.shape[1]))
    take = tf.maximum(tf.cast(tf.reduce_sum(best, axis=1), tf.int32), 1)
    rank = tf.argsort(tf.argsort(cost, axis=1, stable=True), axis=1, stable=True)
    taken = valid & (rank < take[:, None])
    wanted = tf.where(taken, cost, np.float32(2e9))
    numbers = tf.where(taken, points, total)  # all others share a place of their own at the end
    least = tf.math.unsorted_segment_min(
        tf.reshape(wanted, [-1]), tf.reshape(numbers, [-1]), total + 1
    )
    return taken & (wanted <= tf.gather(least, numbers))
