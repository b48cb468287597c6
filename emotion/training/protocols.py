"""The protocols a model is judged by: which rows, whose labels, which classes.

| name | head | rows |
|---|---|---|
| labels | the data's own | every row of the split |
| labels_default_head | the model's default | every row: what the page answers |
| labels_leak_free | the data's own | without pictures that also stand in Training, by pixels |
| labels_mirrored | the data's own | every row; mean of the logits over face and mirrored face |
| ferplus_majority | ferplus | FER+ rule of Barsoum et al. 2016: 8 classes, clear majority only |
| ferplus_seven | ferplus | the most voted of the seven expressions, every row with votes for one |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from emotion.classifier import Classifier, probabilities, softmax
from emotion.spec import HeadSpec
from emotion.training.faces import FERPLUS_LABELS, LabelledFaces, picture_keys
from emotion.training.targets import majority
from emotion.types import EMOTIONS

Logits = Mapping[str, np.ndarray]
Progress = Callable[[float], None]


def silent(fraction: float) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """One protocol's probabilities (N, C) and true labels (N,), in the order of labels."""

    head: str
    labels: tuple[str, ...]
    probabilities: np.ndarray
    truth: np.ndarray


def judge(
    classifier: Classifier,
    faces: LabelledFaces,
    split: str,
    *,
    progress: Progress = silent,
) -> dict[str, Judged]:
    """Every protocol that the data and the model's heads allow; "labels" always stands first."""
    part = faces.part(split)
    heads = classifier.spec.heads
    logits = _logits(classifier, part.images, lambda done: progress(done / 2))
    mirrored = _logits(classifier, part.images[:, :, ::-1], lambda done: progress(0.5 + done / 2))
    head = classifier.head
    seven = probabilities(logits[head], heads[head])
    both = probabilities((logits[head] + mirrored[head]) / 2, heads[head])
    result = {
        "labels": _seven(head, seven, part.labels),
        "labels_mirrored": _seven(head, both, part.labels),
    }
    default = classifier.spec.default_head
    if default != head:
        answers = probabilities(logits[default], heads[default])
        result["labels_default_head"] = _seven(default, answers, part.labels)
    if split != "Training":
        training = set(picture_keys(faces.part("Training").images))
        fresh = np.array([key not in training for key in picture_keys(part.images)], bool)
        if not fresh.all() and fresh.any():
            result["labels_leak_free"] = _seven(head, seven[fresh], part.labels[fresh])
    if part.votes is not None and "ferplus" in heads:
        result |= _ferplus(logits["ferplus"], part.votes, heads["ferplus"])
    return result


def _seven(head: str, values: np.ndarray, truth: np.ndarray) -> Judged:
    return Judged(head=head, labels=EMOTIONS, probabilities=values, truth=truth)


def _ferplus(logits: np.ndarray, votes: np.ndarray, head: HeadSpec) -> dict[str, Judged]:
    clear = majority(votes)
    rows = clear >= 0
    columns = [FERPLUS_LABELS.index(name) for name in EMOTIONS]
    counts = votes[:, columns]
    voted = counts.max(axis=1) > 0
    return {
        "ferplus_majority": Judged(
            head="ferplus",
            labels=head.labels,
            probabilities=softmax(logits[rows] / head.temperature),
            truth=clear[rows],
        ),
        "ferplus_seven": _seven(
            "ferplus", probabilities(logits[voted], head), counts[voted].argmax(axis=1)
        ),
    }


def _logits(classifier: Classifier, images: np.ndarray, progress: Progress) -> Logits:
    """Head -> logits (N, C), some hundred faces at a time so that progress can be shown."""
    step = 512
    parts = []
    for start in range(0, len(images), step):
        parts.append(classifier.logits(list(images[start : start + step])))
        progress(min(start + step, len(images)) / len(images))
    if not parts:
        return classifier.logits([])
    return {head: np.concatenate([p[head] for p in parts]) for head in parts[0]}
