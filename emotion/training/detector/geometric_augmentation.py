"""Geometric augmentation: random rotated, scaled and mirrored crops, and mosaics of four.

A crop is an affine map, float64 (2, 3), from an image's pixels to those of a square crop. Boxes and
landmarks follow the pixels. The result depends on the random generator alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emotion.geometry.affine import Affine, map_boxes, shrink_of, warp
from emotion.geometry.boxes import areas
from emotion.training.detector.data import Faces, Picture, concatenate_faces
from emotion.types import Image

MIRRORED_LANDMARKS = np.array([1, 0, 2, 4, 3])
"""The order of a mirrored face's landmarks: left stays left as seen in the image."""

MIN_MASKED_FACE_PX = 40.0  # with its surroundings masked, a smaller face has no context at all


@dataclass(frozen=True, kw_only=True)
class GeometricConfig:
    """How random crops are drawn.

    Attributes:
        around_face: Probability of data-anchor sampling (PyramidBox, Tang et al. 2018): one face is
            scaled to a height from ``face_heights``, which gives large faces their share. In an
            image without faces it is one of the hard negatives.
        face_heights: (smallest, largest) in px, log-uniform.
        scales: (smallest, largest) factor otherwise, log-uniform.
        largest_zoom: Upper limit of any enlargement.
        mirror: Probability of a horizontal flip.
        turned: Probability of a large rotation.
        rotation_deg: Largest angle of a large rotation, either way.
        lean_deg: Standard deviation of the angle otherwise, which is clipped to 15 degrees.
        mosaic: Probability of a mosaic of four crops (YOLOv4, Bochkovskiy et al. 2020).
        framed: Probability that the surroundings of one face are masked, as in a tight portrait.
        smallest_face: Height in px below which a face is ignored.
    """

    around_face: float = 0.45
    face_heights: tuple[float, float] = (12.0, 300.0)
    scales: tuple[float, float] = (0.45, 1.5)
    largest_zoom: float = 3.0
    mirror: float = 0.5
    turned: float = 0.35
    rotation_deg: float = 45.0
    lean_deg: float = 5.0
    mosaic: float = 0.15
    framed: float = 0.0
    smallest_face: float = 9.0


def random_crop(
    pictures: Sequence[Picture],
    index: int,
    side: int,
    config: GeometricConfig,
    rng: np.random.Generator,
) -> tuple[Image, Faces]:
    """Draws a random square crop of an image, or a mosaic of it and three others.

    Args:
        pictures: All images of the training set; a mosaic takes three more at random.
        index: The image to crop.
        side: Side of the crop in px.
        config: How crops are drawn.
        rng: Source of all random numbers.

    Returns:
        The crop, RGB uint8 (side, side, 3), and its faces in the crop's pixels.
    """
    if rng.random() >= config.mosaic:
        crop = _crop(pictures[index], side, 1.0, config, rng)
        return (
            mask_surroundings(*crop, rng)
            if config.framed and rng.random() < config.framed
            else crop
        )
    half = side // 2
    others = rng.integers(0, len(pictures), 3).tolist()
    image = np.empty((side, side, 3), dtype=np.uint8)
    faces = []
    for i, each in enumerate([index, *others]):
        tile, tile_faces = _crop(pictures[each], half, 0.6, config, rng)
        left, top = (i % 2) * half, (i // 2) * half
        image[top : top + half, left : left + half] = tile
        faces.append(_shifted(tile_faces, left, top))
    return image, concatenate_faces(faces)


def _crop(
    picture: Picture, side: int, factor: float, config: GeometricConfig, rng: np.random.Generator
) -> tuple[Image, Faces]:
    """One random crop and its faces; black or one random colour lies outside of the image."""
    affine = random_affine(picture, side, factor, config, rng)
    fill = (0, 0, 0) if rng.random() < 0.5 else tuple(rng.integers(0, 256, 3).tolist())
    return (
        warp(picture.image, affine, (side, side), shrink=shrink_of(affine), fill=fill),
        transform_faces(picture.faces, affine, side, config),
    )


def random_affine(
    picture: Picture, side: int, factor: float, config: GeometricConfig, rng: np.random.Generator
) -> Affine:
    """Draws a random affine map into a square crop.

    Args:
        picture: The image, with its faces.
        side: Side of the crop in px.
        factor: Multiplies every scale; below 1 for the tiles of a mosaic.
        config: How crops are drawn.
        rng: Source of all random numbers.

    Returns:
        float64 (2, 3), from the image's pixels to the crop's.
    """
    height, width = picture.image.shape[:2]
    boxes = picture.faces.boxes[~picture.faces.ignored]
    if not len(boxes):
        boxes = picture.hard_negatives
    if len(boxes) and rng.random() < config.around_face:
        box = boxes[rng.choice(len(boxes))].astype(np.float64)
        face_height = max(box[3] - box[1], 1.0)
        low, high = np.log(config.face_heights)
        goal = min(math.exp(rng.uniform(low, high)) * factor, 0.95 * side)
        scale = goal / face_height
        anchor = (box[:2] + box[2:]) / 2
        margin = min(goal / 2, side / 2)
        target = rng.uniform(margin, side - margin, 2)
    else:
        low, high = np.log(config.scales)
        scale = math.exp(rng.uniform(low, high)) * factor
        size = np.array([width, height]) * scale
        span = np.maximum(size - side, 0) / scale  # how far the crop can slide over the image
        anchor = np.array([width, height]) / 2 + rng.uniform(-0.5, 0.5, 2) * span
        slack = np.maximum(side - size, 0)  # and the image within the crop
        target = side / 2 + rng.uniform(-0.5, 0.5, 2) * slack
    # An image that covers a small part of a black crop is a wasted sample.
    scale = min(max(scale, 0.25 * side / max(height, width)), config.largest_zoom)
    if rng.random() < config.turned:
        angle = rng.uniform(-config.rotation_deg, config.rotation_deg)
    else:
        angle = float(np.clip(rng.normal(0, config.lean_deg), -15, 15))
    flip = -1.0 if rng.random() < config.mirror else 1.0
    cos, sin = (f(math.radians(angle)) * scale for f in (math.cos, math.sin))
    linear = np.array([[cos * flip, -sin], [sin * flip, cos]])
    return np.column_stack([linear, target - linear @ anchor])


def mask_surroundings(image: Image, faces: Faces, rng: np.random.Generator) -> tuple[Image, Faces]:
    """Fills all but a rectangle around one large face with one colour.

    Args:
        image: RGB uint8 (S, S, 3).
        faces: Its faces.
        rng: Source of all random numbers.

    Returns:
        The masked image and its faces; one that is mostly masked is ignored. Both are returned as
        they are where no face is large enough.
    """
    heights = faces.boxes[:, 3] - faces.boxes[:, 1]
    large = np.flatnonzero(~faces.ignored & (heights >= MIN_MASKED_FACE_PX))
    if not len(large):
        return image, faces
    box = faces.boxes[rng.choice(large)].astype(np.float64)
    margin = rng.uniform(-0.1, 0.4, 4) * np.tile(box[2:] - box[:2], 2) * [-1, -1, 1, 1]
    side = image.shape[0]
    x1, y1, x2, y2 = (int(v) for v in np.clip(np.round(box + margin), 0, side))
    if x2 - x1 < 2 or y2 - y1 < 2:
        return image, faces
    kept = image[y1:y2, x1:x2]
    masked = np.empty_like(image)
    masked[:] = kept.mean(axis=(0, 1)) if rng.random() < 0.5 else rng.integers(0, 256, 3)
    masked[y1:y2, x1:x2] = kept
    clipped = np.clip(faces.boxes, [x1, y1, x1, y1], [x2, y2, x2, y2]).astype(np.float32)
    visible = areas(clipped) / np.maximum(areas(faces.boxes), 1e-6)
    inside = ((faces.landmarks >= [x1, y1]) & (faces.landmarks <= [x2, y2])).all(axis=2)
    clipped_faces = replace(
        faces,
        boxes=clipped,
        ignored=faces.ignored | (visible < 0.5),
        weights=np.where(inside, faces.weights, 0).astype(np.float32),
    )
    return masked, clipped_faces.take(visible > 0.1)


def transform_faces(faces: Faces, affine: Affine, side: int, config: GeometricConfig) -> Faces:
    """Moves faces into a crop.

    Args:
        faces: Faces of an image.
        affine: From the image's pixels to the crop's, (2, 3).
        side: Side of the crop in px.
        config: Names the height below which a face is ignored.

    Returns:
        The faces with boxes clipped to the crop; a face that is mostly cut off or too small is
        ignored, one that is cut off by 90 % or more is removed.
    """
    boxes = map_boxes(faces.boxes, affine)
    landmarks = faces.landmarks @ affine[:, :2].T + affine[:, 2]
    weights = faces.weights
    if np.linalg.det(affine[:, :2]) < 0:
        landmarks, weights = landmarks[:, MIRRORED_LANDMARKS], weights[:, MIRRORED_LANDMARKS]
    clipped = np.clip(boxes, 0, side)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    visible = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1) / np.maximum(area, 1e-6)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    cut_off = ((middle < 0) | (middle > side)).any(axis=1) | (visible < 0.5)
    small = clipped[:, 3] - clipped[:, 1] < config.smallest_face
    # A landmark outside of the crop can be guessed, but not well.
    inside = ((landmarks >= 0) & (landmarks <= side)).all(axis=2)
    moved = replace(
        faces,
        boxes=clipped.astype(np.float32),
        ignored=faces.ignored | cut_off | small,
        landmarks=landmarks.astype(np.float32),
        weights=np.where(inside, weights, 0).astype(np.float32),
    )
    return moved.take(visible > 0.1)


def _shifted(faces: Faces, left: int, top: int) -> Faces:
    offset = np.array([left, top], dtype=np.float32)
    return replace(
        faces, boxes=faces.boxes + np.tile(offset, 2), landmarks=faces.landmarks + offset
    )
