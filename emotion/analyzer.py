"""The shared module: a picture in, faces with probabilities out.

Photo, webcam, video and command line all call ``Analyzer.analyze``: one detection, one crop per
face by the model's rule, one batched classification.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from emotion.detection import Detector, load_detector
from emotion.expression.classifier import Classifier
from emotion.expression.crop import crop_face
from emotion.models.spec import ModelSpec, model_folder
from emotion.types import Detection, Face, Floats, Image


class Analyzer:
    """Detector and classifier together; holds no state of a picture, safe for several threads."""

    def __init__(self, detector: Detector, classifier: Classifier) -> None:
        self._detector = detector
        self._classifier = classifier

    @property
    def spec(self) -> ModelSpec:
        """The classifier's spec."""
        return self._classifier.spec

    def analyze(
        self, image: Image, min_score: float | None = None, *, quick: bool = False
    ) -> tuple[Face, ...]:
        """The faces of an RGB uint8 (H, W, 3) image, largest first; empty when there is none."""
        return self.faces(image, self.detect(image, min_score, quick=quick))

    def detect(
        self,
        image: Image,
        min_score: float | None = None,
        *,
        quick: bool = False,
        known: Sequence[Detection] = (),
    ) -> tuple[Detection, ...]:
        """Where faces are, largest first, without classification.

        min_score: 0..1, in place of the detector's own threshold. quick: for a frame of a stream,
        which has no time to search for small faces. known: faces that need not be found, where
        that saves work.
        """
        return self._detector.detect(image, min_score, quick=quick, known=known)

    @property
    def detector_digest(self) -> str:
        """The sha256 of the detector's weights."""
        return self._detector.digest

    @property
    def min_score(self) -> float:
        """The detector's own threshold, 0..1."""
        return self._detector.min_score

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, in their order; None for one that is gone.

        For following faces through a video without a search of the whole picture.
        """
        return self._detector.refine(image, detections, min_score)

    def faces(self, image: Image, detections: Sequence[Detection]) -> tuple[Face, ...]:
        """The given detections of this image with their probabilities, in their order."""
        rule, size = self.spec.crop, self.spec.input_size
        rows = self.classify([crop_face(image, d, rule, size) for d in detections])
        return tuple(
            Face(
                xyxy=d.xyxy, score=d.score, landmarks=d.landmarks, uncut=d.uncut, probabilities=row
            )
            for d, row in zip(detections, rows, strict=True)
        )

    def classify(self, crops: Sequence[Image]) -> Floats:
        """Probabilities, float32 (N, 7), of uint8 face crops (h, w) or (h, w, 3) of any size."""
        return self._classifier.classify(crops)


def load_analyzer(
    model: str | os.PathLike[str] | None = None,
    *,
    head: str | None = None,
    detector: str | os.PathLike[str] | None = None,
    num_threads: int = 1,
) -> Analyzer:
    """An analyzer with a model of ``models/``.

    model: a name or folder; by default the one that ``models/`` names. head: whose labelling
    answers ("fer2013", "ferplus", ...); by default the model's own choice, its best for unseen
    faces. detector: a name or folder too, or a YuNet's ``.onnx`` file, or "blazeface"; see
    ``emotion.detection.load_detector``. num_threads: threads of one call to a model. Raises
    ``ModelError`` when one is missing or damaged.
    """
    folder = model_folder(model)
    return Analyzer(
        load_detector(detector, num_threads=num_threads),
        Classifier(folder, head=head, num_threads=num_threads),
    )
