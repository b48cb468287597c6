"""A YuNet from a file of one's own, run by OpenCV.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023. The
file (``face_detection_yunet_*.onnx`` of OpenCV's model zoo) does not come with this project. Safe
to use from several threads, one at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion.detection.look import Found, largest_first, refined, threshold
from emotion.detection.single_shot import network_input, with_mouth
from emotion.errors import ModelError
from emotion.models.spec import sha256_of
from emotion.types import Detection, Image, check_image

MIN_SCORE = 0.8
LONGEST = 640  # px of a picture that is searched; larger faces than it was taught come in parts
_LEAST = 0.02
_NMS_IOU = 0.45
_MOST = 5000


class YuNetDetector:
    """Finds faces with a YuNet; the same methods as ``SingleShotDetector``."""

    min_score = MIN_SCORE

    def __init__(self, path: Path) -> None:
        """Loads the file; ``ModelError`` when it is none that OpenCV can run."""
        self._lock = threading.Lock()  # the input's size is the network's state
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(path), "", (320, 320), _LEAST, _NMS_IOU, _MOST
            )
            self._look(np.zeros((64, 64, 3), np.uint8))  # another network fails only here
        except cv2.error as error:
            raise ModelError(
                f"{path} is no YuNet that OpenCV can read; name its .onnx file."
            ) from error
        self.digest = sha256_of(path)

    def detect(
        self,
        image: Image,
        min_score: float | None = None,
        *,
        quick: bool = False,
        known: Sequence[Detection] = (),
    ) -> tuple[Detection, ...]:
        """The faces of an RGB uint8 (H, W, 3) image, largest first, see ``SingleShotDetector``.

        A picture beyond ``LONGEST`` is shrunk; ``quick`` and ``known`` are without effect.
        """
        del quick, known
        height, width = check_image(image).shape[:2]
        wanted = threshold(self.min_score, min_score)
        view, scale = network_input(image, LONGEST, 1)
        boxes, points, scores = self._look(view)
        whole = np.asarray(boxes / np.tile(scale, 2), dtype=np.float32)
        return largest_first((whole, points / scale, scores), (height, width), wanted)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, in their order; None for one that is gone."""
        wanted = threshold(self.min_score, min_score)
        return refined(self._look, image, detections, wanted)

    def _look(self, image: Image) -> Found:
        with self._lock:
            self._network.setInputSize((image.shape[1], image.shape[0]))
            _, rows = self._network.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        found = np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
        boxes = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], axis=1)
        # The file names the eyes as the person has them: the right one is left in the image.
        points = found[:, 4:14].reshape(-1, 5, 2)
        return boxes, with_mouth(points), found[:, 14]
