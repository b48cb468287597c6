"""What the detector learns by: score, box and landmarks.

The score learns the IoU of the box that its point answers with (quality focal loss, Li et al.,
NeurIPS 2020, "Generalized Focal Loss"), so that it ranks boxes by how well they lie. Boxes learn
by EIoU (Zhang et al. 2021, "Focal and Efficient IOU Loss"), landmarks by smooth L1 of the error in
face sizes. Written for TensorFlow: a step is one graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from emotion.detection.anchor_points import LANDMARKS, MAX_LOG_SIZE, VALUES
from emotion.training.detector.assignment import chosen

TINY = 1e-6


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the parts of the loss.

    landmark_bend: error, in roots of the box's area, from which a landmark's loss grows linearly.
    """

    score: float = 1.0
    box: float = 2.0
    landmarks: float = 0.3
    landmark_bend: float = 0.05


class Faces(NamedTuple):
    """The faces of a batch of B pictures with A points each, as tensors.

    candidates: int32 (F, K), numbers of points in the whole batch (picture * A + point), -1 none.
    boxes: float32 (F, 4) px. landmarks: (F, 5, 2) px. landmark_weights: (F, 5), 0 where a
    landmark is not known. ignored: bool (B, A), points whose score is not judged.
    """

    candidates: Any
    boxes: Any
    landmarks: Any
    landmark_weights: Any
    ignored: Any


def detector_loss(raw: Any, faces: Faces, grid: tuple[Any, Any], config: LossConfig) -> Any:
    """Loss and its three parts, float32 (4,): sum, score, box, landmarks.

    raw: (B, A, 15), the network's outputs. grid: points (A, 2) and strides (A,).
    """
    count = tf.shape(raw)[1]
    raw = tf.reshape(raw, [-1, VALUES])
    valid = faces.candidates >= 0
    numbers = tf.maximum(faces.candidates, 0)
    answers = tf.gather(raw, numbers)  # (F, K, 15)
    boxes, points = _decoded(answers, numbers % count, grid)
    ious, box_loss = _box_losses(boxes, faces.boxes[:, None])
    ious = tf.stop_gradient(ious)
    scores = tf.stop_gradient(tf.sigmoid(answers[..., 0]))
    taken = chosen(valid, numbers, scores, ious, tf.shape(raw)[0])
    taken_f = tf.cast(taken, tf.float32)
    positives = tf.maximum(tf.reduce_sum(taken_f), 1.0)

    quality = tf.where(taken, ious, 0.0)
    target = tf.math.unsorted_segment_max(
        tf.reshape(quality, [-1]), tf.reshape(numbers, [-1]), tf.shape(raw)[0]
    )
    target = tf.maximum(target, 0.0)  # of no candidate: the least float
    judged = tf.cast(~tf.reshape(faces.ignored, [-1]) | (target > 0), tf.float32)
    score_part = tf.reduce_sum(judged * _quality_focal(raw[:, 0], target)) / positives

    box_part = tf.reduce_sum(taken_f * box_loss) / positives
    error = (points - faces.landmarks[:, None]) / _size(faces.boxes)[:, None, None, None]
    landmark_part = _landmark_loss(error, taken_f, faces.landmark_weights, config.landmark_bend)
    total = config.score * score_part + config.box * box_part + config.landmarks * landmark_part
    return tf.stack([total, score_part, box_part, landmark_part])


def joined(outputs: dict[str, Any], strides: tuple[int, ...]) -> Any:
    """The levels' outputs as one tensor (B, A, 15), points as in ``anchor_points``."""
    parts = [outputs[f"stride{stride}"] for stride in strides]
    return tf.concat([tf.reshape(part, [tf.shape(part)[0], -1, VALUES]) for part in parts], axis=1)


def _decoded(answers: Any, places: Any, grid: tuple[Any, Any]) -> tuple[Any, Any]:
    """Boxes (F, K, 4) and landmarks (F, K, 5, 2) of raw answers (F, K, 15) at points (F, K)."""
    center, step = tf.gather(grid[0], places), tf.gather(grid[1], places)[..., None]
    middle = center + answers[..., 1:3] * step
    half = tf.exp(tf.minimum(answers[..., 3:5], MAX_LOG_SIZE)) * step / 2
    offsets = tf.reshape(answers[..., 5:], [-1, answers.shape[1], LANDMARKS, 2])
    points = center[..., None, :] + offsets * step[..., None]
    return tf.concat([middle - half, middle + half], axis=-1), points


def _size(boxes: Any) -> Any:
    """Root of the area of boxes (F, 4), at least a pixel."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return tf.sqrt(tf.maximum(sides[:, 0] * sides[:, 1], 1.0))


def _box_losses(boxes: Any, truth: Any) -> tuple[Any, Any]:
    """IoU and EIoU loss (1 - IoU + distance of centres, widths and heights), each (F, K)."""
    sides, true_sides = boxes[..., 2:] - boxes[..., :2], truth[..., 2:] - truth[..., :2]
    low, high = (
        tf.maximum(boxes[..., :2], truth[..., :2]),
        tf.minimum(boxes[..., 2:], truth[..., 2:]),
    )
    shared = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    union = tf.reduce_prod(sides, axis=-1) + tf.reduce_prod(true_sides, axis=-1) - shared
    iou = shared / tf.maximum(union, TINY)
    around = tf.maximum(boxes[..., 2:], truth[..., 2:]) - tf.minimum(boxes[..., :2], truth[..., :2])
    apart = (boxes[..., :2] + boxes[..., 2:] - truth[..., :2] - truth[..., 2:]) / 2
    squares = tf.maximum(tf.square(around), TINY)
    distance = tf.reduce_sum(tf.square(apart), axis=-1) / tf.reduce_sum(squares, axis=-1)
    shape = tf.reduce_sum(tf.square(sides - true_sides) / squares, axis=-1)
    return iou, 1.0 - iou + distance + shape


def _quality_focal(logits: Any, target: Any) -> Any:
    """|target - score|^2 times the cross entropy, (A,): nearly nothing where both agree."""
    distance = tf.square(target - tf.sigmoid(logits))
    return distance * tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)


def _landmark_loss(error: Any, taken: Any, weights: Any, bend: float) -> Any:
    """Mean of smooth L1, in units of ``bend``, over the landmarks that are known."""
    size = tf.abs(error)
    smooth = tf.where(size < bend, tf.square(size) / (2 * bend), size - bend / 2) / bend
    each = taken[..., None] * weights[:, None]  # (F, K, 5)
    return tf.reduce_sum(each[..., None] * smooth) / tf.maximum(2 * tf.reduce_sum(each), 1.0)
