"""Augmentation: every picture is seen a little different each time.

One affine map (rotation, scale, shift, mirror, and the resize to the training size) in a single
interpolation, then contrast, brightness, blur, low resolution, JPEG and erasing. Deterministic for
a given generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far each change goes; 0 turns it off.

    rotation_deg: largest angle either way. scale: largest relative change of size. shift: largest
    move, as a fraction of the side. mirror, blur, low_resolution, jpeg and erase: probabilities.
    contrast, brightness: largest relative change. erase_side: sides of the erased rectangle
    as fractions (smallest, largest) of the picture's (Zhong et al. 2020, "Random Erasing Data
    Augmentation").
    """

    rotation_deg: float = 12.0
    scale: float = 0.15
    shift: float = 0.10
    mirror: float = 0.5
    contrast: float = 0.3
    brightness: float = 0.2
    blur: float = 0.1
    low_resolution: float = 0.1
    jpeg: float = 0.1
    erase: float = 0.4
    erase_side: tuple[float, float] = (0.15, 0.4)


def augment(
    image: np.ndarray, size: tuple[int, int], config: Augmentation, rng: np.random.Generator
) -> np.ndarray:
    """A changed copy, uint8 of ``size`` (height, width), of a grey face uint8 (H, W)."""
    matrix = _affine(image.shape[:2], size, config, rng)
    out = cv2.warpAffine(
        image, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    gain = 1.0 + rng.uniform(-config.contrast, config.contrast)
    mean = float(out.mean())
    offset = mean * (1.0 - gain) + 128.0 * rng.uniform(-config.brightness, config.brightness)
    out = cv2.convertScaleAbs(np.maximum(out * np.float32(gain) + np.float32(offset), 0.0))
    if rng.random() < config.blur:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.3))
    if rng.random() < config.low_resolution:
        out = _low_resolution(out, rng.uniform(0.35, 0.75))
    if rng.random() < config.jpeg:
        out = _jpeg(out, int(rng.integers(20, 70)))
    if rng.random() < config.erase:
        _erase(out, config, rng)
    return np.asarray(out)


def _affine(
    source: tuple[int, ...], size: tuple[int, int], config: Augmentation, rng: np.random.Generator
) -> np.ndarray:
    """The map from the source's pixels to the result's, float64 (2, 3)."""
    angle = math.radians(rng.uniform(-config.rotation_deg, config.rotation_deg))
    zoom = math.exp(rng.uniform(-1.0, 1.0) * math.log1p(config.scale))
    flip = -1.0 if rng.random() < config.mirror else 1.0
    shift = rng.uniform(-config.shift, config.shift, 2)
    scale = np.array([size[1] / source[1], size[0] / source[0]]) * zoom
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos * flip, -sin], [sin * flip, cos]]) * scale[:, None]
    center = (np.array([source[1], source[0]]) - 1) / 2
    target = (np.array([size[1], size[0]]) - 1) / 2 + shift * [size[1], size[0]]
    return np.column_stack([turn, target - turn @ center])


def _low_resolution(image: np.ndarray, factor: float) -> np.ndarray:
    """As a face that was ``factor`` times as large in its picture, enlarged again."""
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """After JPEG compression of that quality, 0..100."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def _erase(image: np.ndarray, config: Augmentation, rng: np.random.Generator) -> None:
    height, width = image.shape
    low, high = config.erase_side
    rows, columns = int(height * rng.uniform(low, high)), int(width * rng.uniform(low, high))
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    image[top : top + rows, left : left + columns] = rng.integers(0, 256)
