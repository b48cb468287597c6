"""The sheet of worst mistakes: the most confident of the wrong answers, with what was asked for.

Wrong labels of the data stand here too: the sheet judges both. It shows pictures of the data set,
whose owners do not allow copies, so it never goes into a model's folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from emotion.training.expression.evaluation.protocols import Predictions

COLUMNS, ROWS = 8, 5


def worst(judged: Predictions, most: int = COLUMNS * ROWS) -> np.ndarray:
    """Indices into the judged answers, int64 (K,), of the wrong ones, most confident first."""
    guesses = judged.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(guesses != judged.truth)
    confidence = judged.probabilities[wrong].max(axis=1)
    return np.asarray(wrong[np.argsort(-confidence, kind="stable")[:most]])


def sheet(judged: Predictions, images: np.ndarray, title: str, path: Path) -> None:
    """Draws the worst mistakes as a PNG.

    images: uint8 (M, H, W) or RGB (M, H, W, 3), the faces of the judged part, which
    ``judged.rows`` index.
    """
    figure = Figure(figsize=(1.35 * COLUMNS, 1.75 * ROWS + 0.5), layout="constrained")
    grid = figure.subplots(ROWS, COLUMNS)
    for axes in grid.flat:
        axes.axis("off")
    for axes, i in zip(grid.flat, worst(judged), strict=False):
        answer = int(judged.probabilities[i].argmax())
        axes.imshow(images[judged.rows[i]], cmap="gray", vmin=0, vmax=255)
        axes.set_title(
            f"{judged.labels[answer]} {judged.probabilities[i, answer]:.0%}\n"
            f"labelled {judged.labels[judged.truth[i]]}",
            fontsize=8,
        )
    figure.suptitle(f"{title}: wrong answers, the surest first", fontsize=10)
    figure.savefig(path, dpi=110)
