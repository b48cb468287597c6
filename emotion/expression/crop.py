"""Face alignment: crops a face upright, framed like the training data.

The rule (how far around the box, how far up, whether rotated upright) is the model's own, in its
spec. Coordinates are pixels of the given image. Stateless; safe to use from several threads.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from emotion.geometry.affine import Affine, eye_roll, shrink_of, upright_view, warp
from emotion.models.spec import CropRule
from emotion.types import Detection, Image


def crop_matrix(detection: Detection, rule: CropRule, size: tuple[int, int]) -> Affine:
    """The affine map from image pixels to crop pixels, see ``emotion.geometry.affine``.

    Args:
        detection: The face; its box before clipping counts.
        rule: Scale in box diagonals, vertical shift, and whether the crop is rotated upright.
        size: (height, width) of the crop; both sides show the same square of the image.

    Returns:
        float64 (2, 3).
    """
    x1, y1, x2, y2 = (float(v) for v in detection.unclipped_xyxy)
    # The diagonal of an upright box around a rotated ellipse is the same for every rotation.
    diagonal = max(math.hypot(x2 - x1, y2 - y1), 1.0)
    angle = eye_roll(detection.landmarks) if rule.upright else 0.0
    cos, sin = math.cos(angle), math.sin(angle)
    # "Up" is the face's own up: the shift rotates with the head.
    center_x = (x1 + x2) / 2 - sin * rule.shift_y * diagonal
    center_y = (y1 + y2) / 2 + cos * rule.shift_y * diagonal
    height, width = size
    side = diagonal * rule.scale
    return upright_view((center_x, center_y), angle, (width / side, height / side), size)


def crop_face(image: Image, detection: Detection, rule: CropRule, size: tuple[int, int]) -> Image:
    """The face cut out by the model's rule.

    Args:
        image: RGB uint8 (H, W, 3).
        detection: A face of this image.
        rule: See ``crop_matrix``.
        size: (height, width) of the crop.

    Returns:
        RGB uint8 (height, width, 3); beyond the picture its edge is repeated.
    """
    matrix = crop_matrix(detection, rule, size)
    return warp(image, matrix, size, shrink=shrink_of(matrix), repeat_edge=True)


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
