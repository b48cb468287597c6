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

from emotion.detection.base import (
    THOROUGH,
    Candidates,
    SearchOptions,
    resolve_min_score,
    to_detections,
    with_mouth_center,
)
from emotion.detection.refinement import RoiRefiner
from emotion.detection.tiling import from_letterbox, letterbox
from emotion.errors import ModelError
from emotion.geometry.boxes import duplicates_of, stack_boxes
from emotion.models.spec import sha256_of
from emotion.types import Detection, Image, check_image

MIN_SCORE = 0.8
SIDE = 640  # px; in a larger input, faces beyond the training sizes are found in parts
_BACKGROUND_SCORE = 0.02
_NMS_IOU = 0.45
_MAX_CANDIDATES = 5000


class YuNetDetector:
    """Finds faces with a YuNet; the same methods as ``SingleShotDetector``."""

    min_score = MIN_SCORE

    def __init__(self, path: Path) -> None:
        """Loads the file.

        Raises:
            ModelError: When OpenCV cannot run it.
        """
        self._lock = threading.Lock()  # the input's size is the network's state
        self._refiner = RoiRefiner(find=self._find)
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(path), "", (320, 320), _BACKGROUND_SCORE, _NMS_IOU, _MAX_CANDIDATES
            )
            self._find(np.zeros((64, 64, 3), np.uint8))  # another network fails only here
        except cv2.error as error:
            raise ModelError(
                f"{path} is no YuNet that OpenCV can read; name its .onnx file."
            ) from error
        self.digest = sha256_of(path)

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> tuple[Detection, ...]:
        """The faces of an image, largest first; see ``Detector.detect``.

        A picture beyond ``SIDE`` is shrunk, never tiled: ``options.effort`` changes nothing.
        """
        height, width = check_image(image).shape[:2]
        wanted = resolve_min_score(self.min_score, min_score)
        view, scale = letterbox(image, SIDE, 1)
        found = from_letterbox(self._find(view), scale, (0, 0))
        known = stack_boxes([face.unclipped_xyxy for face in options.known])
        found = found.select(~duplicates_of(found.boxes, known))
        return to_detections(found, (height, width), wanted)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, None for those gone; see ``Detector.refine``."""
        wanted = resolve_min_score(self.min_score, min_score)
        return self._refiner.refine_detections(image, detections, wanted)

    def _find(self, image: Image) -> Candidates:
        with self._lock:
            self._network.setInputSize((image.shape[1], image.shape[0]))
            _, rows = self._network.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        found = np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
        boxes = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], axis=1)
        # The file names the eyes as the person has them: the right one is left in the image.
        landmarks = found[:, 4:14].reshape(-1, 5, 2)
        return Candidates(boxes, with_mouth_center(landmarks), found[:, 14])
