"""The protocols a model is judged by: which rows, whose labels, which classes.

| name | head | rows |
|---|---|---|
| labels | the data's own | every row of the split |
| labels_default_head | the model's default | every row: what the page answers |
| labels_leak_free | the data's own | without pictures that also stand in Training, by pixels |
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

_STEP = 512  # faces between two reports of progress


def silent(fraction: float) -> None:
    """Progress that nobody watches."""


def between(progress: Progress, start: float, end: float) -> Progress:
    """The progress of a step that fills the whole from one fraction to another."""
    return lambda fraction: progress(start + (end - start) * fraction)


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """One protocol's answers.

    probabilities: float32 (N, C) in the order of labels, rows summing to 1. truth: int64 (N,),
    indices into labels. rows: int64 (N,), which faces of the judged part these are.
    """

    head: str
    labels: tuple[str, ...]
    probabilities: np.ndarray
    truth: np.ndarray
    rows: np.ndarray


def own_head(spec: ModelSpec, faces: LabelledFaces) -> str:
    """The head of the data's labelling where the model has one, else the model's default."""
    return faces.head if faces.head in spec.heads else spec.default_head


def judge(
    spec: ModelSpec,
    faces: LabelledFaces,
    split: str,
    *,
    head: str,
    plain: Logits,
    mirrored: Logits,
) -> dict[str, Predictions]:
    """Every protocol that the data and the model's heads allow; "labels" always stands first.

    head: whose answers count as the data's own. plain, mirrored: head -> logits (N, C) of the
    split's faces in their order, and of their mirror images.
    """
    part = faces.part(split)
    result = {
        "labels": by_labels(spec, head, plain, part.labels),
        "labels_mirrored": by_labels(
            spec, head, {head: (plain[head] + mirrored[head]) / 2}, part.labels
        ),
    }
    if spec.default_head != head:
        result["labels_default_head"] = by_labels(spec, spec.default_head, plain, part.labels)
    fresh = _fresh_rows(faces, part, split)
    if 0 < len(fresh) < len(part):
        result["labels_leak_free"] = by_labels(spec, head, plain, part.labels, fresh)
    if part.votes is not None and "ferplus" in spec.heads:
        result |= _ferplus(plain["ferplus"], part.votes, spec.heads["ferplus"])
    if part.votes is not None:
        truth = majority_of_seven(part.votes)
        rows = np.flatnonzero(truth >= 0)
        result["ferplus_default_head"] = by_labels(spec, spec.default_head, plain, truth, rows)
    return result


def by_labels(
    spec: ModelSpec,
    head: str,
    logits: Logits,
    truth: np.ndarray,
    rows: np.ndarray | None = None,
) -> Predictions:
    """One head's seven probabilities against the data's labels, for all rows or the given ones."""
    chosen = np.arange(len(truth)) if rows is None else rows
    return Predictions(
        head=head,
        labels=EMOTIONS,
        probabilities=probabilities(logits[head][chosen], spec.heads[head]),
        truth=truth[chosen],
        rows=chosen,
    )


def logits_of(
    classifier: Classifier, images: np.ndarray, progress: Progress = silent
) -> dict[str, np.ndarray]:
    """Head -> logits float32 (N, C) of uint8 faces (N, H, W) or (N, H, W, 3).

    Some hundred faces at a time, so that progress can be shown.
    """
    parts = []
    for start in range(0, len(images), _STEP):
        parts.append(classifier.logits(list(images[start : start + _STEP])))
        progress(min(start + _STEP, len(images)) / len(images))
    if not parts:
        return dict(classifier.logits([]))
    return {head: np.concatenate([p[head] for p in parts]) for head in parts[0]}


def _fresh_rows(faces: LabelledFaces, part: LabelledFaces, split: str) -> np.ndarray:
    """The rows of the part whose picture does not stand in Training; all of Training's own."""
    if split == "Training":
        return np.arange(len(part))
    training = set(faces.part("Training").picture_keys())
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
