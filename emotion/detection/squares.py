"""BlazeFace's squares, from the forehead to the chin, and the boxes of labelled faces.

Other detectors, and the labels of WIDER FACE, frame a face from the hairline to the chin; one crop
rule serves them all only if all boxes mean the same. Stateless.
"""

from __future__ import annotations

import math

import numpy as np

from emotion.types import Detection, Floats

WIDTH, HEIGHT, RAISED = 0.90, 1.24, 0.11
"""Of a labelled box in sides of the square, and how far above the square's middle its middle lies:
medians of 493 faces of 60 px and more of the detector's training pictures."""


def face_boxes(squares: Floats, points: Floats) -> Floats:
    """Boxes (N, 4) from the hairline to the chin, of BlazeFace's squares and points (N, 6, 2).

    What is turned is the face; the box stays upright, around the ellipse that fits the face.
    """
    side = (squares[:, 2:] - squares[:, :2]).mean(axis=1)
    cos, sin = _turn(points).T
    up = np.stack([sin, -cos], axis=1)
    middle = (squares[:, :2] + squares[:, 2:]) / 2 + (RAISED * side)[:, None] * up
    wide, tall = WIDTH * side / 2, HEIGHT * side / 2
    half = np.stack([np.hypot(wide * cos, tall * sin), np.hypot(wide * sin, tall * cos)], axis=1)
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def square_of(detection: Detection) -> Floats:
    """BlazeFace's square (4,) of a face's box, any detector's; the way back of ``face_boxes``."""
    box, points = detection.whole, detection.landmarks
    cos, sin = (1.0, 0.0) if points is None else _turn(points[None])[0].tolist()
    # The sum of the squared sides is that of the ellipse's axes, whatever its turn.
    side = math.hypot(box[2] - box[0], box[3] - box[1]) / math.hypot(WIDTH, HEIGHT)
    middle = (box[:2] + box[2:]) / 2 - RAISED * side * np.array([sin, -cos], dtype=np.float32)
    return np.concatenate([middle - side / 2, middle + side / 2]).astype(np.float32)


def _turn(points: Floats) -> Floats:
    """Cosine and sine (N, 2) of the roll that the eyes of points (N, K, 2) show."""
    across = points[:, 1] - points[:, 0]
    length = np.linalg.norm(across, axis=1, keepdims=True)
    level = np.array([1, 0], dtype=np.float32)
    return np.asarray(np.where(length > 0, across / np.maximum(length, 1e-6), level), np.float32)
