"""Photos that lie on their side or upside down: detection in the picture turned by 90 degrees.

Networks find faces that lean by up to some 60 degrees. A photo without an orientation tag, or a
scan, may be turned further. Stateless.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from emotion.detection.decoding import logit
from emotion.geometry.affine import eye_roll, shrink_to_side
from emotion.geometry.boxes import clip_boxes
from emotion.types import Detection, Floats, Image, check_image

MIN_GAIN = 0.5
"""How much more certain the best face of a turned picture must be, as a difference of logits:
scores of good faces are near 1, also of some that lie on their side."""

TURNED_SCORE = 0.85
"""The least score of that face."""

TURNED_SIDE = 432
"""Longer side in pixels of the turned pictures, of which only the best is searched in full. A
detector that enlarges small pictures sees faces from 4 % of the side on."""

UPRIGHT_BELOW = math.radians(50)

Search = Callable[[Image, float, Sequence[Detection]], tuple[Detection, ...]]
"""Detection as the picture lies: image, lowest score, and known faces -> other faces."""


def detect_any_way_up(
    search: Search,
    image: Image,
    min_score: float,
    known: Sequence[Detection] = (),
    *,
    sure_score: float,
) -> tuple[Detection, ...]:
    """The faces of a picture, which is turned where that finds more.

    Args:
        search: Detection as the picture lies.
        image: RGB uint8 (H, W, 3).
        min_score: The score, 0..1, that counts as a face.
        known: Faces that are left out; with them, the picture is searched as it lies.
        sure_score: A face this certain shows which way up the picture is; turned ones are searched
            without one.

    Returns:
        In pixels of the picture as it was given; the landmarks tell which way up the faces are.

    Raises:
        ValueError: For anything that is no such image.
    """
    low = min(min_score, sure_score)
    found = search(check_image(image), low, known)
    best = _best_score(found)
    if not known and best < sure_score:
        view = shrink_to_side(image, TURNED_SIDE)
        scores = {
            turns: _best_score(filter(_is_upright, search(_turned(view, turns), low, ())))
            for turns in (1, 2, 3)
        }
        turns = max(scores, key=lambda each: scores[each])
        gain = logit(scores[turns]) - logit(best)
        if scores[turns] >= TURNED_SCORE and gain >= MIN_GAIN:
            found = _turned_back(search(_turned(image, turns), low, ()), turns, image)
    return tuple(face for face in found if face.score >= min_score)


def _is_upright(face: Detection) -> bool:
    """Whether a face does not lie on its side, which networks may find as well."""
    return abs(eye_roll(face.landmarks)) < UPRIGHT_BELOW


def _turned(image: Image, turns: int) -> Image:
    return np.ascontiguousarray(np.rot90(image, turns))


def _best_score(faces: Iterable[Detection]) -> float:
    return max((face.score for face in faces), default=0.0)


def _turned_back(faces: Sequence[Detection], turns: int, image: Image) -> tuple[Detection, ...]:
    """Faces of ``np.rot90(image, turns)`` in pixels of the image."""
    height, width = image.shape[:2]
    result = []
    for face in faces:
        whole = _box_back(face.unclipped_xyxy, turns, width, height)
        landmarks = face.landmarks if face.landmarks is not None else _upright_landmarks(face.xyxy)
        result.append(
            replace(
                face,
                xyxy=clip_boxes(whole, height, width),
                unclipped=whole,
                landmarks=_points_back(landmarks, turns, width, height),
            )
        )
    return tuple(result)


_UPRIGHT = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8]], dtype=np.float32)
"""Where the eyes, nose and mouth of an upright face lie in its box, in sides of the box."""


def _upright_landmarks(box: Floats) -> Floats:
    """Rough landmarks of a small face: without any, its roll would be lost."""
    return np.asarray(box[:2] + _UPRIGHT * (box[2:] - box[:2]), np.float32)


def _box_back(box: Floats, turns: int, width: int, height: int) -> Floats:
    corners = _points_back(box.reshape(2, 2), turns, width, height)
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def _points_back(points: Floats, turns: int, width: int, height: int) -> Floats:
    """Points of ``np.rot90(image, turns)`` in an image of that size; a pixel's edge is at 0."""
    x, y = points[..., 0], points[..., 1]
    moved = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[turns]
    return np.stack(moved, axis=-1).astype(np.float32)
