"""HDR video (ITU-R BT.2100) as ordinary images, by lookup tables.

Light up to four fifths of the reference white (203 cd/m2, ITU-R BT.2408), where faces are, keeps
its brightness; what is brighter, up to 1,000 cd/m2, is compressed into the rest. FFmpeg's own
conversion takes seconds for its first frame and cuts the highlights off. Stateless, thread-safe.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from emotion.types import Floats, Image
from emotion.video.colors import BT709, HLG, P3_D65, ColorSpace

REFERENCE_WHITE_NITS = 203.0
"""Luminance of a white sheet of paper in HDR video, cd/m2."""

PEAK_NITS = 1000.0
"""What is brighter becomes white."""

_PEAK = PEAK_NITS / REFERENCE_WHITE_NITS
_KNEE = 0.8  # of the reference white
_LEVELS = 65_536
_PIXELS_AT_A_TIME = 16_384  # the arrays in between stay in the processor's cache
_BT2020_LUMA = np.array([[0.2627, 0.6780, 0.0593]], np.float32)
_BT2020_TO_BT709 = [
    [1.6605, -0.5876, -0.0728],
    [-0.1246, 1.1329, -0.0083],
    [-0.0182, -0.1006, 1.1187],
]
_P3_TO_BT709 = [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
_TO_BT709 = {P3_D65: _P3_TO_BT709, BT709: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]}
"""Linear RGB of these primaries to BT.709's; all others count as BT.2020's."""


def to_sdr(image: npt.NDArray[np.uint16], space: ColorSpace) -> Image:
    """The image in sRGB, uint8 (H, W, 3).

    Args:
        image: RGB of a PQ or HLG frame, uint16 (H, W, 3), 0..65535.
        space: Its transfer function and primaries.
    """
    shown = np.empty(image.shape, np.uint8)
    rows = max(1, _PIXELS_AT_A_TIME // image.shape[1])
    for top in range(0, len(image), rows):
        shown[top : top + rows] = _converted(image[top : top + rows], space)
    return shown


def _converted(image: npt.NDArray[np.uint16], space: ColorSpace) -> Image:
    light: Floats
    if space.transfer == HLG:
        light = np.asarray(cv2.LUT(image, _hlg_scene_light()), np.float32)
        # The system gamma of a display of 1,000 cd/m2 (BT.2100), by the luminance of each pixel.
        luma = cv2.transform(light, _BT2020_LUMA).reshape(*light.shape[:2], 1)
        light *= cv2.pow(luma, 0.2).reshape(luma.shape)
    else:
        light = np.asarray(cv2.LUT(image, _pq_light()), np.float32)
    matrix = np.array(_TO_BT709.get(space.primaries, _BT2020_TO_BT709), np.float32)
    levels = cv2.transform(light, matrix * np.float32((_LEVELS - 1) / _PEAK))
    np.clip(levels, 0, _LEVELS - 1, out=levels)
    return np.asarray(cv2.LUT(levels.astype(np.uint16), _srgb_levels()), np.uint8)


@lru_cache(maxsize=1)
def _pq_light() -> Floats:
    """The light of each PQ level, in units of the reference white (SMPTE ST 2084)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = np.linspace(0, 1, _LEVELS) ** (1 / m2)
    nits = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return np.asarray(nits / REFERENCE_WHITE_NITS, np.float32)


@lru_cache(maxsize=1)
def _hlg_scene_light() -> Floats:
    """The scene light of each HLG level (BT.2100), so that 1 becomes the peak on the display."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    level = np.linspace(0, 1, _LEVELS)
    scene = np.where(level <= 0.5, level**2 / 3, (np.exp((level - c) / a) + b) / 12)
    # Multiplied by luma ** 0.2 afterwards, which scales by the same power of this factor.
    return np.asarray(scene * _PEAK ** (1 / 1.2), np.float32)


@lru_cache(maxsize=1)
def _srgb_levels() -> Image:
    """The sRGB level of light from 0 to the peak, compressed from the knee on."""
    light = np.linspace(0, _PEAK, _LEVELS)
    # Reinhard's curve above the knee: of slope 1 there, 1 at the peak.
    above = np.maximum(light - _KNEE, 0) / (1 - _KNEE)
    white = (_PEAK - _KNEE) / (1 - _KNEE)
    curve = above * (1 + above / white**2) / (1 + above)
    shown = np.where(light <= _KNEE, light, _KNEE + (1 - _KNEE) * curve)
    srgb = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * np.clip(srgb, 0, 1)), np.uint8)
