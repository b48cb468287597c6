"""Photographs of one person, placed exactly: pictures and clips of which the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

import emotion
from emotion.geometry.affine import map_boxes
from emotion.samples import SAMPLES
from emotion.types import Face, Floats, Image
from tests.clips import QUICK, encode

SIZE = (320, 240)  # (width, height) of a rendered picture
MIDDLE = (160.0, 120.0)


@dataclass(frozen=True)
class Portrait:
    """A photograph with the one face that the analyzer finds in it as it is."""

    photo: Image
    face: Face

    @classmethod
    def of(cls, name: str, analyzer: emotion.Analyzer) -> Portrait:
        """One of the page's sample photographs."""
        (sample,) = (sample for sample in SAMPLES if sample.name == name)
        photo = emotion.read_image(sample.read())
        (face,) = analyzer.analyze(photo)
        return cls(photo, face)

    def place(
        self, side_px: float, center: tuple[float, float] = MIDDLE, degrees: float = 0.0
    ) -> np.ndarray:
        """The (2, 3) matrix that puts the face there, this large and turned."""
        x, y = center_of(self.face.xyxy)
        matrix = cv2.getRotationMatrix2D((x, y), degrees, side_px / side_of(self.face.xyxy))
        matrix[:, 2] += np.subtract(center, (x, y))
        return np.asarray(matrix)

    def picture(self, place: np.ndarray, size: tuple[int, int] = SIZE) -> Image:
        """The photograph so placed, before more of the colour of its edge."""
        shown = cv2.warpAffine(
            self.photo, place, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(shown, np.uint8)

    def box(self, place: np.ndarray) -> Floats:
        """Where the face's box is, xyxy: upright, however the face is turned."""
        return np.asarray(map_boxes(self.face.xyxy[None], place)[0], np.float32)

    def landmarks(self, place: np.ndarray) -> Floats:
        """Where the face's landmarks are."""
        assert self.face.landmarks is not None
        return np.asarray(self.face.landmarks @ place[:, :2].T + place[:, 2], np.float32)

    def clip(self, places: Sequence[np.ndarray], size: tuple[int, int] = SIZE) -> bytes:
        """An MP4 of 30 frames a second, one for each place."""
        pictures = (self.picture(place, size) for place in places)
        ticks = range(len(places))
        return encode(ticks, codec="libx264", pictures=pictures, size=size, options=QUICK)


def center_of(xyxy: Floats) -> Floats:
    return np.asarray((xyxy[:2] + xyxy[2:]) / 2)


def side_of(xyxy: Floats) -> float:
    """The mean of a box's sides."""
    return float(np.mean(xyxy[2:] - xyxy[:2]))
