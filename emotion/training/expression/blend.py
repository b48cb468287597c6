"""The blend, a default head: a weighted mean of the heads' logits, with logit adjustment.

Each head has learned the labelling of its own data set. The page shows faces from anywhere, so the
weights are chosen by balanced accuracy over the validation splits of several data sets; plain
accuracy is dominated by happy and neutral. Logit adjustment (Menon et al. 2021, "Long-tail learning
via logit adjustment") subtracts ``adjustment`` times the log of a class's frequency in training,
which trades accuracy for the recall of rare classes.
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
"""Weights are multiples of 1 / STEP."""

ADJUSTMENTS = tuple(round(0.1 * step, 1) for step in range(11))
"""Strengths of logit adjustment in the search; 0 is none."""

MAX_ACCURACY_LOSS = 0.01
"""Largest loss of mean accuracy against the most accurate blend, in favour of rare classes."""

MIN_CLASS_ROWS = 5
"""Rows of a class in a validation split below which its recall does not count."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationSet:
    """A validation split with the logits of every head.

    Attributes:
        name: The set's name.
        logits: Head -> float32 (N, 7), calibrated, in the order of ``EMOTIONS``.
        truth: True classes, int64 (N,), indices into ``EMOTIONS``.
    """

    name: str
    logits: dict[str, np.ndarray]
    truth: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Weights of the heads and a logit adjustment, with the accuracy on each evaluation set.

    Attributes:
        shares: Head -> its weight in the mean of the logits; they sum to 1.
        adjustment: Strength of the logit adjustment.
        accuracy: Set -> accuracy, 0..1.
        balanced: Set -> balanced accuracy, 0..1.
    """

    shares: dict[str, float]
    adjustment: float
    accuracy: dict[str, float]
    balanced: dict[str, float]

    def mean_accuracy(self, without: Collection[str] = ()) -> float:
        """Mean accuracy over the sets, leaving out those in ``without``."""
        return _mean(self.accuracy, without)

    def mean_balanced(self, without: Collection[str] = ()) -> float:
        """Mean balanced accuracy over the sets, leaving out those in ``without``."""
        return _mean(self.balanced, without)


def _mean(values: Mapping[str, float], without: Collection[str]) -> float:
    return float(np.mean([value for name, value in values.items() if name not in without]))


def evaluation_set(
    part: LabelledFaces, logits: Mapping[str, np.ndarray], heads: Mapping[str, HeadSpec]
) -> EvaluationSet:
    """Makes an evaluation set of a validation split.

    Where there are votes, their clear majority is the truth: FER2013's own labels agree with ten
    annotators on only two thirds of the pictures.

    Args:
        part: The validation split.
        logits: Head -> logits (N, C).
        heads: Head -> its spec, for labels and temperature.
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
    """Computes the log of each class's frequency in training.

    Args:
        targets: Head -> its training targets.
        heads: Head -> its spec.

    Returns:
        Head -> float64 (7,); a class without training rows counts as one row.
    """
    found = {}
    for name, spec in heads.items():
        own = targets[name]
        mass = own.targets[own.weights > 0].sum(axis=0, dtype=np.float64)
        seven = np.maximum(mass[[spec.labels.index(label) for label in EMOTIONS]], 1.0)
        found[name] = np.log(seven / seven.sum())
    return found


def candidate_blends(
    sets: Sequence[EvaluationSet], priors: Mapping[str, np.ndarray]
) -> list[Blend]:
    """Evaluates every combination of weights and adjustment.

    Args:
        sets: The evaluation sets.
        priors: Head -> log class frequencies, see ``log_priors``.
    """
    return [
        evaluate_blend(sets, priors, dict(zip(priors, shares, strict=True)), adjustment)
        for shares in _simplex(len(priors))
        for adjustment in ADJUSTMENTS
    ]


def evaluate_blend(
    sets: Sequence[EvaluationSet],
    priors: Mapping[str, np.ndarray],
    shares: Mapping[str, float],
    adjustment: float,
) -> Blend:
    """Evaluates one blend.

    Args:
        sets: The evaluation sets.
        priors: Head -> log class frequencies.
        shares: Head -> its weight; heads with 0 are left out.
        adjustment: Strength of the logit adjustment.
    """
    used = {head: share for head, share in shares.items() if share}
    predicted = {s.name: blended_logits(s, priors, used, adjustment).argmax(axis=1) for s in sets}
    return Blend(
        shares=used,
        adjustment=adjustment,
        accuracy={s.name: rounded(np.mean(predicted[s.name] == s.truth)) for s in sets},
        balanced={
            s.name: rounded(balanced_accuracy(predicted[s.name], s.truth, MIN_CLASS_ROWS))
            for s in sets
        },
    )


def choose_blend(rows: Sequence[Blend], without: Collection[str] = ()) -> Blend:
    """Chooses the blend with the highest mean balanced accuracy.

    Args:
        rows: Candidates; those that lose more than ``MAX_ACCURACY_LOSS`` are left out.
        without: Names of sets that are left out of the means.
    """
    floor = max(row.mean_accuracy(without) for row in rows) - MAX_ACCURACY_LOSS
    return max(
        (row for row in rows if row.mean_accuracy(without) >= floor),
        key=lambda row: (row.mean_balanced(without), -row.adjustment),
    )


def leave_one_set_out(rows: Sequence[Blend]) -> dict[str, Blend]:
    """Set -> the blend chosen without that set; empty where there is only one set."""
    names = list(rows[0].accuracy)
    return {name: choose_blend(rows, {name}) for name in names} if len(names) > 1 else {}


def trade_off(
    sets: Sequence[EvaluationSet], priors: Mapping[str, np.ndarray], chosen: Blend
) -> list[dict[str, float]]:
    """Mean accuracy and balanced accuracy at each adjustment, with the chosen weights."""
    rows = [evaluate_blend(sets, priors, chosen.shares, adjustment) for adjustment in ADJUSTMENTS]
    return [
        {
            "adjustment": row.adjustment,
            "accuracy": rounded(row.mean_accuracy()),
            "balanced_accuracy": rounded(row.mean_balanced()),
        }
        for row in rows
    ]


def blended_logits(
    part: EvaluationSet,
    priors: Mapping[str, np.ndarray],
    shares: Mapping[str, float],
    adjustment: float,
) -> np.ndarray:
    """Computes a blend's logits.

    Args:
        part: The evaluation set, N faces.
        priors: Head -> log class frequencies.
        shares: Head -> its weight.
        adjustment: Strength of the logit adjustment.

    Returns:
        float (N, 7).
    """
    return np.asarray(
        sum(share * (part.logits[h] - adjustment * priors[h]) for h, share in shares.items())
    )


def add_blend_head(
    model: keras.Model,
    heads: Mapping[str, HeadSpec],
    priors: Mapping[str, np.ndarray],
    chosen: Blend,
) -> keras.Model:
    """Adds the blend to a model as a further head.

    Args:
        model: The model; a blend that it has already is replaced.
        heads: Head -> its spec, without the blend.
        priors: Head -> log class frequencies.
        chosen: The blend.

    Returns:
        A model with the same weights and one more output.
    """
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
