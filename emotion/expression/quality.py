"""Whether a face is hard to classify: small, blurred, turned, dark, or cut by the picture's edge.

Simple measures with stated thresholds. Stateless.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from emotion.types import Detection, Image

SMALL_PX = 40.0
BLURRED = 0.06
TURNED = 0.35
DARK = 50.0
CUT = 0.85
"""Thresholds of ``FaceQuality``. Of faces from the web, some 2% count as blurred, 2% as dark, 10%
as turned and 10% as cut; half of them count as blurred once a Gaussian of 2% of the face's size has
blurred the picture."""

_SIDE = 64  # pixels at which blur is measured
_INNER = slice(_SIDE // 8, -_SIDE // 8)  # without background and hair


@dataclass(frozen=True, kw_only=True)
class FaceQuality:
    """Measures of one face.

    Attributes:
        side_px: Longer side of its box.
        sharpness: Variance of the Laplacian as a fraction of the variance of the grey levels, of
            the crop at 64 x 64 pixels; near 0 where there are no fine details (Pech-Pacheco et al.
            2000, "Diatom autofocusing in brightfield microscopy", made independent of contrast).
        turn: How far the nose is off the middle between the eyes, along the line through them, as a
            fraction of their distance: 0 in a frontal view. None without landmarks.
        brightness: Median grey level of the crop's inner part, 0..255.
        visible: Fraction of the whole face's box that lies in the picture, 0..1.
    """

    side_px: float
    sharpness: float
    turn: float | None
    brightness: float
    visible: float

    @property
    def is_small(self) -> bool:
        """Less than ``SMALL_PX`` pixels."""
        return self.side_px < SMALL_PX

    @property
    def is_blurred(self) -> bool:
        """Sharpness below ``BLURRED``; a small face is said to be small instead."""
        return self.sharpness < BLURRED and not self.is_small

    @property
    def is_turned(self) -> bool:
        """Turned by more than ``TURNED``."""
        return self.turn is not None and self.turn > TURNED

    @property
    def is_dark(self) -> bool:
        """Darker than ``DARK``."""
        return self.brightness < DARK

    @property
    def is_cut(self) -> bool:
        """Less than ``CUT`` of it in the picture."""
        return self.visible < CUT


def face_quality(face: Detection, crop: Image) -> FaceQuality:
    """Measures a face.

    Args:
        face: Box and landmarks, in pixels of the picture.
        crop: The face's upright crop, RGB uint8 (h, w, 3).
    """
    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    gray = cv2.resize(gray, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)[_INNER, _INNER]
    laplacian = cv2.Laplacian(gray.astype(np.float32), cv2.CV_32F)
    whole = face.unclipped_xyxy
    whole_area = float(np.prod(np.maximum(whole[2:] - whole[:2], 1e-6)))
    return FaceQuality(
        side_px=float((face.xyxy[2:] - face.xyxy[:2]).max()),
        sharpness=float(laplacian.var() / max(float(gray.var()), 1.0)),
        turn=_turn(face),
        brightness=float(np.median(gray)),
        visible=min(face.area / whole_area, 1.0),
    )


def _turn(face: Detection) -> float | None:
    if face.landmarks is None or len(face.landmarks) < 3:
        return None
    left, right, nose = face.landmarks[:3].astype(np.float64)
    eyes = right - left
    distance = float(eyes @ eyes)
    if distance < 1e-6:
        return None
    return abs(float((nose - left) @ eyes) / distance - 0.5)
