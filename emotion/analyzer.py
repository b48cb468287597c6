"""A picture in, faces with probabilities out: the one entry point of photo, webcam and video.

Detection, one crop per face by the model's rule, one batched classification.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from emotion.detection.base import THOROUGH, LoadedDetector, SearchOptions
from emotion.detection.loading import load_detector
from emotion.expression.classifier import Classifier
from emotion.expression.crop import crop_face
from emotion.expression.occlusion import OcclusionMap
from emotion.models.spec import ModelSpec, model_folder
from emotion.types import Detection, Face, Floats, Image


class Analyzer:
    """Detector and classifier together; holds no state of a picture, safe for several threads.

    It is a ``Detector`` itself.

    Example:
        >>> analyzer = emotion.load_analyzer()
        >>> for face in analyzer.analyze(emotion.read_image("group.jpg")):
        ...     print(face.label, face.xyxy)
    """

    def __init__(self, detector: LoadedDetector, classifier: Classifier) -> None:
        self._detector = detector
        self._classifier = classifier

    @property
    def spec(self) -> ModelSpec:
        """The classifier's spec."""
        return self._classifier.spec

    @property
    def detector_digest(self) -> str:
        """The sha256 of the detector's weights."""
        return self._detector.digest

    @property
    def min_score(self) -> float:
        """The detector's own threshold, 0..1."""
        return self._detector.min_score

    def analyze(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> tuple[Face, ...]:
        """The faces of an image with their probabilities.

        Args:
            image: RGB uint8 (H, W, 3).
            min_score: 0..1, in place of the detector's own threshold.
            options: See ``detect``.

        Returns:
            Largest first; empty when there is none.

        Raises:
            ValueError: For anything that is no such image, or a score outside 0..1.
        """
        return self.faces(image, self.detect(image, min_score, options))

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> tuple[Detection, ...]:
        """Full-frame detection without classification.

        Args:
            image: RGB uint8 (H, W, 3).
            min_score: 0..1, in place of the detector's own threshold; 0 gives all candidates.
            options: What may be left out to save time, for a frame of a stream.

        Returns:
            Largest first; empty when there is none.

        Raises:
            ValueError: For anything that is no such image, or a score outside 0..1.
        """
        return tuple(self._detector.detect(image, min_score, options))

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """ROI refinement: follows known faces without a full-frame detection.

        Args:
            image: RGB uint8 (H, W, 3).
            detections: Where the faces were, in pixels of this image.
            min_score: As for ``detect``.

        Returns:
            The faces where they are now, in the given order; None for one that is gone.
        """
        return tuple(self._detector.refine(image, detections, min_score))

    def faces(self, image: Image, detections: Sequence[Detection]) -> tuple[Face, ...]:
        """The given detections of this image with their probabilities, in their order."""
        rows = self.classify([self.crop(image, d) for d in detections])
        return tuple(
            Face(
                xyxy=d.xyxy,
                score=d.score,
                landmarks=d.landmarks,
                unclipped=d.unclipped,
                probabilities=row,
            )
            for d, row in zip(detections, rows, strict=True)
        )

    def crop(
        self, image: Image, detection: Detection, size: tuple[int, int] | None = None
    ) -> Image:
        """A face as the classifier sees it, cropped by the model's rule.

        Args:
            image: RGB uint8 (H, W, 3).
            detection: A face of this image.
            size: (height, width) in pixels; the model's own by default.

        Returns:
            RGB uint8 (height, width, 3).
        """
        return crop_face(image, detection, self.spec.crop, size or self.spec.input_size)

    def classify(self, crops: Sequence[Image]) -> Floats:
        """Probabilities of face crops.

        Args:
            crops: N crops, uint8 (h, w) or RGB (h, w, 3), of any size; N = 0 is ordinary.

        Returns:
            float32 (N, 7) in the order of ``EMOTIONS``, rows summing to 1.

        Raises:
            ValueError: One crop in place of a sequence, or something that is no crop.
        """
        return self._classifier.classify(crops)

    def occlusion_map(self, crop: Image) -> OcclusionMap:
        """Which regions of a face spoke for each expression; takes some fifty classifications.

        Args:
            crop: uint8 (h, w) or RGB (h, w, 3), of any size, see ``crop``.
        """
        return self._classifier.occlusion_map(crop)


def load_analyzer(
    model: str | os.PathLike[str] | None = None,
    *,
    head: str | None = None,
    detector: str | os.PathLike[str] | None = None,
    num_threads: int = 1,
) -> Analyzer:
    """An analyzer with a model of ``models/``.

    Args:
        model: A name or folder; by default the one that ``models/`` names.
        head: Output head to use ("fer2013", "ferplus", ...); by default the model's own choice,
            its best for unseen faces.
        detector: "hybrid", "blazeface", or another detector's name or folder; see
            ``emotion.detection.load_detector``.
        num_threads: Of one call to a model.

    Raises:
        ModelError: When a model is missing or damaged.
        ValueError: When the model has no such head.
    """
    folder = model_folder(model)
    return Analyzer(
        load_detector(detector, num_threads=num_threads),
        Classifier(folder, head=head, num_threads=num_threads),
    )
