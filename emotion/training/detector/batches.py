"""Batches for the detector: views of pictures, the points that may answer, what is not judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.detection.anchor_points import LANDMARKS, anchor_points
from emotion.training.detector.assignment import candidate_points
from emotion.training.detector.colors import ColorConfig, recolored
from emotion.training.detector.data import Faces, Picture
from emotion.training.detector.views import ViewConfig, drawn_view
from emotion.types import Floats, Image


@dataclass(frozen=True, eq=False)
class DetectorBatch:
    """B pictures and their F faces to be found, without those that are ignored.

    images: uint8 (B, S, S, 3). candidates: int32 (F, K), numbers of points in the whole batch, -1
    none. boxes: float32 (F, 4) px. landmarks: (F, 5, 2) px. weights: (F, 5). ignored: bool (B, A).
    """

    images: Image
    candidates: np.ndarray
    boxes: Floats
    landmarks: Floats
    weights: Floats
    ignored: np.ndarray


def epoch_batches(
    pictures: Sequence[Picture],
    views: ViewConfig,
    colors: ColorConfig,
    *,
    batch_size: int,
    side: int,
    strides: tuple[int, ...],
    seed: int,
    epoch: int,
) -> Iterator[DetectorBatch]:
    """One epoch's full batches; the same for the same seed and epoch, whatever ran before."""
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(pictures))
    for start in range(0, len(order) - batch_size + 1, batch_size):
        drawn = []
        for index in order[start : start + batch_size].tolist():
            image, faces = drawn_view(pictures, index, side, views, rng)
            drawn.append((recolored(image, faces.boxes[~faces.ignored], colors, rng), faces))
        yield batch_of(drawn, side, strides)


def batch_of(
    drawn: Sequence[tuple[Image, Faces]], side: int, strides: tuple[int, ...]
) -> DetectorBatch:
    """A batch of square images of one side."""
    centers, _ = anchor_points(side, side, strides)
    parts, candidates = [], []
    ignored = np.zeros((len(drawn), len(centers)), dtype=bool)
    for i, (_, faces) in enumerate(drawn):
        wanted = faces.picked(~faces.ignored)
        points = candidate_points(wanted.boxes, side, strides)
        candidates.append(np.where(points >= 0, points + i * len(centers), -1))
        parts.append(wanted)
        ignored[i] = covered(centers, faces.boxes[faces.ignored])
    return DetectorBatch(
        images=np.stack([image for image, _ in drawn]),
        candidates=np.concatenate(candidates).astype(np.int32),
        boxes=np.concatenate([p.boxes for p in parts]),
        landmarks=np.concatenate([p.landmarks for p in parts]).reshape(-1, LANDMARKS, 2),
        weights=np.concatenate([p.weights for p in parts]),
        ignored=ignored,
    )


def covered(centers: Floats, boxes: Floats) -> np.ndarray:
    """Which points (A, 2) lie in one of the boxes (N, 4), or nearest to one too small for any."""
    low = centers[:, None] >= boxes[None, :, :2]
    high = centers[:, None] <= boxes[None, :, 2:]
    inside = np.asarray((low & high).all(axis=2))
    if len(boxes):
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside[
            np.square(centers[:, None] - middle).sum(axis=2).argmin(axis=0), range(len(boxes))
        ] = True
    return np.asarray(inside.any(axis=1))
