"""Data augmentation of faces.

One affine map (crop, rotation, zoom, shift, flips and the resize to the training size) in a single
interpolation, then colour, contrast, brightness, blur, low resolution, noise, JPEG and erasing.
Each change is a function of its own strength; ``augment`` draws the strengths, and its result
depends on the random generator alone.

A resumed run equals an uninterrupted one only while the order of the random draws is unchanged, so
what is off by default (flip, crop, ...) must draw nothing while it is off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from emotion.training.common.degradations import (
    gaussian_blur,
    gaussian_noise,
    jpeg,
    low_resolution,
    without_color,
)

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Strengths and probabilities of the changes; 0 turns one off.

    Ranges are (smallest, largest), from which a strength is drawn uniformly.

    Attributes:
        rotation_deg: Largest rotation, either way.
        scale: Largest relative change of size (zoom).
        shift: Largest shift, as a fraction of the side.
        crop: Largest fraction of the side that a random crop leaves out.
        mirror: Probability of a flip left to right.
        flip: Probability of a flip upside down (off, see docs/data.md).
        contrast: Largest relative change of contrast.
        brightness: Largest change of brightness, in units of 128 grey levels.
        blur: Probability of Gaussian blur.
        blur_sigma: Range of its standard deviation in pixels.
        low_resolution: Probability of shrinking and enlarging.
        low_resolution_factor: Range of the factor of the sides.
        noise: Probability of Gaussian noise.
        noise_sigma: Range of its standard deviation, of 0..255.
        side_light: Probability that one side of the face is darker.
        side_light_gain: Range of the darker side's gain.
        tint: Largest relative change of each colour channel.
        gray: Probability that an RGB face loses its colour.
        jpeg: Probability of JPEG compression.
        jpeg_quality: Range of its quality, 1..100.
        erase: Probability of random erasing (Zhong et al. 2020, "Random Erasing Data
            Augmentation").
        erase_side: Range of the erased rectangle's sides, as fractions of the face's.

    Raises:
        ValueError: For a value out of range.
    """

    rotation_deg: float = 12.0
    scale: float = 0.15
    shift: float = 0.10
    crop: float = 0.0
    mirror: float = 0.5
    flip: float = 0.0
    contrast: float = 0.3
    brightness: float = 0.2
    blur: float = 0.1
    blur_sigma: Range = (0.5, 1.3)
    low_resolution: float = 0.1
    low_resolution_factor: Range = (0.35, 0.75)
    noise: float = 0.0
    noise_sigma: Range = (2.0, 14.0)
    side_light: float = 0.0
    side_light_gain: Range = (0.3, 0.8)
    tint: float = 0.0
    gray: float = 0.0
    jpeg: float = 0.1
    jpeg_quality: tuple[int, int] = (20, 69)
    erase: float = 0.4
    erase_side: Range = (0.15, 0.4)

    def __post_init__(self) -> None:
        probabilities = (
            "mirror", "flip", "blur", "low_resolution", "noise", "side_light", "gray", "jpeg",
            "erase",
        )  # fmt: skip
        limits = dict.fromkeys(probabilities, 1.0)
        limits |= {"rotation_deg": 180.0, "scale": 4.0, "shift": 1.0, "crop": 0.9}
        limits |= {"contrast": 1.0, "brightness": 1.0, "tint": 1.0}
        for name, highest in limits.items():
            if not 0 <= getattr(self, name) <= highest:
                raise ValueError(f"expected {name} in 0..{highest:g}, got {getattr(self, name)!r}")
        ranges = {"blur_sigma": (0.01, 100.0), "low_resolution_factor": (0.05, 1.0)}
        ranges |= {"noise_sigma": (0.0, 128.0), "side_light_gain": (0.0, 1.0)}
        ranges |= {"jpeg_quality": (1, 100), "erase_side": (0.0, 1.0)}
        for name, (lowest, highest) in ranges.items():
            low, high = getattr(self, name)
            if not lowest <= low <= high <= highest:
                raise ValueError(
                    f"expected {name} as (smallest, largest) in {lowest:g}..{highest:g}, "
                    f"got ({low!r}, {high!r})"
                )


OFF = Augmentation(
    rotation_deg=0, scale=0, shift=0, mirror=0, contrast=0, brightness=0, blur=0,
    low_resolution=0, jpeg=0, erase=0,
)  # fmt: skip
"""No change but the resize."""


def augment(
    image: np.ndarray, size: tuple[int, int], config: Augmentation, rng: np.random.Generator
) -> np.ndarray:
    """Augments a face.

    Args:
        image: uint8 (H, W), grey, or (H, W, 3), RGB.
        size: (height, width) of the result.
        config: How far each change goes.
        rng: Source of all random numbers.

    Returns:
        A copy, uint8 of ``size``, with the channels of ``image``.
    """
    angle = rng.uniform(-config.rotation_deg, config.rotation_deg)
    zoom = math.exp(rng.uniform(-1.0, 1.0) * math.log1p(config.scale))
    mirror = rng.random() < config.mirror
    shift = rng.uniform(-config.shift, config.shift, 2)
    if config.crop:
        kept = 1.0 - rng.uniform(0.0, config.crop)
        zoom /= kept
        shift = shift + rng.uniform(-0.5, 0.5, 2) * (1.0 - kept) / kept
    flip = config.flip > 0 and rng.random() < config.flip
    out = affine_warp(
        image, size, angle_deg=angle, zoom=zoom, shift=shift, mirror=mirror, flip=flip
    )
    if config.gray and out.ndim == 3 and rng.random() < config.gray:
        out = without_color(out)
    elif config.tint and out.ndim == 3:
        out = color_cast(out, rng.uniform(-config.tint, config.tint, 3))
    contrast = rng.uniform(-config.contrast, config.contrast)
    out = contrast_brightness(out, contrast, rng.uniform(-config.brightness, config.brightness))
    if config.side_light and rng.random() < config.side_light:
        gain = rng.uniform(*config.side_light_gain)
        out = side_lighting(out, gain, direction=rng.uniform(0.0, 2.0 * math.pi))
    if rng.random() < config.blur:
        out = gaussian_blur(out, rng.uniform(*config.blur_sigma))
    if rng.random() < config.low_resolution:
        out = low_resolution(out, rng.uniform(*config.low_resolution_factor))
    if config.noise and rng.random() < config.noise:
        out = gaussian_noise(out, rng.uniform(*config.noise_sigma), rng)
    if rng.random() < config.jpeg:
        out = jpeg(out, int(rng.integers(*config.jpeg_quality, endpoint=True)))
    if rng.random() < config.erase:
        _erase(out, config, rng)
    return out


def affine_warp(
    image: np.ndarray,
    size: tuple[int, int],
    *,
    angle_deg: float = 0.0,
    zoom: float = 1.0,
    shift: np.ndarray | tuple[float, float] = (0.0, 0.0),
    mirror: bool = False,
    flip: bool = False,
) -> np.ndarray:
    """Rotates a face about its centre, scales, shifts and flips it; its edge is repeated.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        size: (height, width) of the result.
        angle_deg: Clockwise rotation.
        zoom: Factor of the scale, apart from the resize.
        shift: (x, y) as fractions of the result's sides.
        mirror: Whether to flip left to right.
        flip: Whether to flip upside down.

    Returns:
        uint8 of ``size``, with the channels of ``image``.
    """
    angle = math.radians(angle_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    scale = np.array([size[1] / image.shape[1], size[0] / image.shape[0]]) * zoom
    across, down = (-1.0 if mirror else 1.0), (-1.0 if flip else 1.0)
    turn = np.array([[cos * across, -sin * down], [sin * across, cos * down]]) * scale[:, None]
    center = (np.array([image.shape[1], image.shape[0]]) - 1) / 2
    target = (np.array([size[1], size[0]]) - 1) / 2 + np.asarray(shift) * [size[1], size[0]]
    matrix = np.column_stack([turn, target - turn @ center])
    return np.asarray(
        cv2.warpAffine(
            image, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    )


def contrast_brightness(
    image: np.ndarray, contrast: float = 0.0, brightness: float = 0.0
) -> np.ndarray:
    """Changes contrast about the mean and brightness.

    Args:
        image: uint8, of any shape.
        contrast: Relative change of the distances from the mean.
        brightness: Offset in units of 128 grey levels.
    """
    gain = 1.0 + contrast
    offset = float(image.mean()) * (1.0 - gain) + 128.0 * brightness
    # convertScaleAbs takes the absolute value, so clip at 0 first.
    values = np.maximum(image * np.float32(gain) + np.float32(offset), 0.0)
    return np.asarray(cv2.convertScaleAbs(values))


def color_cast(image: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Adds a colour cast to an RGB face: relative changes of R, G and B, float (3,)."""
    scale = np.asarray(1.0 + gains, np.float32)
    return np.asarray(np.minimum(image * scale + 0.5, 255.0).astype(np.uint8))


def side_lighting(image: np.ndarray, gain: float, *, direction: float) -> np.ndarray:
    """Darkens one side of a face.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        gain: Light at the dark edge, as a fraction of that on the bright half.
        direction: Towards the dark side, in radians, clockwise from the right.
    """
    rows, columns = image.shape[:2]
    across = np.linspace(-1, 1, columns, dtype=np.float32) * np.float32(math.cos(direction))
    down = np.linspace(-1, 1, rows, dtype=np.float32) * np.float32(math.sin(direction))
    light = 1.0 - (1.0 - np.float32(gain)) * np.clip(down[:, None] + across, 0.0, 1.0)
    lit = image * (light if image.ndim == 2 else light[..., None])
    return np.asarray(lit.astype(np.uint8))


def _erase(image: np.ndarray, config: Augmentation, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    low, high = config.erase_side
    rows, columns = int(height * rng.uniform(low, high)), int(width * rng.uniform(low, high))
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    image[top : top + rows, left : left + columns] = rng.integers(0, 256)
