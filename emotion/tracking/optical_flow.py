"""Sparse optical flow: where a face has moved since a detector found it.

Corners of Shi and Tomasi 1994, "Good Features to Track"; their motion by Lucas and Kanade's method
in pyramids (Bouguet 2001), kept where the way back leads to where it began (Kalal et al. 2010,
"Forward-Backward Error"); of the rest, the shift, rotation and scale on which most agree (RANSAC).
A third to a sixth of the cost of an ROI refinement, and as exact for a tenth of a second; it does
not know a face from a mask, so the detector has to refine it again.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from emotion.geometry.affine import downscale
from emotion.geometry.boxes import clip_boxes
from emotion.types import Detection, Floats, Image

REGION_ZOOM = 1.6
"""Side of the watched region in box sides: a face may move by a third of itself."""

REGION_SIDE = 96
"""Pixels of the region's longer side, at least; a larger one is shrunk by a whole number."""

MAX_CORNERS = 16
MIN_CORNERS = 8
MAX_BACKWARD_ERROR = 0.7  # px of the shrunk region; between a corner and the way forth and back
MIN_INLIERS = 0.6  # of the corners at the start, so many must have moved as one
MAX_ROTATION, MAX_SCALE = math.radians(15), 1.15  # more is no face within a tenth of a second

WINDOW, PYRAMID_LEVELS = 13, 2  # px around a corner; halvings of the pictures
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)


class FaceFlow:
    """One face as it was in one frame, to be followed through the next few.

    Holds a small grey picture of it. Not thread-safe.

    Args:
        image: RGB uint8 (H, W, 3).
        detection: The face in it.
    """

    def __init__(self, image: Image, detection: Detection) -> None:
        self._detection = detection
        height, width = image.shape[:2]
        x1, y1, x2, y2 = (float(v) for v in detection.unclipped_xyxy)
        reach = REGION_ZOOM * max(x2 - x1, y2 - y1) / 2
        # At least a pixel, also for a face at the very edge.
        left = min(max(int((x1 + x2) / 2 - reach), 0), width - 1)
        top = min(max(int((y1 + y2) / 2 - reach), 0), height - 1)
        right = min(max(int((x1 + x2) / 2 + reach), left + 1), width)
        bottom = min(max(int((y1 + y2) / 2 + reach), top + 1), height)
        self._shrink = max(1, max(right - left, bottom - top) // REGION_SIDE)
        self._slices = (slice(top, bottom), slice(left, right))
        self._origin = np.array([left, top], np.float32)
        self._before = self._region(image)
        self._corners: Floats | None = None

    def follow(self, image: Image) -> Detection | None:
        """The face in a later frame.

        Args:
            image: Of the same size as the first one.

        Returns:
            Box and landmarks moved along, score as before; None where the corners do not agree on
            a plausible motion, or the face has left the picture.
        """
        if self._corners is None:
            self._corners = self._good_corners()
        if len(self._corners) < MIN_CORNERS:
            return None
        now = self._region(image)
        moved, found = _lucas_kanade(self._before, now, self._corners)
        back, returned = _lucas_kanade(now, self._before, moved)
        error = np.abs(back - self._corners).max(axis=(1, 2))
        kept = found & returned & (error < MAX_BACKWARD_ERROR)
        least = max(MIN_CORNERS, MIN_INLIERS * len(self._corners))
        if kept.sum() < least:
            return None
        motion, inliers = cv2.estimateAffinePartial2D(
            self._corners[kept], moved[kept], ransacReprojThreshold=1.0, refineIters=3
        )
        if inliers.sum() < least:
            return None
        scale = math.hypot(motion[0, 0], motion[1, 0])
        rotation = math.atan2(motion[1, 0], motion[0, 0])
        if abs(rotation) > MAX_ROTATION or not 1 / MAX_SCALE < scale < MAX_SCALE:
            return None
        return self._moved(motion, scale, image.shape[:2])

    def _region(self, image: Image) -> Image:
        """The region around the face, grey and shrunk."""
        gray = np.asarray(cv2.cvtColor(image[self._slices], cv2.COLOR_RGB2GRAY), np.uint8)
        if self._shrink == 1:
            return gray
        by_y, by_x = (min(self._shrink, side) for side in gray.shape)
        return downscale(gray, by_x, by_y)

    def _good_corners(self) -> Floats:
        """Corners of the face, float32 (N, 1, 2), in pixels of the shrunk region."""
        box = (self._detection.xyxy - np.tile(self._origin, 2)) / self._shrink
        left, top, right, bottom = (int(v) for v in box)
        face = self._before[top:bottom, left:right]
        if min(face.shape) < REGION_SIDE // 4:
            return np.empty((0, 1, 2), np.float32)
        found: Any = cv2.goodFeaturesToTrack(face, MAX_CORNERS, 0.02, 5)
        if found is None:  # an even surface
            return np.empty((0, 1, 2), np.float32)
        return np.asarray(found + np.array([left, top], np.float32), np.float32)

    def _moved(
        self, motion: npt.NDArray[np.float64], scale: float, size: tuple[int, int]
    ) -> Detection | None:
        """The face after a motion in pixels of the shrunk region; None beyond the picture."""
        # Pixel centres lie at whole numbers for OpenCV, at halves for our boxes.
        linear = motion[:, :2]
        shift = self._shrink * (motion[:, 2] + 0.5 - linear @ [0.5, 0.5])
        shift += self._origin - linear @ self._origin

        whole, points = self._detection.unclipped_xyxy, self._detection.landmarks
        center = linear @ (whole[:2] + whole[2:]) / 2 + shift
        half = scale * (whole[2:] - whole[:2]) / 2
        unclipped = np.concatenate([center - half, center + half]).astype(np.float32)
        xyxy = clip_boxes(unclipped, *size)
        if xyxy[0] >= xyxy[2] or xyxy[1] >= xyxy[3]:
            return None
        landmarks = None if points is None else (points @ linear.T + shift).astype(np.float32)
        return replace(self._detection, xyxy=xyxy, unclipped=unclipped, landmarks=landmarks)


def _lucas_kanade(
    before: Image, now: Image, points: Floats
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Where points (N, 1, 2) of one picture are in the other, and which of them were found."""
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before,
        now,
        points,
        np.empty_like(points),
        winSize=(WINDOW, WINDOW),
        maxLevel=PYRAMID_LEVELS,
        criteria=_STOP,
    )
    return np.asarray(moved, np.float32), found.ravel().astype(bool)
