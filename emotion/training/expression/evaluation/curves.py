"""Precision-recall and ROC of each class against all others.

The plot is of precision and recall: where a class is rare, as disgust is, a ROC curve looks good
for any model (Saito and Rehmsmeier 2015).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from emotion.training.common import plotting
from emotion.training.expression.evaluation.metrics import rounded
from emotion.training.expression.evaluation.protocols import Predictions


def class_areas(predictions: Predictions) -> dict[str, dict[str, float | None]]:
    """Computes the areas under each class's precision-recall and ROC curves.

    Args:
        predictions: A protocol's predictions.

    Returns:
        Class -> ``average_precision`` and ``roc_auc``, 0..1; None where all faces or none are of
        the class.
    """
    found: dict[str, dict[str, float | None]] = {}
    for i, name in enumerate(predictions.labels):
        positive, score = predictions.truth == i, predictions.probabilities[:, i]
        both = bool(positive.any()) and not bool(positive.all())
        found[name] = {
            "average_precision": rounded(average_precision_score(positive, score))
            if both
            else None,
            "roc_auc": rounded(roc_auc_score(positive, score)) if both else None,
        }
    return found


def precision_recall(predictions: Predictions, path: Path) -> None:
    """Plots precision against recall, a curve for each class with its average precision.

    Args:
        predictions: A protocol's predictions.
        path: The PNG file.
    """
    figure, axes = plotting.precision_recall_axes()
    for i, (name, area) in enumerate(class_areas(predictions).items()):
        if area["average_precision"] is None:
            continue
        precision, recall, _ = precision_recall_curve(
            predictions.truth == i, predictions.probabilities[:, i]
        )
        count = int(np.sum(predictions.truth == i))
        text = f"{name}  {area['average_precision']:.2f}  ({count})"
        axes.step(recall, precision, where="post", label=text, color=f"C{i}", linewidth=1.4)
    axes.legend(loc="lower left", fontsize=8, title="average precision (faces)", title_fontsize=8)
    plotting.save(figure, path)
