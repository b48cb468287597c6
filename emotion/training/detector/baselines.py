"""Detectors by name, in the form that ``metrics`` measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion.detection import load_detector
from emotion.training.detector.metrics import Detect, Detections
from emotion.types import Detection, Image

HAAR = "haar"
MIN_SCORE = 0.05  # low, as the metrics choose the threshold


def load_detect(name: str, *, num_threads: int = 1) -> Detect:
    """Loads a detector to be measured.

    Args:
        name: ``haar``, or a name or path as for ``emotion.detection.load_detector``.
        num_threads: Threads of one call.

    Raises:
        ModelError: When it cannot be loaded.
    """
    if name == HAAR:
        return haar()
    return as_detect(load_detector(name, num_threads=num_threads).detect)


def haar() -> Detect:
    """OpenCV's alt2 Haar cascade with its usual settings; scores are those of its last stage."""
    path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
    cascade = cv2.CascadeClassifier(str(path))

    def detect(image: Image) -> Detections:
        gray = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        xywh, _, weights = cascade.detectMultiScale3(
            gray, scaleFactor=1.1, minNeighbors=3, minSize=(20, 20), outputRejectLevels=True
        )
        boxes = np.array(xywh, dtype=np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return Detections(boxes, np.array(weights, dtype=np.float32).reshape(-1))

    return detect


def as_detect(detect: Callable[[Image, float], Sequence[Detection]]) -> Detect:
    """Adapts a detector's ``detect`` method to the form that is measured.

    Args:
        detect: Takes an image and the lowest score of a detection.
    """

    def adapted(image: Image) -> Detections:
        faces = detect(image, MIN_SCORE)
        landmarks = [f.landmarks[:3] for f in faces if f.landmarks is not None]
        return Detections(
            np.array([f.xyxy for f in faces], dtype=np.float32).reshape(-1, 4),
            np.array([f.score for f in faces], dtype=np.float32),
            np.array(landmarks, dtype=np.float32).reshape(-1, 3, 2),
        )

    return adapted
