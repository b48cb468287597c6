"""Where a face has moved since a detector saw it, by the motion of its own corners.

Corners of Shi and Tomasi 1994, "Good Features to Track"; their motion by Lucas and Kanade's method
in pyramids (Bouguet 2001), kept where the way back leads to where it began (Kalal et al. 2010,
"Forward-Backward Error"); of the rest, the shift, turn and growth on which most agree. A third to
a sixth of a detector's look, and as exact for a tenth of a second; it does not know a face from a
mask, so the detector has to look again.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from emotion.geometry.affine import downscale
from emotion.types import Detection, Floats, Image

REACH = 1.6
"""Side of the watched part of a picture in box sides: a face may move by a third of itself."""

SIDE = 96
"""Pixels of that part's longer side, at least; a larger one is shrunk by a whole number."""

CORNERS = 16
BACK_WITHIN = 0.7  # px of the shrunk part; between the way forth and back
AGREE = 0.6  # of the corners that were there, so many must have moved as one
FEWEST = 8
LARGEST_TURN, LARGEST_GROWTH = math.radians(15), 1.15  # more is no face within a tenth of a second

WINDOW, LEVELS = 13, 2  # px around a corner; halvings of the pictures
_ENOUGH = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)


class FaceFlow:
    """One face as it was in one frame, to be found again in the next few. Holds a small grey
    picture of it."""

    def __init__(self, image: Image, seen: Detection) -> None:
        self._seen = seen
        height, width = image.shape[:2]
        x1, y1, x2, y2 = (float(v) for v in seen.whole)
        reach = REACH * max(x2 - x1, y2 - y1) / 2
        # At least a pixel, also for a face at the very edge.
        left = min(max(int((x1 + x2) / 2 - reach), 0), width - 1)
        top = min(max(int((y1 + y2) / 2 - reach), 0), height - 1)
        right = min(max(int((x1 + x2) / 2 + reach), left + 1), width)
        bottom = min(max(int((y1 + y2) / 2 + reach), top + 1), height)
        self._shrink = max(1, max(right - left, bottom - top) // SIDE)
        self._part = (slice(top, bottom), slice(left, right))
        self._offset = np.array([left, top], np.float32)
        self._was = self._watched(image)
        self._corners: Floats | None = None

    def moved(self, image: Image) -> Detection | None:
        """The face in a later frame of the same size; None where its corners do not tell."""
        if self._corners is None:
            self._corners = self._good_corners()
        if len(self._corners) < FEWEST:
            return None
        now = self._watched(image)
        there, found = _flow(self._was, now, self._corners)
        back, returned = _flow(now, self._was, there)
        off = np.abs(back - self._corners).max(axis=(1, 2))
        kept = found & returned & (off < BACK_WITHIN)
        least = max(FEWEST, AGREE * len(self._corners))
        if kept.sum() < least:
            return None
        motion, agree = cv2.estimateAffinePartial2D(
            self._corners[kept], there[kept], ransacReprojThreshold=1.0, refineIters=3
        )
        if agree.sum() < least:
            return None
        growth = math.hypot(motion[0, 0], motion[1, 0])
        turn = math.atan2(motion[1, 0], motion[0, 0])
        if abs(turn) > LARGEST_TURN or not 1 / LARGEST_GROWTH < growth < LARGEST_GROWTH:
            return None
        return self._carried(motion, growth, image.shape[:2])

    def _watched(self, image: Image) -> Image:
        """The part around the face, grey and shrunk."""
        gray = cv2.cvtColor(image[self._part], cv2.COLOR_RGB2GRAY)
        if self._shrink == 1:
            return np.asarray(gray, np.uint8)
        by_y, by_x = (min(self._shrink, side) for side in gray.shape)
        return downscale(np.asarray(gray, np.uint8), by_x, by_y)

    def _good_corners(self) -> Floats:
        """Corners of the face, float32 (N, 1, 2), in pixels of the shrunk part."""
        box = (self._seen.xyxy - np.tile(self._offset, 2)) / self._shrink
        left, top, right, bottom = (int(v) for v in box)
        face = self._was[top:bottom, left:right]
        if min(face.shape) < SIDE // 4:
            return np.empty((0, 1, 2), np.float32)
        found: Any = cv2.goodFeaturesToTrack(face, CORNERS, 0.02, 5)
        if found is None:  # an even surface
            return np.empty((0, 1, 2), np.float32)
        return np.asarray(found + np.array([left, top], np.float32), np.float32)

    def _carried(
        self, motion: npt.NDArray[np.float64], growth: float, size: tuple[int, int]
    ) -> Detection | None:
        """The face after a motion in pixels of the shrunk part; None beyond the picture."""
        # Pixel centres lie at whole numbers for OpenCV, at halves for our boxes.
        turn = motion[:, :2]
        shift = self._shrink * (motion[:, 2] + 0.5 - turn @ [0.5, 0.5])
        shift += self._offset - turn @ self._offset

        whole, points = self._seen.whole, self._seen.landmarks
        middle = turn @ (whole[:2] + whole[2:]) / 2 + shift
        half = growth * (whole[2:] - whole[:2]) / 2
        uncut = np.concatenate([middle - half, middle + half]).astype(np.float32)
        height, width = size
        xyxy = np.clip(uncut, 0, np.array([width, height, width, height], np.float32))
        if xyxy[0] >= xyxy[2] or xyxy[1] >= xyxy[3]:
            return None
        landmarks = None if points is None else (points @ turn.T + shift).astype(np.float32)
        return replace(self._seen, xyxy=xyxy, uncut=uncut, landmarks=landmarks)


def _flow(was: Image, now: Image, points: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Where points (N, 1, 2) of one picture are in the other, and which of them were found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        was,
        now,
        points,
        np.empty_like(points),
        winSize=(WINDOW, WINDOW),
        maxLevel=LEVELS,
        criteria=_ENOUGH,
    )
    return np.asarray(there, np.float32), found.ravel().astype(bool)
