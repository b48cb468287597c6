"""Cuts a face out of a picture the way the training data was cut.

The rule (how far around the box, how far up, whether turned upright) is the model's own, in its
spec. Coordinates are pixels of the given image. Stateless; safe to use from several threads.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from emotion.models.spec import CropRule
from emotion.types import Detection, Image

WARPED_SIDE = 32_766


def roll(landmarks: np.ndarray | None) -> float:
    """The head's roll in radians from its eyes, clockwise in the image positive; 0 if unknown."""
    if landmarks is None or len(landmarks) < 2:
        return 0.0
    dx, dy = (float(v) for v in landmarks[1] - landmarks[0])
    return math.atan2(dy, dx) if dx or dy else 0.0


def crop_matrix(detection: Detection, rule: CropRule, size: tuple[int, int]) -> np.ndarray:
    """The affine map from image pixels to crop pixels, float64 (2, 3).

    size: (height, width) of the crop; both sides see the same square of the image.
    """
    x1, y1, x2, y2 = (float(v) for v in detection.whole)
    # The diagonal of an upright box around a turned ellipse is the same for every turn.
    diagonal = max(math.hypot(x2 - x1, y2 - y1), 1.0)
    angle = roll(detection.landmarks) if rule.upright else 0.0
    cos, sin = math.cos(angle), math.sin(angle)
    # "Up" is the face's own up: the shift turns with the head.
    center_x = (x1 + x2) / 2 - sin * rule.shift_y * diagonal
    center_y = (y1 + y2) / 2 + cos * rule.shift_y * diagonal
    height, width = size
    scale_x, scale_y = width / (diagonal * rule.scale), height / (diagonal * rule.scale)
    turn = np.array([[cos * scale_x, sin * scale_x], [-sin * scale_y, cos * scale_y]])
    # Pixel centres lie at whole numbers for OpenCV, at halves for our boxes.
    offset = np.array([width, height]) / 2 - turn @ [center_x, center_y]
    return np.column_stack([turn, offset + turn @ [0.5, 0.5] - 0.5])


def crop_face(image: Image, detection: Detection, rule: CropRule, size: tuple[int, int]) -> Image:
    """The face, uint8 (height, width, 3); beyond the picture its edge is repeated."""
    matrix = crop_matrix(detection, rule, size)
    shrink = int(1.0 / max(np.hypot(matrix[0, 0], matrix[0, 1]), 1e-6))
    # OpenCV cannot warp a picture of 32,767 pixels or more a side: of such a one only the part.
    if shrink >= 2 or max(image.shape[:2]) > WARPED_SIDE:
        image, matrix = _shrunk_region(image, matrix, size, max(shrink, 1))
    return np.asarray(
        cv2.warpAffine(
            image, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    )


def to_input(crop: Image, size: tuple[int, int], channels: int = 1) -> Image:
    """A face crop as a model takes it.

    Args:
        crop: uint8 (h, w), (h, w, 1) or RGB (h, w, 3), of any size.
        size: (height, width) of the result in pixels.
        channels: 1 for grey, 3 for RGB. A grey crop is repeated three times for a colour model.

    Returns:
        uint8 (height, width) for one channel, (height, width, 3) for three. Area averaging when it
        shrinks, bilinear when it grows.

    Raises:
        ValueError: For anything that is no such crop.
    """
    if crop.dtype != np.uint8 or crop.ndim not in (2, 3) or crop.size == 0:
        raise ValueError(
            f"expected a uint8 crop (h, w) or (h, w, 3), got {crop.dtype} {crop.shape}"
        )
    if crop.ndim == 3 and crop.shape[2] not in (1, 3):
        raise ValueError(f"expected a crop with 1 or 3 channels, got {crop.shape[2]}")
    if crop.ndim == 3 and crop.shape[2] == 1:
        crop = crop[:, :, 0]
    if crop.ndim == 3 and channels == 1:
        crop = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)  # type: ignore[assignment]
    if crop.shape[:2] != size:
        smaller = crop.shape[0] * crop.shape[1] > size[0] * size[1]
        mode = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        crop = cv2.resize(crop, size[::-1], interpolation=mode)  # type: ignore[assignment]
    if crop.ndim == 2 and channels == 3:
        crop = cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    return crop


def _shrunk_region(
    image: Image, matrix: np.ndarray, size: tuple[int, int], shrink: int
) -> tuple[Image, np.ndarray]:
    """The part of the image that the crop sees, ``shrink`` times smaller, and the map from it.

    A large face cut by bilinear interpolation alone would alias: its pixels are averaged first.
    """
    inverse = cv2.invertAffineTransform(matrix)
    height, width = size
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype=np.float64)
    seen = corners @ inverse[:, :2].T + inverse[:, 2]
    left, top = np.floor(seen.min(axis=0)).astype(int) - shrink
    right, bottom = np.ceil(seen.max(axis=0)).astype(int) + shrink
    left, top = max(int(left), 0), max(int(top), 0)
    right, bottom = min(int(right), image.shape[1]), min(int(bottom), image.shape[0])
    columns, rows = (right - left) // shrink, (bottom - top) // shrink
    if columns < 1 or rows < 1:  # the box lies at the very edge of the picture
        return image, matrix
    region = image[top : top + rows * shrink, left : left + columns * shrink]
    small: Any = cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA)
    # small -> image: x_image = (x_small + .5) * shrink - .5 + left
    offset = np.array([left, top]) + (shrink - 1) / 2
    return small, np.column_stack([matrix[:, :2] * shrink, matrix[:, :2] @ offset + matrix[:, 2]])
