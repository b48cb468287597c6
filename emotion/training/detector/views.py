"""What the network sees of a picture in training: turned, scaled, mirrored, cut; and mosaics.

A view is an affine map, float64 (2, 3), from a picture's pixels to those of a square view. Boxes
and landmarks follow the pixels. Deterministic for a given generator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emotion.geometry.affine import Affine, map_boxes, shrink_of, warp
from emotion.geometry.boxes import areas
from emotion.training.detector.data import Faces, Picture, joined_faces
from emotion.types import Image

SWAPPED = np.array([1, 0, 2, 4, 3])
"""The order of a mirrored face's landmarks: left stays left as seen in the image."""

FRAMED_FROM = 40.0  # px; of smaller faces a frame leaves nothing to learn


@dataclass(frozen=True, kw_only=True)
class ViewConfig:
    """How pictures are cut.

    around_face: probability that a face is chosen and scaled to a height drawn, log-uniform, from
    ``face_heights`` (data-anchor sampling: PyramidBox, Tang et al. 2018), else the picture is
    scaled by a factor from ``scales``; this gives large faces their share. largest_zoom: of any
    enlargement. turned: probability of a rotation by up to ``rotation_deg``; all others lean by a
    few degrees. mosaic: probability of four views in one (YOLOv4, Bochkovskiy et al. 2020).
    framed: probability that all beyond a tight rectangle around a face is covered, as in a portrait
    that was cut before. smallest_face: height in px below which a face is ignored.
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


def drawn_view(
    pictures: Sequence[Picture], index: int, side: int, config: ViewConfig, rng: np.random.Generator
) -> tuple[Image, Faces]:
    """A square view, uint8 (side, side, 3), of the picture, sometimes a mosaic; and its faces."""
    if rng.random() >= config.mosaic:
        picture = pictures[index]
        view = seen(picture, drawn_map(picture, side, 1.0, config, rng), side, config, rng)
        return framed(*view, rng) if config.framed and rng.random() < config.framed else view
    half = side // 2
    others = rng.integers(0, len(pictures), 3).tolist()
    image = np.empty((side, side, 3), dtype=np.uint8)
    faces = []
    for i, each in enumerate([index, *others]):
        picture = pictures[each]
        part, found = seen(picture, drawn_map(picture, half, 0.6, config, rng), half, config, rng)
        left, top = (i % 2) * half, (i // 2) * half
        image[top : top + half, left : left + half] = part
        faces.append(_moved(found, left, top))
    return image, joined_faces(faces)


def drawn_map(
    picture: Picture, side: int, factor: float, config: ViewConfig, rng: np.random.Generator
) -> Affine:
    """A random map into a square of ``side``. factor: of all scales."""
    height, width = picture.image.shape[:2]
    wanted = np.flatnonzero(~picture.faces.ignored)
    if len(wanted) and rng.random() < config.around_face:
        box = picture.faces.boxes[rng.choice(wanted)].astype(np.float64)
        tall = max(box[3] - box[1], 1.0)
        low, high = np.log(config.face_heights)
        goal = min(math.exp(rng.uniform(low, high)) * factor, 0.95 * side)
        scale = goal / tall
        anchor = (box[:2] + box[2:]) / 2
        margin = min(goal / 2, side / 2)
        target = rng.uniform(margin, side - margin, 2)
    else:
        low, high = np.log(config.scales)
        scale = math.exp(rng.uniform(low, high)) * factor
        reach = np.array([width, height]) * scale
        span = np.maximum(reach - side, 0) / scale  # how far the view can slide over the picture
        anchor = np.array([width, height]) / 2 + rng.uniform(-0.5, 0.5, 2) * span
        slack = np.maximum(side - reach, 0)  # and the picture within the view
        target = side / 2 + rng.uniform(-0.5, 0.5, 2) * slack
    # A picture shrunk to a stamp in black teaches little.
    scale = min(max(scale, 0.25 * side / max(height, width)), config.largest_zoom)
    if rng.random() < config.turned:
        angle = rng.uniform(-config.rotation_deg, config.rotation_deg)
    else:
        angle = float(np.clip(rng.normal(0, config.lean_deg), -15, 15))
    flip = -1.0 if rng.random() < config.mirror else 1.0
    cos, sin = (f(math.radians(angle)) * scale for f in (math.cos, math.sin))
    turn = np.array([[cos * flip, -sin], [sin * flip, cos]])
    return np.column_stack([turn, target - turn @ anchor])


def seen(
    picture: Picture, view: Affine, side: int, config: ViewConfig, rng: np.random.Generator
) -> tuple[Image, Faces]:
    """What a map shows: the image, black or of one colour beyond the picture, and its faces."""
    fill = (0, 0, 0) if rng.random() < 0.5 else tuple(rng.integers(0, 256, 3).tolist())
    image = warp(picture.image, view, (side, side), shrink=shrink_of(view), fill=fill)
    return image, faces_in(picture.faces, view, side, config)


def framed(image: Image, faces: Faces, rng: np.random.Generator) -> tuple[Image, Faces]:
    """The image with one colour beyond a rectangle around one of the faces, if one is large.

    The colour is any one or the mean of what is left. A face that is mostly covered is ignored.
    """
    tall = faces.boxes[:, 3] - faces.boxes[:, 1]
    large = np.flatnonzero(~faces.ignored & (tall >= FRAMED_FROM))
    if not len(large):
        return image, faces
    box = faces.boxes[rng.choice(large)].astype(np.float64)
    margin = rng.uniform(-0.1, 0.4, 4) * np.tile(box[2:] - box[:2], 2) * [-1, -1, 1, 1]
    side = image.shape[0]
    x1, y1, x2, y2 = (int(v) for v in np.clip(np.round(box + margin), 0, side))
    if x2 - x1 < 2 or y2 - y1 < 2:
        return image, faces
    part = image[y1:y2, x1:x2]
    covered = np.empty_like(image)
    covered[:] = part.mean(axis=(0, 1)) if rng.random() < 0.5 else rng.integers(0, 256, 3)
    covered[y1:y2, x1:x2] = part
    clipped = np.clip(faces.boxes, [x1, y1, x1, y1], [x2, y2, x2, y2]).astype(np.float32)
    shown = areas(clipped) / np.maximum(areas(faces.boxes), 1e-6)
    inside = ((faces.landmarks >= [x1, y1]) & (faces.landmarks <= [x2, y2])).all(axis=2)
    moved = replace(
        faces,
        boxes=clipped,
        ignored=faces.ignored | (shown < 0.5),
        weights=np.where(inside, faces.weights, 0).astype(np.float32),
    )
    return covered, moved.picked(shown > 0.1)


def faces_in(faces: Faces, view: Affine, side: int, config: ViewConfig) -> Faces:
    """The faces as a view shows them; one that is mostly cut away or too small is ignored."""
    boxes = map_boxes(faces.boxes, view)
    landmarks = faces.landmarks @ view[:, :2].T + view[:, 2]
    weights = faces.weights
    if np.linalg.det(view[:, :2]) < 0:
        landmarks, weights = landmarks[:, SWAPPED], weights[:, SWAPPED]
    clipped = np.clip(boxes, 0, side)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    visible = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1) / np.maximum(area, 1e-6)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    out = ((middle < 0) | (middle > side)).any(axis=1) | (visible < 0.5)
    small = clipped[:, 3] - clipped[:, 1] < config.smallest_face
    # A landmark that was cut away can be guessed, but not well.
    shown = ((landmarks >= 0) & (landmarks <= side)).all(axis=2)
    moved = replace(
        faces,
        boxes=clipped.astype(np.float32),
        ignored=faces.ignored | out | small,
        landmarks=landmarks.astype(np.float32),
        weights=np.where(shown, weights, 0).astype(np.float32),
    )
    return moved.picked(visible > 0.1)


def _moved(faces: Faces, left: int, top: int) -> Faces:
    offset = np.array([left, top], dtype=np.float32)
    return replace(
        faces, boxes=faces.boxes + np.tile(offset, 2), landmarks=faces.landmarks + offset
    )
