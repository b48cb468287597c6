"""What following faces needs of an analyzer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from emotion.types import Detection, Face, Image


class StreamAnalyzer(Protocol):
    """What the tracker needs of ``emotion.Analyzer``."""

    @property
    def min_score(self) -> float:
        """The detector's own threshold, 0..1."""
        ...

    def detect(
        self,
        image: Image,
        min_score: float | None = None,
        *,
        quick: bool = False,
        known: Sequence[Detection] = (),
    ) -> Sequence[Detection]:
        """The faces of a picture, largest first; those that are known may be left out."""
        ...

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> Sequence[Detection | None]:
        """The given faces where they are now; None for one that is gone."""
        ...

    def faces(self, image: Image, detections: Sequence[Detection]) -> Sequence[Face]:
        """The detections with their probabilities."""
        ...
