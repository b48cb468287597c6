"""Detectors by name, in the form that ``metrics`` measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emotion.detection import load_detector
from emotion.training.detector.metrics import Detect, Detections
from emotion.types import Detection, Image

HAAR = "haar"
MIN_SCORE = 0.0  # everything that was proposed: the metrics choose the threshold


class MeasuredDetector(NamedTuple):
    """A detector to be measured.

    Attributes:
        detect: Its detections down to a low score.
        min_score: The score that counts as a face by default; None where there is none.
        digest: The sha256 of its weights; None where they are not ours to name.
    """

    detect: Detect
    min_score: float | None = None
    digest: str | None = None


def load_measured(name: str, *, num_threads: int = 1) -> MeasuredDetector:
    """Loads a detector to be measured.

    Args:
        name: ``haar``, or a name or path as for ``emotion.detection.load_detector``.
        num_threads: Threads of one call.

    Raises:
        ModelError: When it cannot be loaded.
    """
    if name == HAAR:
        return MeasuredDetector(haar())
    detector = load_detector(name, num_threads=num_threads)
    return MeasuredDetector(as_detect(detector.detect), detector.min_score, detector.digest)


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
        unknown = np.full((3, 2), np.nan, np.float32)
        landmarks = [unknown if f.landmarks is None else f.landmarks[:3] for f in faces]
        return Detections(
            np.array([f.xyxy for f in faces], dtype=np.float32).reshape(-1, 4),
            np.array([f.score for f in faces], dtype=np.float32),
            np.array(landmarks, dtype=np.float32).reshape(-1, 3, 2),
        )

    return adapted
