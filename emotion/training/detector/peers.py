"""Every detector that can be measured, as one function: an image in, boxes and scores out.

All give what they find down to a low score; the measure chooses the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion.detection import FaceDetector, SingleShotDetector
from emotion.errors import ModelError
from emotion.spec import model_folder
from emotion.training.detector.scoring import Found
from emotion.types import Detection, Image

Detect = Callable[[Image], Found]

BLAZEFACE, HAAR = "blazeface", "haar"
LEAST = 0.05  # score of what is kept


def detector_named(name: str, *, num_threads: int = 1) -> Detect:
    """The detector of that name.

    ``blazeface`` is the cascade of two BlazeFace models, ``haar`` OpenCV's alt2 cascade, a file
    that ends in ``.onnx`` a YuNet; all else is a model's name or folder. Raises ``ModelError``
    when it cannot be loaded.
    """
    if name == BLAZEFACE:
        return _of_detections(FaceDetector(num_threads=num_threads).detect)
    if name == HAAR:
        return haar()
    if name.endswith(".onnx"):
        return yunet(Path(name))
    return _of_detections(SingleShotDetector(model_folder(name), num_threads=num_threads).detect)


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


def yunet(path: Path) -> Detect:
    """A YuNet (Wu et al. 2023) from an ONNX file, run by OpenCV at the picture's own size."""
    try:
        network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), LEAST, 0.45, 5000)
    except cv2.error as error:
        raise ModelError(
            f"{path} is no YuNet that OpenCV can read; name its .onnx file."
        ) from error

    def detect(image: Image) -> Found:
        network.setInputSize((image.shape[1], image.shape[0]))
        _, rows = network.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        found = np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
        boxes = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], axis=1)
        # The file names the eyes as the person has them: the right one is left in the image.
        return Found(boxes, found[:, 14], found[:, 4:14].reshape(-1, 5, 2))

    return detect


def _of_detections(detect: Callable[[Image, float], Sequence[Detection]]) -> Detect:
    def found(image: Image) -> Found:
        faces = detect(image, LEAST)
        points = [f.landmarks[:3] for f in faces if f.landmarks is not None]
        return Found(
            np.array([f.xyxy for f in faces], dtype=np.float32).reshape(-1, 4),
            np.array([f.score for f in faces], dtype=np.float32),
            np.array(points, dtype=np.float32).reshape(-1, 3, 2),
        )

    return found
