"""Every detector that can be measured, as one function: an image in, boxes and scores out.

All give what they find down to a low score; the measure chooses the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion.detection import load_detector
from emotion.training.detector.scoring import Found
from emotion.types import Detection, Image

Detect = Callable[[Image], Found]

HAAR = "haar"
LEAST = 0.05  # score of what is kept


def detector_named(name: str, *, num_threads: int = 1) -> Detect:
    """The detector of that name.

    ``haar`` is OpenCV's alt2 cascade, all else as in ``load_detector``. Raises ``ModelError`` when
    it cannot be loaded.
    """
    if name == HAAR:
        return haar()
    return found_by(load_detector(name, num_threads=num_threads).detect)


def haar() -> Detect:
    """OpenCV's alt2 cascade with its usual settings; the score is its last stage's."""
    path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
    cascade = cv2.CascadeClassifier(str(path))

    def detect(image: Image) -> Found:
        gray = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        xywh, _, weights = cascade.detectMultiScale3(
            gray, scaleFactor=1.1, minNeighbors=3, minSize=(20, 20), outputRejectLevels=True
        )
        boxes = np.array(xywh, dtype=np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return Found(boxes, np.array(weights, dtype=np.float32).reshape(-1))

    return detect


def found_by(detect: Callable[[Image, float], Sequence[Detection]]) -> Detect:
    """A detector's ``detect`` as it is measured."""

    def found(image: Image) -> Found:
        faces = detect(image, LEAST)
        points = [f.landmarks[:3] for f in faces if f.landmarks is not None]
        return Found(
            np.array([f.xyxy for f in faces], dtype=np.float32).reshape(-1, 4),
            np.array([f.score for f in faces], dtype=np.float32),
            np.array(points, dtype=np.float32).reshape(-1, 3, 2),
        )

    return found
