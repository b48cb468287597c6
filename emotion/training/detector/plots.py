"""Plots of a detector's training and evaluation, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emotion.training.common import plotting


def history(source: Path, path: Path) -> None:
    """Plots the losses and the average precision on the validation split over the epochs.

    Args:
        source: A run's ``history.csv``.
        path: The PNG file.
    """
    losses = {f"{name}_loss": f"{name} loss" for name in ("score", "box", "landmark")}
    plotting.history(
        source, path, losses=losses, metric="val_ap", name="average precision", log=True
    )


def precision_recall(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """Plots precision against recall, a curve for each detector.

    Args:
        curves: Detector -> (recall, precision), each (N,).
        path: The PNG file.
    """
    figure, axes = plotting.precision_recall_axes()
    for name, (recall, precision) in curves.items():
        axes.plot(recall, precision, label=Path(name).name)
    axes.legend(loc="lower left")
    plotting.save(figure, path)


def robustness(detectors: Mapping[str, Any], path: Path) -> None:
    """Plots the recall in perturbed images, a group of bars for each perturbation.

    Args:
        detectors: Detector -> its part of ``eval.json``.
        path: The PNG file.
    """
    names = list(next(iter(detectors.values()))["changed"])
    figure, axes = plotting.new_axes(8, 3.8)
    for i, (name, figures) in enumerate(detectors.items()):
        heights = [figures["changed"][change]["recall"] or 0.0 for change in names]
        centers, width = plotting.bar_positions(len(names), len(detectors), i)
        axes.bar(centers, heights, width, label=Path(name).name)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set(ylim=(0, 1.02), ylabel="recall")
    figure.legend(loc="outside upper center", ncols=4, fontsize=8)
    plotting.save(figure, path)
