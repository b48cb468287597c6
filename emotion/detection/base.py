"""What all detectors share: their interface, the options of a detection, and candidate faces.

Boxes are ``xyxy`` float32 in pixels, from the hairline to the chin, right and bottom exclusive.
N = 0 is ordinary everywhere. Stateless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

import numpy as np

from emotion.geometry.boxes import areas, clip_boxes
from emotion.types import Detection, Floats, Image


class Effort(Enum):
    """How much time a full-frame detection may take."""

    QUICK = "quick"
    """For a frame of a stream: no tiles, and a smaller input, which loses small faces."""
    STREAM = "stream"
    """For every few frames of a stream: no tiles."""
    PHOTO = "photo"
    """For a single picture: small faces, tiles of a large picture, and turned pictures."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What a full-frame detection may leave out to save time.

    Attributes:
        effort: How much time it may take.
        known: Faces that are followed already, in pixels of the image; they are left out of the
            result before any further work is spent on them.
    """

    effort: Effort = Effort.PHOTO
    known: Sequence[Detection] = ()


THOROUGH = SearchOptions()
"""The default: everything that finds more faces."""


class Detector(Protocol):
    """Detects faces; safe to call from several threads at once."""

    @property
    def min_score(self) -> float:
        """The score, 0..1, that counts as a face by default."""
        ...

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> Sequence[Detection]:
        """Full-frame detection.

        Args:
            image: RGB uint8 (H, W, 3).
            min_score: 0..1, in place of the detector's own threshold; 0 gives all candidates.
            options: What may be left out to save time.

        Returns:
            The faces, largest first; empty when there is none.

        Raises:
            ValueError: For anything that is no such image, or a score outside 0..1.
        """
        ...

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> Sequence[Detection | None]:
        """ROI refinement: follows known faces without a full-frame detection.

        Args:
            image: RGB uint8 (H, W, 3).
            detections: Where the faces were; each is found if it moved by up to half its size.
            min_score: As for ``detect``.

        Returns:
            The faces where they are now, in the given order; None for one that is gone. Duplicates
            are not removed.
        """
        ...


class LoadedDetector(Detector, Protocol):
    """A detector with weights of its own, as ``load_detector`` gives it."""

    @property
    def digest(self) -> str:
        """The sha256 of the weights."""
        ...


class Candidate(NamedTuple):
    """One possible face: box (4,), landmarks (K, 2) in pixels, and score 0..1."""

    box: Floats
    landmarks: Floats
    score: float


class Candidates(NamedTuple):
    """Possible faces: boxes (N, 4), landmarks (N, K, 2) and scores (N,), in pixels."""

    boxes: Floats
    landmarks: Floats
    scores: Floats

    def select(self, index: np.ndarray | slice) -> Candidates:
        """Those of an index, mask or slice."""
        return Candidates(self.boxes[index], self.landmarks[index], self.scores[index])

    @classmethod
    def concatenate(cls, parts: Sequence[Candidates]) -> Candidates:
        """All candidates of one or more parts, in their order."""
        boxes, landmarks, scores = (np.concatenate(values) for values in zip(*parts, strict=True))
        return cls(boxes, landmarks, scores)

    @classmethod
    def stack(cls, faces: Sequence[Candidate], num_landmarks: int) -> Candidates:
        """Single candidates as one; ``num_landmarks`` gives the shape where there is none."""
        return cls(
            np.array([face.box for face in faces], np.float32).reshape(-1, 4),
            np.array([face.landmarks for face in faces], np.float32).reshape(-1, num_landmarks, 2),
            np.array([face.score for face in faces], np.float32),
        )


def resolve_min_score(own: float, given: float | None) -> float:
    """The score that counts as a face: the given one, else the detector's own.

    Raises:
        ValueError: When the given one is outside 0..1.
    """
    if given is None:
        return own
    if not 0 <= given <= 1:
        raise ValueError(f"expected a min_score of 0..1, got {given}")
    return given


def to_detection(candidate: Candidate, size: tuple[int, int], min_score: float) -> Detection | None:
    """A candidate in an image of that (height, width) as a detection.

    Returns:
        None where its score is below ``min_score`` or nothing of it lies in the image.
    """
    clipped = clip_boxes(candidate.box, *size)
    if candidate.score < min_score or areas(clipped) <= 0:
        return None
    return Detection(
        xyxy=clipped,
        score=float(candidate.score),
        landmarks=candidate.landmarks,
        unclipped=candidate.box,
    )


def to_detections(
    candidates: Candidates, size: tuple[int, int], min_score: float
) -> tuple[Detection, ...]:
    """The candidates that ``to_detection`` accepts, largest first."""
    rows = (Candidate(*row) for row in zip(*candidates, strict=True))
    faces = (to_detection(row, size, min_score) for row in rows)
    return tuple(sorted((face for face in faces if face), key=lambda face: -face.area))


def with_mouth_center(landmarks: Floats) -> Floats:
    """Landmarks that end with both corners of the mouth, in the order of ``Detection``.

    Args:
        landmarks: (N, 5, 2): eyes, nose tip, left and right corner of the mouth.

    Returns:
        (N, 6, 2), the middle of the mouth inserted before its corners.
    """
    center = landmarks[:, 3:].mean(axis=1, keepdims=True)
    return np.concatenate([landmarks[:, :3], center, landmarks[:, 3:]], axis=1)
