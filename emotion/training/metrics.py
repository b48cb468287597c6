"""Figures of a classifier from its probabilities and the true labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

ECE_BINS = 15


def report(probabilities: np.ndarray, truth: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Accuracy, F1, calibration error, per-class figures and the confusion matrix, as JSON values.

    probabilities: (N, C), rows summing to 1. truth: (N,), indices into labels. Fractions; rows of
    the confusion matrix are true labels, columns the predicted ones, values counts. A class that
    never stands in truth counts as 0 in the macro mean.
    """
    if len(probabilities) == 0:
        raise ValueError("expected at least one face to evaluate, got none")
    classes = np.arange(len(labels))
    guesses = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, guesses, labels=classes, zero_division=0
    )
    ranked = np.argsort(probabilities, axis=1)[:, -2:]
    return {
        "n": len(truth),
        "accuracy": _round(np.mean(guesses == truth)),
        "top2": _round(np.mean((ranked == truth[:, None]).any(axis=1))),
        "macro_precision": _round(precision.mean()),
        "macro_recall": _round(recall.mean()),
        "macro_f1": _round(f1.mean()),
        "weighted_f1": _round(np.average(f1, weights=support)),
        "ece": _round(calibration_error(probabilities, truth)),
        "labels": list(labels),
        "per_class": {
            name: {
                "precision": _round(precision[i]),
                "recall": _round(recall[i]),
                "f1": _round(f1[i]),
                "support": int(support[i]),
            }
            for i, name in enumerate(labels)
        },
        "confusion_matrix": confusion_matrix(truth, guesses, labels=classes).tolist(),
    }


def reliability(
    probabilities: np.ndarray, truth: np.ndarray, bins: int = ECE_BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean confidence, accuracy and count, each (bins,), by equal steps of the top probability.

    Confidence and accuracy of an empty bin are 0.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    safe = np.maximum(count, 1)
    return (
        np.bincount(index, weights=confidence, minlength=bins) / safe,
        np.bincount(index, weights=right, minlength=bins) / safe,
        count,
    )


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error: Naeini et al. 2015; 15 equal bins of the top probability."""
    confidence, accuracy, count = reliability(probabilities, truth)
    return float(np.sum(np.abs(confidence - accuracy) * count) / max(count.sum(), 1))


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature with the lowest negative log likelihood (Guo et al. 2017).

    logits: (N, C); truth: (N,).
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


def _round(value: Any) -> float:
    return round(float(value), 4)
