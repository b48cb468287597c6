"""Calibration: temperature scaling, and how far confidence and accuracy are apart."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

ECE_BINS = 15


def reliability(
    probabilities: np.ndarray, truth: np.ndarray, bins: int = ECE_BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bins predictions by their highest probability, in bins of equal width.

    Args:
        probabilities: (N, C), rows summing to 1.
        truth: True classes, (N,).
        bins: Number of bins.

    Returns:
        Mean confidence, accuracy and count of each bin, (bins,) each; 0 for an empty bin.
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


def reliability_table(probabilities: np.ndarray, truth: np.ndarray) -> list[dict[str, float | int]]:
    """The bins of ``reliability`` as JSON values.

    Args:
        probabilities: (N, C), rows summing to 1.
        truth: True classes, (N,).

    Returns:
        Of each of ``ECE_BINS`` bins its bounds "low" and "high", the mean "confidence", the number
        "n" of faces, and how many of them were "right".
    """
    confidence, accuracy, count = reliability(probabilities, truth)
    return [
        {
            "low": round(i / ECE_BINS, 4),
            "high": round((i + 1) / ECE_BINS, 4),
            "confidence": round(float(confidence[i]), 4),
            "n": int(count[i]),
            "right": round(accuracy[i] * count[i]),
        }
        for i in range(ECE_BINS)
    ]


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error (Naeini et al. 2015), with ``ECE_BINS`` bins of equal width."""
    confidence, accuracy, count = reliability(probabilities, truth)
    return float(np.sum(np.abs(confidence - accuracy) * count) / max(count.sum(), 1))


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Fits the temperature with the lowest negative log likelihood (Guo et al. 2017).

    Args:
        logits: (N, C).
        truth: True classes, (N,).

    Returns:
        The temperature, 0.05..20.
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))
