"""What the tracker needs of an analyzer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from emotion.detection.base import Detector
from emotion.types import Detection, Face, Image


class StreamAnalyzer(Detector, Protocol):
    """A detector that classifies too, such as ``emotion.Analyzer``."""

    def faces(self, image: Image, detections: Sequence[Detection]) -> Sequence[Face]:
        """The given detections of this image with their probabilities, in their order."""
        ...
