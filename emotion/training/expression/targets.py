"""Training targets of each head: distributions and weights from labels and votes.

FER+: Barsoum et al. 2016, "Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.training.expression.data.faces import FERPLUS_LABELS, LabelledFaces
from emotion.types import EMOTIONS

TO_SEVEN = [FERPLUS_LABELS.index(name) for name in EMOTIONS]
"""The columns of FER+ in the order of ``EMOTIONS``."""

_FROM_EIGHT = np.array(
    [EMOTIONS.index(name) if name in EMOTIONS else -1 for name in (*FERPLUS_LABELS, "")]
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Targets:
    """The training targets of one head.

    Attributes:
        labels: Names of the C classes.
        targets: float32 (N, C), rows summing to 1.
        weights: float32 (N,), 0 where a row has no label.
    """

    labels: tuple[str, ...]
    targets: np.ndarray
    weights: np.ndarray


def make_targets(
    faces: LabelledFaces, votes_share: float = 0.2, class_balance: float = 0.0
) -> dict[str, Targets]:
    """Makes the targets of one data set's heads.

    Args:
        faces: The data set.
        votes_share: Weight of the FER+ votes in the targets of the set's own head, 0..1. FER2013's
            single labels are wrong for about a third of its pictures; the votes soften them.
        class_balance: Power of ``class_weights``, by the label or the most frequent vote.

    Returns:
        Head -> targets: the set's own head, and ``ferplus`` where there are votes.
    """
    own = np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
    weights = class_weights(faces.labels, class_balance, len(EMOTIONS))[faces.labels]
    if faces.votes is None:
        return {faces.head: Targets(labels=EMOTIONS, targets=own, weights=weights)}
    crowd, valid = vote_distribution(faces.votes)
    seven = crowd[:, TO_SEVEN]
    total = seven.sum(axis=1, keepdims=True)
    usable = valid & (total[:, 0] > 0)
    mixed = own.copy()
    mixed[usable] = (1 - votes_share) * own[usable] + votes_share * seven[usable] / total[usable]
    voted = crowd.argmax(axis=1)
    crowd_weights = class_weights(voted[valid], class_balance, len(FERPLUS_LABELS))[voted]
    return {
        faces.head: Targets(labels=EMOTIONS, targets=mixed, weights=weights),
        "ferplus": Targets(
            labels=FERPLUS_LABELS, targets=crowd, weights=np.where(valid, crowd_weights, 0.0)
        ),
    }


def class_weights(labels: np.ndarray, power: float, classes: int = len(EMOTIONS)) -> np.ndarray:
    """Computes weights of the classes: their frequency to the power ``-power``.

    Args:
        labels: int (N,).
        power: 0 gives all rows the same weight, 1 gives all classes the same total weight.
        classes: Number of classes.

    Returns:
        float32 (classes,). The mean over the rows is 1, so that learning rates are comparable; a
        class without rows has weight 1.

    Raises:
        ValueError: For a power outside 0..1.
    """
    if not 0 <= power <= 1:
        raise ValueError(f"expected a power in 0..1, got {power!r}")
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    weights = np.ones(classes)
    weights[present] = (counts[present] / max(len(labels), 1)) ** -power
    if len(labels):
        weights[present] /= (weights * counts).sum() / len(labels)
    return weights.astype(np.float32)


def heads_of(sets: Iterable[LabelledFaces]) -> dict[str, tuple[str, ...]]:
    """Head -> its labels, for all heads that the sets train; the first set's own comes first."""
    heads: dict[str, tuple[str, ...]] = {}
    for faces in sets:
        heads[faces.head] = EMOTIONS
        if faces.votes is not None:
            heads["ferplus"] = FERPLUS_LABELS
    return heads


def targets_of_sets(
    sets: Sequence[LabelledFaces], votes_share: float = 0.2, class_balance: float = 0.0
) -> dict[str, Targets]:
    """Makes the targets of several data sets' heads.

    Args:
        sets: The data sets.
        votes_share: See ``make_targets``.
        class_balance: See ``make_targets``; classes are balanced within each set.

    Returns:
        Head -> targets over the rows of all sets, one after the other. Rows of a set without labels
        for a head have weight 0 and a uniform target there. The first set's heads come first.
    """
    each = [make_targets(faces, votes_share, class_balance) for faces in sets]
    merged = {}
    for head, names in heads_of(sets).items():
        parts = [
            targets.get(head) or _unknown(names, len(faces))
            for faces, targets in zip(sets, each, strict=True)
        ]
        merged[head] = Targets(
            labels=names,
            targets=np.concatenate([part.targets for part in parts]),
            weights=np.concatenate([part.weights for part in parts]),
        )
    return merged


def _unknown(labels: tuple[str, ...], count: int) -> Targets:
    uniform = np.full((count, len(labels)), 1 / len(labels), np.float32)
    return Targets(labels=labels, targets=uniform, weights=np.zeros(count, np.float32))


def vote_distribution(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Converts FER+ votes to distributions; single votes are dropped as outliers, as in the paper.

    Args:
        votes: int (N, 10).

    Returns:
        Distributions, float32 (N, 8), and which rows are usable, bool (N,). A row is unusable, with
        a uniform distribution, when "unknown" and "not a face" have at least half of the remaining
        votes.
    """
    counts = np.where(votes > 1, votes, 0).astype(np.float32)
    expressions = counts[:, : len(FERPLUS_LABELS)]
    total = expressions.sum(axis=1)
    usable = (total > 0) & (total > counts.sum(axis=1) / 2)
    crowd = np.full_like(expressions, 1 / len(FERPLUS_LABELS))
    crowd[usable] = expressions[usable] / total[usable, None]
    return crowd, usable


def majority(votes: np.ndarray) -> np.ndarray:
    """Computes FER+'s majority labels by the paper's rule.

    Single votes are dropped; the label needs more than half of the remaining votes; a majority for
    "unknown" or "not a face" leaves the picture out.

    Args:
        votes: int (N, 10).

    Returns:
        int64 (N,), indices into ``FERPLUS_LABELS``; -1 for none.
    """
    counts = np.where(votes > 1, votes, 0)
    top = counts.argmax(axis=1)
    clear = counts.max(axis=1) > counts.sum(axis=1) / 2
    return np.where(clear & (top < len(FERPLUS_LABELS)), top, -1)


def majority_of_seven(votes: np.ndarray) -> np.ndarray:
    """As ``majority``, but indices into ``EMOTIONS``, int64 (N,); -1 also for contempt."""
    return np.asarray(_FROM_EIGHT[majority(votes)])  # -1, without a majority, is the last: -1 again
