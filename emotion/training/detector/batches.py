"""Batches of the detector: augmented crops, candidate anchor points and ignored regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.detection.anchor_points import LANDMARKS, anchor_points
from emotion.training.common.batching import full_batches
from emotion.training.detector.assignment import candidate_anchors
from emotion.training.detector.data import Faces, Picture
from emotion.training.detector.geometric_augmentation import GeometricConfig, random_crop
from emotion.training.detector.photometric_augmentation import (
    PhotometricConfig,
    augment_photometric,
)
from emotion.types import Floats, Image


@dataclass(frozen=True, eq=False)
class DetectorBatch:
    """B crops and their F labelled faces, without the ignored ones.

    Attributes:
        images: RGB uint8 (B, S, S, 3).
        candidates: Indices of anchor points in the whole batch (crop * A + anchor point), int32
            (F, K); -1 for none.
        boxes: ``xyxy`` float32 (F, 4) px.
        landmarks: float32 (F, 5, 2) px.
        weights: Weight of each landmark in the loss, float32 (F, 5).
        confidence: Factor of each face's score target, 0..1, float32 (F,).
        ignored: Anchor points inside ignored faces, bool (B, A).
    """

    images: Image
    candidates: np.ndarray
    boxes: Floats
    landmarks: Floats
    weights: Floats
    confidence: Floats
    ignored: np.ndarray


def epoch_batches(
    pictures: Sequence[Picture],
    geometric: GeometricConfig,
    photometric: PhotometricConfig,
    *,
    batch_size: int,
    side: int,
    strides: tuple[int, ...],
    seed: int,
    epoch: int,
) -> Iterator[DetectorBatch]:
    """Makes one epoch's full batches; they depend on seed and epoch alone.

    Args:
        pictures: All images of the training set.
        geometric: How crops are drawn.
        photometric: How their pixels are changed.
        batch_size: Crops in a batch; an incomplete last batch is dropped.
        side: Side of the crops in px.
        strides: Strides of the network's levels in px.
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.

    Yields:
        The batches.
    """
    rng = np.random.default_rng([seed, epoch])
    for indices in full_batches(rng.permutation(len(pictures)), batch_size):
        crops = []
        for index in indices.tolist():
            image, faces = random_crop(pictures, index, side, geometric, rng)
            boxes = faces.boxes[~faces.ignored]
            crops.append((augment_photometric(image, boxes, photometric, rng), faces))
        yield make_batch(crops, side, strides)


def make_batch(
    crops: Sequence[tuple[Image, Faces]], side: int, strides: tuple[int, ...]
) -> DetectorBatch:
    """Collates crops into a batch.

    Args:
        crops: At least one image, RGB uint8 (side, side, 3), with its faces.
        side: Side of every image in px.
        strides: Strides of the network's levels in px.
    """
    centers, _ = anchor_points(side, side, strides)
    parts, candidates = [], []
    ignored = np.zeros((len(crops), len(centers)), dtype=bool)
    for i, (_, faces) in enumerate(crops):
        labelled = faces.take(~faces.ignored)
        anchors = candidate_anchors(labelled.boxes, side, strides)
        candidates.append(np.where(anchors >= 0, anchors + i * len(centers), -1))
        parts.append(labelled)
        ignored[i] = anchors_in_boxes(centers, faces.boxes[faces.ignored])
    return DetectorBatch(
        images=np.stack([image for image, _ in crops]),
        candidates=np.concatenate(candidates).astype(np.int32),
        boxes=np.concatenate([p.boxes for p in parts]),
        landmarks=np.concatenate([p.landmarks for p in parts]).reshape(-1, LANDMARKS, 2),
        weights=np.concatenate([p.weights for p in parts]),
        confidence=np.concatenate([p.confidence for p in parts]),
        ignored=ignored,
    )


def anchors_in_boxes(centers: Floats, boxes: Floats) -> np.ndarray:
    """Finds the anchor points inside any of some boxes.

    Args:
        centers: Anchor points, (A, 2) px.
        boxes: ``xyxy`` (N, 4) px.

    Returns:
        bool (A,). A box always contains the anchor point nearest to its centre, however small it
        is.
    """
    low = centers[:, None] >= boxes[None, :, :2]
    high = centers[:, None] <= boxes[None, :, 2:]
    inside = np.asarray((low & high).all(axis=2))
    if len(boxes):
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        distance = np.square(centers[:, None] - middle).sum(axis=2)
        inside[distance.argmin(axis=0), range(len(boxes))] = True
    return np.asarray(inside.any(axis=1))
