"""Fits the score fusion of the hybrid detector on labelled pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from emotion.detection.decoding import logit
from emotion.detection.hybrid import HybridDetector, Proposal
from emotion.detection.score_fusion import FEATURES, KINDS, Evidence, ScoreFusion, features
from emotion.errors import DataError
from emotion.geometry.boxes import overlaps, stack_boxes
from emotion.training.detector.data import Faces, Picture
from emotion.training.detector.evaluate import rotate_picture
from emotion.training.detector.metrics import MATCH_IOU
from emotion.types import Floats

REFINE_FROM_PX, CONFIRMED_FROM = 40.0, 0.6

FACE_PROBABILITY = 0.88
"""The fitted probability that counts as a face by default: with about .05 false faces a picture of
the training part. The regressions are shifted so that it scores BlazeFace's threshold, as one
threshold serves streams, which BlazeFace searches alone, and photos."""

ROLL_DEGREES = 45.0  # every picture with a face this large is also used with leaning heads
ROLLED_FROM_PX = 60.0
MIN_LABEL_PX = 12.0
_NEAR_IGNORED_IOU = 0.3
_REGULARIZATION = 10.0  # scikit-learn's C

Progress = Callable[[int], object]


class Example(NamedTuple):
    """A proposal of a labelled picture: its evidence, and whether it is a face."""

    evidence: Evidence
    is_face: bool


def fit(pictures: Sequence[Picture], *, progress: Progress | None = None) -> ScoreFusion:
    """Fits one logistic regression for each kind of face.

    Args:
        pictures: Labelled pictures.
        progress: Called with the number of pictures done.

    Raises:
        DataError: When the pictures are too few.
    """
    empty = {kind: (0.0,) * len(FEATURES) for kind in KINDS}
    fusion = ScoreFusion(
        coefficients=empty, refine_from_px=REFINE_FROM_PX, confirmed_from=CONFIRMED_FROM
    )
    detector = HybridDetector(fusion)
    examples = list(_examples(detector, pictures, progress))
    shift = logit(detector.min_score) - logit(FACE_PROBABILITY)
    fitted = {}
    for kind in KINDS:
        of_kind = [example for example in examples if fusion.kind(example.evidence) == kind]
        if len({example.is_face for example in of_kind}) < 2:
            raise DataError(
                f"Among the {len(of_kind)} proposed faces of the kind {kind!r} are none that are "
                "right, or none that are wrong; more labelled pictures are needed."
            )
        weights = _regression(of_kind)
        weights[0] += shift
        fitted[kind] = tuple(round(float(weight), 4) for weight in weights)
    return ScoreFusion(
        coefficients=fitted, refine_from_px=REFINE_FROM_PX, confirmed_from=CONFIRMED_FROM
    )


def _regression(examples: Sequence[Example]) -> Floats:
    values = np.array([features(example.evidence) for example in examples])
    labels = np.array([example.is_face for example in examples])
    model = LogisticRegression(C=_REGULARIZATION, fit_intercept=False, max_iter=5000)
    return np.asarray(model.fit(values, labels).coef_[0], np.float32)


def _examples(
    detector: HybridDetector, pictures: Sequence[Picture], progress: Progress | None
) -> Iterator[Example]:
    for number, picture in enumerate(pictures):
        heights = picture.faces.boxes[:, 3] - picture.faces.boxes[:, 1]
        variants = [picture]
        if heights.max(initial=0) >= ROLLED_FROM_PX:
            degrees = ROLL_DEGREES if number % 2 else -ROLL_DEGREES
            variants.append(rotate_picture(picture, degrees))
        for variant in variants:
            proposals = detector.propose(variant.image)
            yield from _labelled(proposals, variant.faces)
        if progress is not None:
            progress(number + 1)


def _labelled(proposals: Sequence[Proposal], faces: Faces) -> Iterator[Example]:
    """The proposals that are a face or are none; those near an ignored face are neither."""
    heights = faces.boxes[:, 3] - faces.boxes[:, 1]
    known = ~faces.ignored & (heights >= MIN_LABEL_PX)
    boxes = stack_boxes([proposal.box for proposal in proposals])
    iou, inside = overlaps(boxes[:, None], faces.boxes[None])
    is_face = np.asarray(((iou >= MATCH_IOU) & known).any(axis=1))
    near = (iou > _NEAR_IGNORED_IOU) | (inside > 0.5)
    near_ignored = np.asarray((near & ~known).any(axis=1))
    for i, proposal in enumerate(proposals):
        if is_face[i] or not near_ignored[i]:
            yield Example(proposal.evidence, bool(is_face[i]))
