"""Fits the score fusion of the hybrid detector on labelled pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from emotion.detection.decoding import logit
from emotion.detection.hybrid import HybridDetector, Proposal
from emotion.detection.loading import load_hybrid
from emotion.detection.score_fusion import FEATURES, Evidence, ScoreFusion, features
from emotion.errors import DataError
from emotion.geometry.boxes import overlaps, stack_boxes
from emotion.training.detector.data import Faces, Picture
from emotion.training.detector.evaluate import rotate_picture
from emotion.training.detector.metrics import MATCH_IOU

REFINE_FROM_PX, CONFIRMED_FROM = 32.0, 0.6
"""The refinement of a smaller face tells little, and its roll would be off by as much as it is."""

FACE_PROBABILITY = 0.85
"""The fitted probability that counts as a face by default: with about .05 false faces a picture of
the training part. The regression is shifted so that it scores BlazeFace's threshold, as one
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
    """Fits the logistic regression.

    Args:
        pictures: Labelled pictures.
        progress: Called with the number of pictures done.

    Raises:
        DataError: When the pictures are too few.
    """
    fusion = ScoreFusion(
        coefficients=(0.0,) * len(FEATURES),
        refine_from_px=REFINE_FROM_PX,
        confirmed_from=CONFIRMED_FROM,
    )
    detector = load_hybrid(fusion)
    examples = list(_examples(detector, pictures, progress))
    labels = np.array([example.is_face for example in examples], dtype=bool)
    if labels.all() or not labels.any():
        raise DataError(
            f"Among the {len(examples)} proposed faces are none that are right, or none that are "
            "wrong; more labelled pictures are needed."
        )
    values = np.array([features(example.evidence) for example in examples])
    model = LogisticRegression(C=_REGULARIZATION, fit_intercept=False, max_iter=5000)
    weights = np.asarray(model.fit(values, labels).coef_[0])
    weights[0] += logit(detector.min_score) - logit(FACE_PROBABILITY)
    return replace(fusion, coefficients=tuple(round(float(weight), 4) for weight in weights))


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
