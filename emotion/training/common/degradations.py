"""Image degradations of cameras and files: blur, low resolution, noise, lost colour, JPEG.

Images are uint8, grey (H, W) or RGB (H, W, 3); each function returns a new one of the same shape.
Only ``gaussian_noise`` draws random numbers, from the generator given.
"""

from __future__ import annotations

import cv2
import numpy as np


def gaussian_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blurs with a Gaussian of standard deviation ``sigma`` in pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma))


def low_resolution(image: np.ndarray, factor: float) -> np.ndarray:
    """Shrinks the sides by ``factor``, 0..1, and enlarges the image again."""
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def gaussian_noise(
    image: np.ndarray, sigma: float, rng: np.random.Generator, *, per_channel: bool = False
) -> np.ndarray:
    """Adds Gaussian noise.

    Args:
        image: uint8 (H, W) or RGB (H, W, 3).
        sigma: Standard deviation, of 0..255.
        rng: Source of the noise.
        per_channel: Whether each channel of an RGB image has noise of its own; grey noise if not.
    """
    shape = image.shape if per_channel else image.shape[:2]
    noise = rng.standard_normal(shape, np.float32) * np.float32(sigma)
    noise = noise if noise.ndim == image.ndim else noise[..., None]
    return np.asarray(np.clip(image + noise, 0, 255).astype(np.uint8))


def without_color(image: np.ndarray) -> np.ndarray:
    """An RGB image in shades of grey, still with three channels."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Compresses with a JPEG quality of 1..100."""
    bgr = image[..., ::-1] if image.ndim == 3 else image
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))
    return np.ascontiguousarray(decoded[..., ::-1]) if image.ndim == 3 else decoded
