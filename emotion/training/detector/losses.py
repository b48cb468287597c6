"""Loss of the detector: score, box and landmarks.

Scores are trained towards the IoU of the box that the same anchor point predicts (quality focal
loss, Li et al., NeurIPS 2020, "Generalized Focal Loss"), so that they rank boxes by how well they
fit; for a pseudo-label, which may be none, towards IoU times its confidence. Boxes are trained by
EIoU (Zhang et al. 2021, "Focal and Efficient IOU Loss"), landmarks by smooth L1 of the error
relative to the face's size. Written in TensorFlow: a training step is one graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from emotion.detection.anchor_points import LANDMARKS, MAX_LOG_SIZE, VALUES
from emotion.training.detector.assignment import assign_simota

EPSILON = 1e-6


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the parts of the loss.

    Attributes:
        score: Weight of the quality focal loss.
        box: Weight of the EIoU loss.
        landmarks: Weight of the landmark loss.
        landmark_bend: Error where smooth L1 turns from quadratic to linear, as a fraction of the
            root of the box's area.
    """

    score: float = 1.0
    box: float = 2.0
    landmarks: float = 0.3
    landmark_bend: float = 0.05


class FaceTargets(NamedTuple):
    """The labelled faces of a batch of B crops with A anchor points each, as tensors.

    Attributes:
        candidates: Indices of anchor points in the whole batch (crop * A + anchor point), int32
            (F, K); -1 for none.
        boxes: ``xyxy`` float32 (F, 4) px.
        landmarks: float32 (F, 5, 2) px.
        landmark_weights: float32 (F, 5), 0 where a landmark is unknown.
        confidence: Factor of each face's score target, 0..1, float32 (F,).
        ignored: Anchor points without a score loss, bool (B, A).
    """

    candidates: Any
    boxes: Any
    landmarks: Any
    landmark_weights: Any
    confidence: Any
    ignored: Any


def detector_loss(
    raw: Any, faces: FaceTargets, anchors: tuple[Any, Any], config: LossConfig
) -> Any:
    """Computes the loss of a batch.

    Args:
        raw: The network's outputs, float32 (B, A, 15).
        faces: The labelled faces.
        anchors: Anchor points (A, 2) in px and their strides (A,).
        config: Weights of the parts.

    Returns:
        float32 (4,): the weighted sum, then score, box and landmark loss.
    """
    count = tf.shape(raw)[1]
    raw = tf.reshape(raw, [-1, VALUES])
    valid = faces.candidates >= 0
    indices = tf.maximum(faces.candidates, 0)
    predictions = tf.gather(raw, indices)  # (F, K, 15)
    boxes, landmarks = _decoded(predictions, indices % count, anchors)
    ious, box_loss = _box_losses(boxes, faces.boxes[:, None])
    ious = tf.stop_gradient(ious)
    scores = tf.stop_gradient(tf.sigmoid(predictions[..., 0]))
    assigned = assign_simota(valid, indices, scores, ious, tf.shape(raw)[0])
    assigned_f = tf.cast(assigned, tf.float32)
    positives = tf.maximum(tf.reduce_sum(assigned_f), 1.0)

    quality = tf.where(assigned, ious * faces.confidence[:, None], 0.0)
    target = tf.math.unsorted_segment_max(
        tf.reshape(quality, [-1]), tf.reshape(indices, [-1]), tf.shape(raw)[0]
    )
    target = tf.maximum(target, 0.0)  # anchor points that are no candidate have the lowest float
    counted = tf.cast(~tf.reshape(faces.ignored, [-1]) | (target > 0), tf.float32)
    score_part = tf.reduce_sum(counted * _quality_focal(raw[:, 0], target)) / positives

    box_part = tf.reduce_sum(assigned_f * box_loss) / positives
    error = (landmarks - faces.landmarks[:, None]) / _size(faces.boxes)[:, None, None, None]
    landmark_part = _landmark_loss(error, assigned_f, faces.landmark_weights, config.landmark_bend)
    total = config.score * score_part + config.box * box_part + config.landmarks * landmark_part
    return tf.stack([total, score_part, box_part, landmark_part])


def concatenate_levels(outputs: dict[str, Any], strides: tuple[int, ...]) -> Any:
    """Concatenates the levels' outputs over their anchor points.

    Args:
        outputs: ``stride{s}`` -> float32 (B, H/s, W/s, 15).
        strides: The levels in the order of the anchor points.

    Returns:
        float32 (B, A, 15).
    """
    parts = [outputs[f"stride{stride}"] for stride in strides]
    return tf.concat([tf.reshape(part, [tf.shape(part)[0], -1, VALUES]) for part in parts], axis=1)


def _decoded(predictions: Any, indices: Any, anchors: tuple[Any, Any]) -> tuple[Any, Any]:
    """Boxes (F, K, 4) and landmarks (F, K, 5, 2) of raw (F, K, 15) at anchor points (F, K)."""
    center, step = tf.gather(anchors[0], indices), tf.gather(anchors[1], indices)[..., None]
    middle = center + predictions[..., 1:3] * step
    half = tf.exp(tf.minimum(predictions[..., 3:5], MAX_LOG_SIZE)) * step / 2
    offsets = tf.reshape(predictions[..., 5:], [-1, predictions.shape[1], LANDMARKS, 2])
    landmarks = center[..., None, :] + offsets * step[..., None]
    return tf.concat([middle - half, middle + half], axis=-1), landmarks


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
    intersection = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    union = tf.reduce_prod(sides, axis=-1) + tf.reduce_prod(true_sides, axis=-1) - intersection
    iou = intersection / tf.maximum(union, EPSILON)
    enclosing = tf.maximum(boxes[..., 2:], truth[..., 2:]) - tf.minimum(
        boxes[..., :2], truth[..., :2]
    )
    offset = (boxes[..., :2] + boxes[..., 2:] - truth[..., :2] - truth[..., 2:]) / 2
    squares = tf.maximum(tf.square(enclosing), EPSILON)
    distance = tf.reduce_sum(tf.square(offset), axis=-1) / tf.reduce_sum(squares, axis=-1)
    shape = tf.reduce_sum(tf.square(sides - true_sides) / squares, axis=-1)
    return iou, 1.0 - iou + distance + shape


def _quality_focal(logits: Any, target: Any) -> Any:
    """|target - score|^2 times the cross entropy, (A,): nearly nothing where both agree."""
    distance = tf.square(target - tf.sigmoid(logits))
    return distance * tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)


def _landmark_loss(error: Any, assigned: Any, weights: Any, bend: float) -> Any:
    """Mean of smooth L1, in units of ``bend``, over the known landmarks."""
    size = tf.abs(error)
    smooth = tf.where(size < bend, tf.square(size) / (2 * bend), size - bend / 2) / bend
    each = assigned[..., None] * weights[:, None]  # (F, K, 5)
    return tf.reduce_sum(each[..., None] * smooth) / tf.maximum(2 * tf.reduce_sum(each), 1.0)
