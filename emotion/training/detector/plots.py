"""Plots of a detector's run and evaluation, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from emotion.training.common.plotting import save
from emotion.training.common.run_folder import read_history


def history(source: Path, path: Path) -> None:
    """Losses and the validation part's average precision over the epochs of a ``history.csv``."""
    rows = read_history(source)
    epochs = [int(row["epoch"]) for row in rows]
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for name in ("score_loss", "box_loss", "landmark_loss"):
        axes.plot(epochs, [float(row[name]) for row in rows], label=name.replace("_", " "))
    axes.set(xlabel="epoch", ylabel="loss", yscale="log")
    right = axes.twinx()
    judged = [(e, float(r["val_ap"])) for e, r in zip(epochs, rows, strict=True) if r["val_ap"]]
    if judged:
        right.plot(*zip(*judged, strict=True), color="black", marker=".", label="validation AP")
    right.set_ylabel("average precision")
    figure.legend(loc="outside upper center", ncols=4, fontsize=8)
    save(figure, path)


def precision_recall(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """Precision against recall of each detector, faces of 15 px and up."""
    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, (recall, precision) in curves.items():
        axes.plot(recall, precision, label=Path(name).name)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.legend(loc="lower left")
    save(figure, path)


def robustness(detectors: Mapping[str, Any], path: Path) -> None:
    """Recall of faces of 60 px and up in changed pictures, a group of bars for each change."""
    names = list(next(iter(detectors.values()))["changed"])
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(detectors)
    for i, (name, figures) in enumerate(detectors.items()):
        heights = [figures["changed"][change]["recall"] or 0.0 for change in names]
        places = np.arange(len(names)) + (i - (len(detectors) - 1) / 2) * width
        axes.bar(places, heights, width, label=Path(name).name)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set(ylim=(0, 1.02), ylabel="recall")
    figure.legend(loc="outside upper center", ncols=4, fontsize=8)
    save(figure, path)
