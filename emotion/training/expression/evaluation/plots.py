"""Plots of a classifier's training and evaluation, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emotion.training.common import plotting
from emotion.training.expression.evaluation.calibration import ECE_BINS, reliability
from emotion.training.expression.evaluation.protocols import Predictions


def confusion(figures: Mapping[str, Any], path: Path) -> None:
    """Plots a confusion matrix: rates of each true class as colours, with the counts.

    Args:
        figures: A protocol's part of ``eval.json``.
        path: The PNG file.
    """
    counts = np.array(figures["confusion_matrix"])
    labels = figures["labels"]
    rates = np.array(figures["confusion_rates"])
    figure, axes = plotting.new_axes(6.4, 5.6)
    axes.imshow(rates, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        rate = rates[row, column]
        axes.text(
            column, row, f"{rate:.0%}\n{counts[row, column]}", ha="center", va="center",
            fontsize=8, color="white" if rate > 0.5 else "black",
        )  # fmt: skip
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("labelled")
    axes.set_title(f"accuracy {figures['accuracy']:.1%}, macro F1 {figures['macro_f1']:.3f}")
    plotting.save(figure, path)


def reliability_diagram(predictions: Predictions, path: Path) -> None:
    """Plots accuracy against confidence in bins of equal width, with the share of faces in each.

    Args:
        predictions: A protocol's predictions.
        path: The PNG file.
    """
    confidence, accuracy, count = reliability(predictions.probabilities, predictions.truth)
    filled = count > 0
    figure, axes = plotting.new_axes(5.2, 4.6)
    centers = (np.arange(ECE_BINS) + 0.5) / ECE_BINS
    axes.bar(centers, count / count.sum(), width=0.9 / ECE_BINS, color="#d0d7e2", label="faces")
    axes.plot([0, 1], [0, 1], **plotting.REFERENCE)
    axes.plot(confidence[filled], accuracy[filled], marker="o", label="accuracy")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="fraction")
    axes.legend(loc="upper left")
    plotting.save(figure, path)


def robustness(found: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Plots the accuracy lost under each perturbation, a bar for every data set and head.

    Args:
        found: Data set -> its part "robustness" of ``eval.json``.
        path: The PNG file.
    """
    rows = {
        f"{name}, head {head}, {values['clean']:.1%}": values["changes"]
        for name, part in found.items()
        for head, values in part["by_head"].items()
    }
    names = [change["text"] for change in next(iter(rows.values())).values()]
    figure, axes = plotting.new_axes(7.6, 1.6 + 0.16 * len(names) * (len(rows) + 1))
    for i, (label, changes) in enumerate(rows.items()):
        lost = [100 * change["lost"] for change in changes.values()]
        centers, height = plotting.bar_positions(len(names), len(rows), i)
        bars = axes.barh(centers, lost, height, label=label)
        axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel("points of accuracy lost")
    figure.legend(loc="outside upper center", fontsize=8, title="unchanged", title_fontsize=8)
    plotting.save(figure, path)


def trade_off(rows: Sequence[Mapping[str, float]], chosen: float, path: Path) -> None:
    """Plots accuracy and balanced accuracy over the strength of the logit adjustment.

    Args:
        rows: One for each strength, with ``adjustment``, ``accuracy`` and ``balanced_accuracy``.
        chosen: The strength that was chosen.
        path: The PNG file.
    """
    figure, axes = plotting.new_axes(5.6, 3.8)
    strengths = [row["adjustment"] for row in rows]
    for key, label in (("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy")):
        axes.plot(strengths, [row[key] for row in rows], marker=".", label=label)
    axes.axvline(chosen, label="chosen", **plotting.REFERENCE)
    axes.set(xlabel="logit adjustment", ylabel="mean over the validation splits")
    axes.legend()
    plotting.save(figure, path)


def history(source: Path, path: Path) -> None:
    """Plots the training loss and the validation accuracy over the epochs.

    Args:
        source: A run's ``history.csv``.
        path: The PNG file.
    """
    plotting.history(
        source, path,
        losses={"loss": "training loss"}, metric="val_accuracy", name="accuracy", log=False,
    )  # fmt: skip
