"""Label assignment: which anchor points predict which face.

``candidate_anchors`` depends on geometry alone and is made with the batch. ``assign_simota``
selects among them by the current predictions: SimOTA (Ge et al. 2021, "YOLOX", section 2.1, after
OTA, CVPR 2021). As candidates are listed for each face, the cost grows with the number of faces,
not with faces times anchor points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from emotion.detection.anchor_points import anchor_points

MIN_FACE_STRIDES, MAX_FACE_STRIDES = 2.0, 12.0
"""Sizes of a level's faces: the root of the box's area, in strides. The ranges of neighbouring
levels overlap, so that no size lies at the edge of both."""

IOU_WEIGHT = 3.0  # of the box's cost relative to the score's, as in YOLOX
MAX_DYNAMIC_K = 10  # IoUs that are summed for a face's number of anchor points


def candidate_anchors(boxes: np.ndarray, side: int, strides: Sequence[int]) -> np.ndarray:
    """Lists the anchor points that may be assigned to each face.

    Of each level whose size range fits, these are the anchor point nearest to the box's centre and
    its neighbours within the box (centre sampling, as in FCOS and YOLOX).

    Args:
        boxes: Faces, (F, 4) px of a square input.
        side: Side of the input in px.
        strides: Strides of the levels in px.

    Returns:
        Indices of anchor points in the order of ``anchor_points``, int32 (F, 9 * levels); -1 for
        none.
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
        on_grid = ((cells >= 0) & (cells < count)).all(axis=2)
        index = first + cells[..., 1] * count + cells[..., 0]
        position = centers[np.where(on_grid, index, first)]
        in_box = ((position > boxes[:, None, :2]) & (position < boxes[:, None, 2:])).all(axis=2)
        in_box |= (steps == 0).all(axis=1)  # the nearest one, also for a face smaller than a cell
        fits = (size >= MIN_FACE_STRIDES * stride) | (stride == strides[0])
        fits &= (size < MAX_FACE_STRIDES * stride) | (stride == strides[-1])
        found.append(np.where(on_grid & in_box & fits[:, None], index, -1))
        first += count * count
    return np.concatenate(found, axis=1).astype(np.int32)


def assign_simota(valid: Any, anchors: Any, scores: Any, ious: Any, total: int | Any) -> Any:
    """Selects the candidates with the lowest cost for each face.

    A face gets as many anchor points as the sum of its highest IoUs, at least one. An anchor point
    that several faces select is assigned to the one with the lowest cost.

    Args:
        valid: Which candidates exist, bool (F, K).
        anchors: Indices of anchor points in the whole batch, int32 (F, K), below ``total``.
        scores: Predicted probabilities, (F, K).
        ious: IoU of each predicted box with the face's, (F, K).
        total: Number of anchor points in the whole batch.

    Returns:
        Which candidates are assigned, bool (F, K).
    """
    ious = tf.where(valid, ious, 0.0)
    cost = -tf.math.log(tf.maximum(scores, 1e-6)) - IOU_WEIGHT * tf.math.log(tf.maximum(ious, 1e-6))
    cost = tf.where(valid, cost, np.float32(1e9))
    best, _ = tf.math.top_k(ious, min(MAX_DYNAMIC_K, ious.shape[1]))
    dynamic_k = tf.maximum(tf.cast(tf.reduce_sum(best, axis=1), tf.int32), 1)
    rank = tf.argsort(tf.argsort(cost, axis=1, stable=True), axis=1, stable=True)
    selected = valid & (rank < dynamic_k[:, None])
    selected_cost = tf.where(selected, cost, np.float32(2e9))
    index = tf.where(selected, anchors, total)  # all others share an extra index at the end
    lowest = tf.math.unsorted_segment_min(
        tf.reshape(selected_cost, [-1]), tf.reshape(index, [-1]), total + 1
    )
    return selected & (selected_cost <= tf.gather(lowest, index))
