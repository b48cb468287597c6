"""Precision-recall and ROC of each class against all others.

The plot is of precision and recall: where a class is rare, as disgust is, a ROC curve looks good
for any model (Saito and Rehmsmeier 2015).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from emotion.training.expression.evaluation.metrics import rounded
from emotion.training.expression.evaluation.protocols import Predictions


def areas(judged: Predictions) -> dict[str, dict[str, float | None]]:
    """Class -> ``average_precision`` and ``roc_auc``, 0..1; null for a class without a face, or
    with nothing else."""
    found: dict[str, dict[str, float | None]] = {}
    for i, name in enumerate(judged.labels):
        positive, score = judged.truth == i, judged.probabilities[:, i]
        both = bool(positive.any()) and not bool(positive.all())
        found[name] = {
            "average_precision": rounded(average_precision_score(positive, score))
            if both
            else None,
            "roc_auc": rounded(roc_auc_score(positive, score)) if both else None,
        }
    return found


def precision_recall(judged: Predictions, path: Path) -> None:
    """Draws a curve for each class, with its average precision, as a PNG."""
    figure = Figure(figsize=(6.0, 4.8), layout="constrained")
    axes = figure.subplots()
    for i, (name, area) in enumerate(areas(judged).items()):
        if area["average_precision"] is None:
            continue
        precision, recall, _ = precision_recall_curve(judged.truth == i, judged.probabilities[:, i])
        count = int(np.sum(judged.truth == i))
        text = f"{name}  {area['average_precision']:.2f}  ({count})"
        axes.step(recall, precision, where="post", label=text, color=f"C{i}", linewidth=1.4)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.legend(loc="lower left", fontsize=8, title="average precision (faces)", title_fontsize=8)
    figure.savefig(path, dpi=110)
