"""The single-shot network's search, with BlazeFace's second look at the larger faces.

The search costs less than BlazeFace's scan and finds small, tightly cut and blurred faces that the
scan misses; the second look, which sees a face upright and large, tells true ones from false and
places them better, also at a roll. Both scores together tell more than either. Faces too small for
a second look keep the search's own box, points and score. Safe to use from several threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from emotion.boxes import areas, overlaps, same_faces, stacked
from emotion.detection.anchors import sigmoid, weighted_nms
from emotion.detection.cascade import (
    MERGE_CONTAINED,
    MERGE_IOU,
    SecondLook,
    labelled_boxes,
    stack,
)
from emotion.detection.look import Found, detection_of, largest_first, threshold
from emotion.detection.points import without_parts
from emotion.detection.single_shot import SingleShotDetector
from emotion.detection.squares import face_boxes, square_of
from emotion.detection.views import Pyramid
from emotion.types import Detection, Floats, Image, check_image

# All chosen on the set-aside part of the face data's training pictures.
DEFAULT_MIN_SCORE = 0.67
"""About 0.05 false faces a picture."""

LOOK_FROM = 40.0  # px, root of the box's area; below, the look judges worse than the search
LOOK_SCORE, QUICK_LOOK_SCORE = 0.15, 0.2  # of a proposal; lower: more leaning faces, more looks
MAX_LOOKS = 64  # a crowd
SEARCH_WEIGHT = 0.25  # of the search's logit beside the look's; more loses leaning faces
SHIFT = 0.42  # of the search's logit where it stands alone


class HybridDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once."""

    def __init__(self, search: SingleShotDetector, look: SecondLook) -> None:
        self._search = search
        self._look = look

    @classmethod
    def load(cls, folder: Path, *, num_threads: int = 1) -> HybridDetector:
        """With the single-shot detector in ``folder``; ``ModelError`` when a file is missing."""
        search = SingleShotDetector.load(folder, num_threads=num_threads)
        return cls(search, SecondLook(num_threads=num_threads))

    @property
    def min_score(self) -> float:
        """The score that counts as a face by default, 0..1."""
        return DEFAULT_MIN_SCORE

    @property
    def digest(self) -> str:
        """The sha256 of both networks' own."""
        return hashlib.sha256((self._search.digest + self._look.digest).encode()).hexdigest()

    def detect(
        self,
        image: Image,
        min_score: float | None = None,
        *,
        quick: bool = False,
        known: Sequence[Detection] = (),
    ) -> tuple[Detection, ...]:
        """The faces of an RGB uint8 (H, W, 3) image, largest first; empty when there is none.

        min_score: 0..1, ``DEFAULT_MIN_SCORE`` by default; 0 gives all that was found. quick, known:
        as ``SingleShotDetector.detect`` has them.
        """
        height, width = check_image(image).shape[:2]
        wanted = threshold(DEFAULT_MIN_SCORE, min_score)
        boxes, points, scores = self._search.search(image, quick=quick)
        new = ~same_faces(boxes, stacked([face.whole for face in known]))
        small = new & (np.sqrt(areas(boxes)) < LOOK_FROM)
        looks = new & ~small & (scores >= (QUICK_LOOK_SCORE if quick else LOOK_SCORE))
        large = self._seen(Pyramid(image), boxes[looks], points[looks], scores[looks])
        alone = boxes[small], points[small], _shifted(scores[small], SHIFT)
        alone = without_parts(*alone, contained=MERGE_CONTAINED)
        return largest_first(_joined(large, alone), (height, width), wanted)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, in their order; None for one that is gone.

        Each is looked for near its last box, by the network that would find it.
        """
        size = check_image(image).shape[:2]
        wanted = threshold(DEFAULT_MIN_SCORE, min_score)
        result: list[Detection | None] = [None] * len(detections)
        big = [i for i, face in enumerate(detections) if areas(face.whole) >= LOOK_FROM**2]
        given = [detections[i] for i in big]
        squares = [square_of(face) for face in given]
        index, found = self._look(Pyramid(image), squares, [face.landmarks for face in given])
        for i, face in zip(index, zip(*labelled_boxes(found), strict=True), strict=True):
            result[big[i]] = detection_of(*face, size, wanted)
        rest = sorted(set(range(len(detections))) - set(big))
        again = self._search.refine(image, [detections[i] for i in rest], 0)
        for i, seen in zip(rest, again, strict=True):
            score = 0.0 if seen is None else float(_shifted(np.float32(seen.score), SHIFT))
            if seen is not None and score >= wanted:
                result[i] = replace(seen, score=score)
        return tuple(result)

    def _seen(self, pyramid: Pyramid, boxes: Floats, points: Floats, scores: Floats) -> Found:
        """What the second look makes of proposals, best first; scores of both.

        One after the other: a proposal that shows a face already sure needs no look.
        """
        seen: list[Found] = []
        sure = np.zeros((0, 4), dtype=np.float32)
        for box, six, score in list(zip(boxes, points, scores, strict=True))[:MAX_LOOKS]:
            if same_faces(box[None], sure).any():
                continue
            square = square_of(Detection(box, float(score), six))
            _, (found, own, looked) = self._look(pyramid, [square], [six])
            both = _shifted(looked, SEARCH_WEIGHT * _logits(score))
            seen.append((found, own, both))
            sure = np.concatenate([sure, face_boxes(found, own)[both >= DEFAULT_MIN_SCORE]])
        merged = weighted_nms(*stack(seen), iou=MERGE_IOU, contained=MERGE_CONTAINED)
        return labelled_boxes(merged)


def _joined(large: Found, small: Found) -> Found:
    """Both, without small ones that show a looked-at face, or a part of it, once more."""
    iou, inside = overlaps(small[0][:, None], large[0][None])
    same = (iou > MERGE_IOU) | (inside > MERGE_CONTAINED)
    surer = large[2][None] >= np.minimum(small[2], 0.5)[:, None]
    alone = ~(same & surer).any(axis=1)
    return stack([large, (small[0][alone], small[1][alone], small[2][alone])])


def _logits(scores: Floats | np.float32) -> Floats:
    tiny = np.float32(1e-6)
    sure = np.clip(scores, tiny, 1 - tiny)
    return np.asarray(np.log(sure) - np.log1p(-sure), dtype=np.float32)


def _shifted(scores: Floats | np.float32, by: Floats | float) -> Floats:
    """Scores with their logits moved."""
    return sigmoid(_logits(scores) + by)
