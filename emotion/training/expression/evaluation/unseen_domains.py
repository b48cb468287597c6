"""Leave-one-dataset-out evaluation: accuracy and calibration on domains unseen in training.

A network is overconfident on domains that it was not trained on, so the temperature of the default
head is fitted on data sets that were left out of training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.expression.classifier import softmax
from emotion.training.expression.evaluation.calibration import calibration_error, fit_temperature
from emotion.training.expression.evaluation.metrics import (
    balanced_accuracy,
    recall_interval,
    rounded,
)
from emotion.types import EMOTIONS


def fit_shared_temperature(logits: Sequence[np.ndarray], truths: Sequence[np.ndarray]) -> float:
    """Fits one temperature to several sets, each with the same weight.

    Args:
        logits: Of each set, (N, 7).
        truths: True classes of each set, (N,).

    Returns:
        The temperature.
    """
    count = min(map(len, truths))
    rng = np.random.default_rng(0)
    rows = [rng.permutation(len(truth))[:count] for truth in truths]
    some = np.concatenate([values[r] for values, r in zip(logits, rows, strict=True)])
    truth = np.concatenate([values[r] for values, r in zip(truths, rows, strict=True)])
    return fit_temperature(some, truth)


@dataclass(frozen=True, kw_only=True)
class UnseenDomain:
    """Metrics on a data set that the model was trained without.

    Attributes:
        model: Name of the model.
        n: Number of faces.
        accuracy: 0..1.
        balanced_accuracy: 0..1.
        ece: Expected calibration error, with the temperature that fits the other unseen sets.
        recall: Label -> recall, 0..1.
        recall_95: Label -> its 95 % interval.
    """

    model: str
    n: int
    accuracy: float
    balanced_accuracy: float
    ece: float
    recall: dict[str, float]
    recall_95: dict[str, list[float] | None]


def unseen_domains(
    domains: Mapping[str, tuple[str, np.ndarray, np.ndarray]],
) -> dict[str, UnseenDomain]:
    """Computes the metrics on data sets that were left out of training.

    Args:
        domains: Data set -> (name of the model that was trained without it, its blended logits
            (N, 7), true classes (N,)).

    Returns:
        Data set -> metrics.
    """
    found = {}
    for name, (model, logits, truth) in domains.items():
        others = [each for other, each in domains.items() if other != name] or [domains[name]]
        temperature = fit_shared_temperature([o[1] for o in others], [o[2] for o in others])
        predicted = logits.argmax(axis=1)
        counts = {
            EMOTIONS[label]: (int(np.sum(predicted[truth == label] == label)), int(count))
            for label, count in zip(*np.unique(truth, return_counts=True), strict=True)
        }
        found[name] = UnseenDomain(
            model=model,
            n=len(truth),
            accuracy=rounded(np.mean(predicted == truth)),
            balanced_accuracy=rounded(balanced_accuracy(predicted, truth)),
            ece=rounded(calibration_error(softmax(logits / temperature), truth)),
            recall={name: rounded(right / n) for name, (right, n) in counts.items()},
            recall_95={name: recall_interval(right, n) for name, (right, n) in counts.items()},
        )
    return found
