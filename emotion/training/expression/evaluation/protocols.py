"""Evaluation protocols: which rows, whose labels, which classes.

| name | head | rows |
|---|---|---|
| labels | the data's own | every row of the split |
| labels_default_head | the model's default | every row: what the page shows |
| labels_leak_free | the data's own | without duplicates of training images, by pixels |
| labels_mirrored | the data's own | every row; mean of the logits over face and mirrored face |
| ferplus_majority | ferplus | FER+ rule of Barsoum et al. 2016: 8 classes, clear majority only |
| ferplus_seven | ferplus | the most voted of the seven expressions, every row with votes for one |
| ferplus_default_head | the model's default | FER+ rule, without the pictures of contempt |

"The data's own" is the head of that labelling where the model has one, else the model's default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from emotion.expression.classifier import Classifier, probabilities, softmax
from emotion.models.spec import HeadSpec, ModelSpec
from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.targets import TO_SEVEN, majority, majority_of_seven
from emotion.types import EMOTIONS

Logits = Mapping[str, np.ndarray]
Progress = Callable[[float], None]

_STEP = 512  # faces between two calls of progress


def no_progress(fraction: float) -> None:
    """Ignores the progress."""


def progress_range(progress: Progress, start: float, end: float) -> Progress:
    """Scales the progress of one step to its part of the whole.

    Args:
        progress: Called with the fraction of the whole that is done, 0..1.
        start: Fraction at which the step begins.
        end: Fraction at which it ends.
    """
    return lambda fraction: progress(start + (end - start) * fraction)


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """One protocol's predictions for N faces.

    Attributes:
        head: The model's head that predicts.
        labels: Names of the C classes.
        probabilities: float32 (N, C) in the order of ``labels``, rows summing to 1.
        truth: True classes, int64 (N,), indices into ``labels``.
        rows: Indices of the faces in the evaluated split, int64 (N,).
    """

    head: str
    labels: tuple[str, ...]
    probabilities: np.ndarray
    truth: np.ndarray
    rows: np.ndarray


def head_for(spec: ModelSpec, faces: LabelledFaces) -> str:
    """The head of the data's labelling where the model has one, else the model's default."""
    return faces.head if faces.head in spec.heads else spec.default_head


def predictions_by_protocol(
    spec: ModelSpec,
    faces: LabelledFaces,
    split: str,
    *,
    head: str,
    plain: Logits,
    mirrored: Logits,
) -> dict[str, Predictions]:
    """Computes the predictions of every protocol that the data and the model's heads allow.

    Args:
        spec: The model's spec.
        faces: The data set with all its splits.
        split: The split that is evaluated.
        head: Head whose predictions are compared with the data's own labels.
        plain: Head -> logits (N, C) of the split's faces.
        mirrored: Head -> logits (N, C) of their mirror images.

    Returns:
        Protocol -> predictions, "labels" first.
    """
    part = faces.subset(split)
    result = {
        "labels": head_predictions(spec, head, plain, part.labels),
        "labels_mirrored": head_predictions(
            spec, head, {head: (plain[head] + mirrored[head]) / 2}, part.labels
        ),
    }
    if spec.default_head != head:
        result["labels_default_head"] = head_predictions(
            spec, spec.default_head, plain, part.labels
        )
    fresh = _rows_without_duplicates(faces, part, split)
    if 0 < len(fresh) < len(part):
        result["labels_leak_free"] = head_predictions(spec, head, plain, part.labels, fresh)
    if part.votes is not None and "ferplus" in spec.heads:
        result |= _ferplus(plain["ferplus"], part.votes, spec.heads["ferplus"])
    if part.votes is not None:
        truth = majority_of_seven(part.votes)
        rows = np.flatnonzero(truth >= 0)
        result["ferplus_default_head"] = head_predictions(
            spec, spec.default_head, plain, truth, rows
        )
    return result


def head_predictions(
    spec: ModelSpec,
    head: str,
    logits: Logits,
    truth: np.ndarray,
    rows: np.ndarray | None = None,
) -> Predictions:
    """Computes one head's predictions of the seven expressions.

    Args:
        spec: The model's spec.
        head: The head.
        logits: Head -> logits (N, C).
        truth: True classes, (N,), indices into ``EMOTIONS``.
        rows: Rows to take, int64 (M,); all where it is None.
    """
    chosen = np.arange(len(truth)) if rows is None else rows
    return Predictions(
        head=head,
        labels=EMOTIONS,
        probabilities=probabilities(logits[head][chosen], spec.heads[head]),
        truth=truth[chosen],
        rows=chosen,
    )


def compute_logits(
    classifier: Classifier, images: np.ndarray, progress: Progress = no_progress
) -> dict[str, np.ndarray]:
    """Computes a classifier's logits.

    Args:
        classifier: The classifier.
        images: Faces, uint8 (N, H, W) or (N, H, W, 3).
        progress: Called with the fraction that is done, after every few hundred faces.

    Returns:
        Head -> logits, float32 (N, C).
    """
    parts = []
    for start in range(0, len(images), _STEP):
        parts.append(classifier.logits(list(images[start : start + _STEP])))
        progress(min(start + _STEP, len(images)) / len(images))
    if not parts:
        return dict(classifier.logits([]))
    return {head: np.concatenate([p[head] for p in parts]) for head in parts[0]}


def _rows_without_duplicates(faces: LabelledFaces, part: LabelledFaces, split: str) -> np.ndarray:
    """Rows of a split that are no duplicates of training images; all rows of Training itself."""
    if split == "Training":
        return np.arange(len(part))
    training = set(faces.subset("Training").picture_keys())
    return np.flatnonzero([key not in training for key in part.picture_keys()])


def _ferplus(logits: np.ndarray, votes: np.ndarray, head: HeadSpec) -> dict[str, Predictions]:
    clear = majority(votes)
    rows = np.flatnonzero(clear >= 0)
    counts = votes[:, TO_SEVEN]
    voted = np.flatnonzero(counts.max(axis=1) > 0)
    return {
        "ferplus_majority": Predictions(
            head="ferplus",
            labels=head.labels,
            probabilities=softmax(logits[rows] / head.temperature),
            truth=clear[rows],
            rows=rows,
        ),
        "ferplus_seven": Predictions(
            head="ferplus",
            labels=EMOTIONS,
            probabilities=probabilities(logits[voted], head),
            truth=counts[voted].argmax(axis=1),
            rows=voted,
        ),
    }
