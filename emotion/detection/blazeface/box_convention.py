"""BlazeFace's squares, from the forehead to the chin, and the boxes of labelled faces.

Other detectors, and the labels of WIDER FACE, frame a face from the hairline to the chin; one crop
rule serves them all only if all boxes mean the same. Stateless.
"""

from __future__ import annotations

import math

import numpy as np

from emotion.geometry.affine import eye_roll, eye_rolls
from emotion.types import Detection, Floats

WIDTH, HEIGHT, RAISED = 0.90, 1.24, 0.11
"""Of a labelled box in sides of the square, and how far its centre lies above the square's.

Medians of 493 faces of 60 px and more of the detector's training pictures.
"""


def face_boxes(squares: Floats, landmarks: Floats) -> Floats:
    """Boxes from the hairline to the chin of BlazeFace's squares.

    Args:
        squares: (N, 4).
        landmarks: (N, K, 2), the eyes first; their roll is the face's.

    Returns:
        float32 (N, 4): upright boxes around the rotated ellipse that fits the face.
    """
    side = (squares[:, 2:] - squares[:, :2]).mean(axis=1)
    roll = eye_rolls(landmarks)
    cos, sin = np.cos(roll), np.sin(roll)
    up = np.stack([sin, -cos], axis=1)
    center = (squares[:, :2] + squares[:, 2:]) / 2 + (RAISED * side)[:, None] * up
    wide, tall = WIDTH * side / 2, HEIGHT * side / 2
    half = np.stack([np.hypot(wide * cos, tall * sin), np.hypot(wide * sin, tall * cos)], axis=1)
    return np.concatenate([center - half, center + half], axis=1).astype(np.float32)


def square_of(detection: Detection) -> Floats:
    """BlazeFace's square, float32 (4,), of any detector's face; the inverse of ``face_boxes``."""
    box, roll = detection.unclipped_xyxy, eye_roll(detection.landmarks)
    # The sum of the squared sides is that of the ellipse's axes, whatever its rotation.
    side = math.hypot(box[2] - box[0], box[3] - box[1]) / math.hypot(WIDTH, HEIGHT)
    up = np.array([math.sin(roll), -math.cos(roll)], dtype=np.float32)
    center = (box[:2] + box[2:]) / 2 - RAISED * side * up
    return np.concatenate([center - side / 2, center + side / 2]).astype(np.float32)
