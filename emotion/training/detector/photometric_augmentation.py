"""Photometric augmentation: light, colour, blur, noise, JPEG and occlusion.

No change here moves a face. Each is applied with a probability of its own, so that most crops get a
few of them. The result depends on the random generator alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from emotion.imaging.yuv import BT601_LUMA
from emotion.training.common.degradations import gaussian_blur, gaussian_noise, jpeg
from emotion.types import Floats, Image


@dataclass(frozen=True, kw_only=True)
class PhotometricConfig:
    """Strengths and probabilities, all 0..1.

    Attributes:
        light: Largest change of gain, and twice that of the offset, as a fraction; always applied.
        tint: Largest relative change of gain between channels; always applied.
        saturation: Largest relative change of saturation; always applied.
        gray: Probability of a greyscale image.
        blur: Probability of Gaussian blur.
        motion: Probability of motion blur.
        dark: Probability of a dark image, with a gain of 0.1 to 0.4 and noise.
        noise: Probability of Gaussian noise.
        jpeg: Probability of JPEG compression.
        cover: Probability that part of a face is occluded, by one colour or a patch of the image.
    """

    light: float = 0.35
    tint: float = 0.3
    saturation: float = 0.4
    gray: float = 0.15
    blur: float = 0.12
    motion: float = 0.08
    dark: float = 0.12
    noise: float = 0.1
    jpeg: float = 0.15
    cover: float = 0.2


def augment_photometric(
    image: Image, boxes: Floats, config: PhotometricConfig, rng: np.random.Generator
) -> Image:
    """Applies random photometric changes to a copy of the image.

    Args:
        image: RGB uint8 (H, W, 3).
        boxes: Faces that may be occluded, ``xyxy`` (N, 4) in px.
        config: Strengths and probabilities.
        rng: Source of all random numbers.

    Returns:
        RGB uint8 (H, W, 3).
    """
    out = image.copy()
    if rng.random() < config.cover and len(boxes):
        _occlude(out, boxes[rng.integers(len(boxes))], rng)
    out = _change_saturation(out, config, rng)
    dark = rng.random() < config.dark
    out = np.asarray(cv2.LUT(out, _tone_table(config, dark, rng)), dtype=np.uint8)
    if rng.random() < config.blur:
        out = gaussian_blur(out, rng.uniform(0.6, 2.0))
    if rng.random() < config.motion:
        out = np.asarray(cv2.filter2D(out, -1, _motion_kernel(rng)), dtype=np.uint8)
    if dark or rng.random() < config.noise:
        sigma = rng.uniform(2, 8) if dark else rng.uniform(3, 18)
        out = gaussian_noise(out, sigma, rng, per_channel=True)
    if rng.random() < config.jpeg:
        out = jpeg(out, int(rng.integers(20, 80)))
    return out


def _tone_table(config: PhotometricConfig, dark: bool, rng: np.random.Generator) -> np.ndarray:
    """Gain, offset, tint and gamma as one lookup table, uint8 (1, 256, 3)."""
    gain = 1 + rng.uniform(-config.light, config.light)
    offset = rng.uniform(-config.light, config.light) * 0.5
    if dark:
        gain, offset = rng.uniform(0.1, 0.4), 0.0
    tint = 1 + rng.uniform(-0.5, 0.5, 3) * config.tint
    gamma = np.exp(rng.uniform(-0.35, 0.35))
    level = (np.arange(256) / 255.0)[:, None] ** gamma
    table = (level - 0.5 * (not dark)) * gain * tint + 0.5 * (not dark) + offset
    return np.asarray(np.clip(table * 255 + 0.5, 0, 255).astype(np.uint8)[None])


def _change_saturation(image: Image, config: PhotometricConfig, rng: np.random.Generator) -> Image:
    """Lower or higher saturation; greyscale with probability ``gray``."""
    amount = 1 + rng.uniform(-config.saturation, config.saturation)
    if rng.random() < config.gray:
        amount = 0.0
    matrix = amount * np.eye(3) + (1 - amount) * np.tile(BT601_LUMA, (3, 1))
    return np.asarray(cv2.transform(image, matrix.astype(np.float32)), dtype=np.uint8)


def _motion_kernel(rng: np.random.Generator) -> np.ndarray:
    """A motion blur kernel: a centred line of 3 to 9 px at a random angle."""
    length = int(rng.integers(1, 5)) * 2 + 1
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), dtype=np.float32)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length // 2)
    middle = length // 2
    ends = [tuple(int(v) for v in np.round(middle + sign * reach)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(kernel / kernel.sum())


def _occlude(image: Image, box: Floats, rng: np.random.Generator) -> None:
    """Occludes up to half of a face in place, as a hand, a mask or another head would."""
    x1, y1, x2, y2 = (float(v) for v in box)
    width, height = (x2 - x1) * rng.uniform(0.25, 0.8), (y2 - y1) * rng.uniform(0.2, 0.5)
    left, top = rng.uniform(x1, x2 - width), rng.uniform(y1, y2 - height)
    rows = slice(max(int(top), 0), max(int(top + height), 0))
    columns = slice(max(int(left), 0), max(int(left + width), 0))
    patch = image[rows, columns]
    if not patch.size:
        return
    if rng.random() < 0.5:
        patch[:] = rng.integers(0, 256, 3)
        return
    limits = np.array(image.shape[:2]) - patch.shape[:2]
    y, x = (int(rng.integers(0, limit + 1)) for limit in limits)
    patch[:] = image[y : y + patch.shape[0], x : x + patch.shape[1]].copy()
