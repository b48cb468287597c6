"""Metrics of a classifier, from its probabilities and the true labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from emotion.intervals import wilson_interval
from emotion.training.expression.evaluation.calibration import (
    calibration_error,
    reliability_table,
)

RESAMPLES = 1000
"""Bootstrap resamples; the interval's ends then vary by less than a tenth of its width."""


def report(probabilities: np.ndarray, truth: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Computes all metrics of a set of predictions.

    Args:
        probabilities: (N, C), rows summing to 1.
        truth: True classes, (N,), indices into ``labels``.
        labels: Names of the C classes.

    Returns:
        JSON values, fractions. Rows of ``confusion_matrix`` are true classes, columns predicted
        ones, values counts; ``confusion_rates`` are shares of the row. A class without faces counts
        as 0 in macro means; ``balanced_accuracy`` is the mean recall of the others.

    Raises:
        ValueError: When there is no face.
    """
    if len(probabilities) == 0:
        raise ValueError("expected at least one face to evaluate, got none")
    classes = np.arange(len(labels))
    predicted = probabilities.argmax(axis=1)
    each = precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    precision, recall, f1, support = each
    ranked = np.argsort(probabilities, axis=1)[:, -2:]
    counts = confusion_matrix(truth, predicted, labels=classes)
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return {
        "n": len(truth),
        "accuracy": rounded(np.mean(predicted == truth)),
        **intervals(counts),
        "balanced_accuracy": rounded(recall[support > 0].mean()),
        "top2": rounded(np.mean((ranked == truth[:, None]).any(axis=1))),
        "macro_precision": rounded(precision.mean()),
        "macro_recall": rounded(recall.mean()),
        "macro_f1": rounded(f1.mean()),
        "weighted_precision": rounded(np.average(precision, weights=support)),
        "weighted_recall": rounded(np.average(recall, weights=support)),
        "weighted_f1": rounded(np.average(f1, weights=support)),
        "ece": rounded(calibration_error(probabilities, truth)),
        "reliability": reliability_table(probabilities, truth),
        "labels": list(labels),
        "per_class": {
            name: {
                "precision": rounded(precision[i]),
                "recall": rounded(recall[i]),
                "recall_95": recall_interval(int(counts[i, i]), int(support[i])),
                "f1": rounded(f1[i]),
                "support": int(support[i]),
            }
            for i, name in enumerate(labels)
        },
        "confusion_matrix": counts.tolist(),
        "confusion_rates": rates.round(4).tolist(),
    }


def intervals(
    counts: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, list[float]]:
    """Computes 95 % bootstrap intervals of accuracy and macro F1 (Efron 1979, percentiles).

    Both depend on the confusion matrix alone, and resampling N faces with replacement is the same
    as sampling its cells from a multinomial distribution, which needs no loop over faces.

    Args:
        counts: Confusion matrix, int (C, C), rows the true classes.
        resamples: Number of bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        ``accuracy_95`` and ``macro_f1_95``, each [low, high].
    """
    total, classes = int(counts.sum()), len(counts)
    cells = np.random.default_rng(seed).multinomial(
        total, counts.ravel() / total, size=resamples
    )  # (R, C * C)
    cells = cells.reshape(resamples, classes, classes)
    right = np.diagonal(cells, axis1=1, axis2=2)  # (R, C)
    both = cells.sum(axis=1) + cells.sum(axis=2)  # (R, C): 2 TP + FP + FN
    f1 = 2 * right / np.maximum(both, 1)
    figures = {"accuracy": right.sum(axis=1) / total, "macro_f1": f1.mean(axis=1)}
    return {
        f"{name}_95": [rounded(end) for end in np.percentile(values, (2.5, 97.5))]
        for name, values in figures.items()
    }


def recall_interval(right: int, n: int) -> list[float] | None:
    """The rounded 95 % interval of a class's recall; None for a class without faces."""
    return [rounded(end) for end in wilson_interval(right, n)] if n else None


def balanced_accuracy(predicted: np.ndarray, truth: np.ndarray, least: int = 1) -> float:
    """Computes the mean recall over classes.

    Args:
        predicted: int (N,), predicted classes.
        truth: int (N,), true classes.
        least: Rows that a class needs to count, as with fewer its recall is mostly chance; where no
            class has as many, all count.

    Returns:
        0..1; nan without rows.
    """
    classes, counts = np.unique(truth, return_counts=True)
    if (counts >= least).any():
        classes = classes[counts >= least]
    recalls = [np.mean(predicted[truth == label] == label) for label in classes]
    return float(np.mean(recalls)) if recalls else float("nan")


def rounded(value: Any) -> float:
    """Rounds a figure for a file, to four places."""
    return round(float(value), 4)
