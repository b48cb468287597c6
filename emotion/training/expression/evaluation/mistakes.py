"""Contact sheet of the most confident wrong predictions, with the labels.

It shows wrong labels of the data set as well as the model's errors. As the owners of the data sets
do not allow their pictures to be copied, it is never written into a model's folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from emotion.training.common.plotting import save
from emotion.training.expression.evaluation.protocols import Predictions

COLUMNS, ROWS = 8, 5


def most_confident_errors(predictions: Predictions, most: int = COLUMNS * ROWS) -> np.ndarray:
    """Indices of the wrong predictions, int64 (K,), the most confident first.

    Args:
        predictions: A protocol's predictions.
        most: Largest number of indices.
    """
    predicted = predictions.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != predictions.truth)
    confidence = predictions.probabilities[wrong].max(axis=1)
    return np.asarray(wrong[np.argsort(-confidence, kind="stable")[:most]])


def sheet(predictions: Predictions, images: np.ndarray, title: str, path: Path) -> None:
    """Draws the most confident wrong predictions.

    Args:
        predictions: A protocol's predictions.
        images: Faces that ``predictions.rows`` index, uint8 (M, H, W) or RGB (M, H, W, 3).
        title: Title of the sheet.
        path: The PNG file.
    """
    figure = Figure(figsize=(1.35 * COLUMNS, 1.75 * ROWS + 0.5), layout="constrained")
    grid = figure.subplots(ROWS, COLUMNS)
    for axes in grid.flat:
        axes.axis("off")
    for axes, i in zip(grid.flat, most_confident_errors(predictions), strict=False):
        label = int(predictions.probabilities[i].argmax())
        axes.imshow(images[predictions.rows[i]], cmap="gray", vmin=0, vmax=255)
        axes.set_title(
            f"{predictions.labels[label]} {predictions.probabilities[i, label]:.0%}\n"
            f"labelled {predictions.labels[predictions.truth[i]]}",
            fontsize=8,
        )
    figure.suptitle(f"{title}: wrong predictions, the most confident first", fontsize=10)
    save(figure, path)
