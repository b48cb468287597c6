"""Boxes for tests."""

import math

import numpy as np

from emotion.types import Detection


def squares(*rows: tuple[float, float, float]) -> np.ndarray:
    """Boxes from (centre x, centre y, side)."""
    return np.array([(x - s / 2, y - s / 2, x + s / 2, y + s / 2) for x, y, s in rows], np.float32)


def face(x: float, y: float, width: float, height: float, roll: float = 0.0) -> Detection:
    """A face whose eyes are turned by ``roll``."""
    eyes = np.array([[-math.cos(roll), -math.sin(roll)], [math.cos(roll), math.sin(roll)]])
    middle = np.array([x, y])
    points = np.zeros((6, 2), np.float32) + middle
    points[:2] += eyes * width / 4
    half = np.array([width, height]) / 2
    box = np.concatenate([middle - half, middle + half]).astype(np.float32)
    return Detection(xyxy=box, score=0.9, landmarks=points.astype(np.float32))
