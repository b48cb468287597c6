"""The default answer: which heads, in which shares, with how much logit adjustment.

Each head has learned its own set's way of naming expressions. The page shows strangers' faces, so
the answer is chosen by balanced accuracy over the validation parts of several kinds of pictures;
plain accuracy is decided by happy and neutral. Logit adjustment (Menon et al. 2021, "Long-tail
learning via logit adjustment") subtracts ``adjustment`` times the log of a class's frequency in
training, which trades accuracy for the recall of rare classes.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from emotion.expression.classifier import seven_logits
from emotion.models.spec import HeadSpec
from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.evaluation.metrics import balanced_accuracy, rounded
from emotion.training.expression.targets import Targets, majority_of_seven
from emotion.types import EMOTIONS

BLEND = "blend"
STEP = 4
"""Shares are multiples of 1 / STEP."""

ADJUSTMENTS = tuple(round(0.1 * step, 1) for step in range(11))
"""Strengths of logit adjustment that are tried; 0 is none."""

LARGEST_LOSS = 0.01
"""Mean accuracy that a choice may lose against the best of all, for the sake of rare classes."""

LEAST_ROWS = 5
"""Rows of a class in a validation part, below which its recall is left out of the mean."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationSet:
    """A validation part as every head answers it.

    Attributes:
        name: The set's name.
        logits: Head -> float32 (N, 7), calibrated, in the order of ``EMOTIONS``.
        truth: int64 (N,), indices into ``EMOTIONS``.
    """

    name: str
    logits: dict[str, np.ndarray]
    truth: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Blend:
    """A way to answer, and what it reaches on each evaluation set.

    Attributes:
        shares: Head -> its part in the mean of the logits.
        adjustment: Strength of the logit adjustment.
        accuracy: Set -> fraction.
        balanced: Set -> balanced accuracy.
    """

    shares: dict[str, float]
    adjustment: float
    accuracy: dict[str, float]
    balanced: dict[str, float]

    def mean_accuracy(self, without: Collection[str] = ()) -> float:
        """Mean accuracy over the sets, each counted alike."""
        return _mean(self.accuracy, without)

    def mean_balanced(self, without: Collection[str] = ()) -> float:
        """Mean balanced accuracy over the sets, each counted alike."""
        return _mean(self.balanced, without)


def _mean(values: Mapping[str, float], without: Collection[str]) -> float:
    return float(np.mean([value for name, value in values.items() if name not in without]))


def evaluation_set(
    part: LabelledFaces, logits: Mapping[str, np.ndarray], heads: Mapping[str, HeadSpec]
) -> EvaluationSet:
    """Labelled faces and the heads' logits of them as an evaluation set.

    Where there are votes, the clear majority is the truth: FER2013's own labels agree with ten
    annotators on two thirds of the pictures only.
    """
    rows, truth = np.arange(len(part)), part.labels
    if part.votes is not None:
        truth = majority_of_seven(part.votes)
        rows = np.flatnonzero(truth >= 0)
    seven = {name: seven_logits(logits[name][rows], spec) for name, spec in heads.items()}
    return EvaluationSet(name=part.name, logits=seven, truth=truth[rows])


def log_priors(
    targets: Mapping[str, Targets], heads: Mapping[str, HeadSpec]
) -> dict[str, np.ndarray]:
    """Head -> log of each class's frequency in its training targets, float64 (7,).

    A class that was never trained on counts as one row.
    """
    found = {}
    for name, spec in heads.items():
        own = targets[name]
        mass = own.targets[own.weights > 0].sum(axis=0, dtype=np.float64)
        seven = np.maximum(mass[[spec.labels.index(label) for label in EMOTIONS]], 1.0)
        found[name] = np.log(seven / seven.sum())
    return found


def blends(sets: Sequence[EvaluationSet], priors: Mapping[str, np.ndarray]) -> list[Blend]:
    """Every blend in steps of 1 / STEP with every adjustment, judged on each set."""
    return [
        judged(sets, priors, dict(zip(priors, shares, strict=True)), adjustment)
        for shares in _simplex(len(priors))
        for adjustment in ADJUSTMENTS
    ]


def judged(
    sets: Sequence[EvaluationSet],
    priors: Mapping[str, np.ndarray],
    shares: Mapping[str, float],
    adjustment: float,
) -> Blend:
    """One way to answer, judged on each set."""
    used = {head: share for head, share in shares.items() if share}
    guesses = {s.name: blended(s, priors, used, adjustment).argmax(axis=1) for s in sets}
    return Blend(
        shares=used,
        adjustment=adjustment,
        accuracy={s.name: rounded(np.mean(guesses[s.name] == s.truth)) for s in sets},
        balanced={
            s.name: rounded(balanced_accuracy(guesses[s.name], s.truth, LEAST_ROWS)) for s in sets
        },
    )


def best(rows: Sequence[Blend], without: Collection[str] = ()) -> Blend:
    """The highest mean balanced accuracy among those that lose little accuracy.

    Args:
        rows: To choose from.
        without: Names of sets that have no say.
    """
    floor = max(row.mean_accuracy(without) for row in rows) - LARGEST_LOSS
    return max(
        (row for row in rows if row.mean_accuracy(without) >= floor),
        key=lambda row: (row.mean_balanced(without), -row.adjustment),
    )


def left_out(rows: Sequence[Blend]) -> dict[str, Blend]:
    """Set -> what would be chosen if that set were not known; empty where it is the only one."""
    names = list(rows[0].accuracy)
    return {name: best(rows, {name}) for name in names} if len(names) > 1 else {}


def trade_off(
    sets: Sequence[EvaluationSet], priors: Mapping[str, np.ndarray], chosen: Blend
) -> list[dict[str, float]]:
    """Mean accuracy and balanced accuracy of the chosen shares at each adjustment."""
    rows = [judged(sets, priors, chosen.shares, adjustment) for adjustment in ADJUSTMENTS]
    return [
        {
            "adjustment": row.adjustment,
            "accuracy": rounded(row.mean_accuracy()),
            "balanced_accuracy": rounded(row.mean_balanced()),
        }
        for row in rows
    ]


def blended(
    part: EvaluationSet,
    priors: Mapping[str, np.ndarray],
    shares: Mapping[str, float],
    adjustment: float,
) -> np.ndarray:
    """The blend's logits, (N, 7)."""
    return np.asarray(
        sum(share * (part.logits[h] - adjustment * priors[h]) for h, share in shares.items())
    )


def with_blend(
    model: keras.Model,
    heads: Mapping[str, HeadSpec],
    priors: Mapping[str, np.ndarray],
    chosen: Blend,
) -> keras.Model:
    """The model with one more head, the blend: adjusted logits of the others, by their shares."""
    outputs = {name: logits for name, logits in model.output.items() if name != BLEND}
    terms = []
    for head, share in chosen.shares.items():
        spec = heads[head]
        pick = np.zeros((len(spec.labels), len(EMOTIONS)), np.float32)
        for column, name in enumerate(EMOTIONS):
            pick[spec.labels.index(name), column] = share / spec.temperature
        bias = (-share * chosen.adjustment * priors[head]).astype(np.float32)
        layer = layers.Dense(len(EMOTIONS), trainable=False, name=f"{BLEND}_{head}")
        terms.append(layer(outputs[head]))
        layer.set_weights([pick, bias])
    outputs[BLEND] = (
        layers.Add(name=BLEND)(terms) if len(terms) > 1 else layers.Identity(name=BLEND)(terms[0])
    )
    return keras.Model(model.input, outputs, name=model.name)


def _simplex(count: int) -> Iterator[tuple[float, ...]]:
    for steps in itertools.product(range(STEP + 1), repeat=count):
        if sum(steps) == STEP:
            yield tuple(step / STEP for step in steps)
