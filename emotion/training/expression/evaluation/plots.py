"""Plots of a run and of an evaluation, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from emotion.training.common.plotting import save
from emotion.training.common.run_folder import read_history
from emotion.training.expression.evaluation.metrics import ECE_BINS, reliability
from emotion.training.expression.evaluation.protocols import Predictions


def confusion(figures: Mapping[str, Any], path: Path) -> None:
    """The confusion matrix as rates of each true class, with the counts in the cells."""
    counts = np.array(figures["confusion_matrix"])
    labels = figures["labels"]
    rates = np.array(figures["confusion_rates"])
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
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
    save(figure, path)


def reliability_diagram(judged: Predictions, path: Path) -> None:
    """Accuracy against confidence by equal steps, with the share of faces in each."""
    confidence, accuracy, count = reliability(judged.probabilities, judged.truth)
    filled = count > 0
    figure = Figure(figsize=(5.2, 4.6), layout="constrained")
    axes = figure.subplots()
    centers = (np.arange(ECE_BINS) + 0.5) / ECE_BINS
    axes.bar(centers, count / count.sum(), width=0.9 / ECE_BINS, color="#d0d7e2", label="faces")
    axes.plot([0, 1], [0, 1], color="#888888", linestyle="--", linewidth=1)
    axes.plot(confidence[filled], accuracy[filled], marker="o", label="accuracy")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the answer", ylabel="fraction")
    axes.legend(loc="upper left")
    save(figure, path)


def robustness(found: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Points of accuracy that each change costs, a bar for every set and head.

    found: set -> its part "robustness" of ``eval.json``.
    """
    rows = {
        f"{name}, head {head}, {values['clean']:.1%}": values["changes"]
        for name, part in found.items()
        for head, values in part["by_head"].items()
    }
    names = [change["text"] for change in next(iter(rows.values())).values()]
    figure = Figure(figsize=(7.6, 1.6 + 0.16 * len(names) * (len(rows) + 1)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    for i, (label, changes) in enumerate(rows.items()):
        lost = [100 * change["lost"] for change in changes.values()]
        bars = axes.barh(
            places + (i - (len(rows) - 1) / 2) * 0.8 / len(rows), lost, 0.8 / len(rows), label=label
        )
        axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel("points of accuracy lost")
    figure.legend(loc="outside upper center", fontsize=8, title="unchanged", title_fontsize=8)
    save(figure, path)


def trade_off(rows: Sequence[Mapping[str, float]], chosen: float, path: Path) -> None:
    """Accuracy and balanced accuracy over the strength of the logit adjustment.

    Args:
        rows: With the keys ``adjustment``, ``accuracy`` and ``balanced_accuracy``.
        chosen: The adjustment that was taken.
        path: Where the PNG goes.
    """
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axes = figure.subplots()
    strengths = [row["adjustment"] for row in rows]
    for key, label in (("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy")):
        axes.plot(strengths, [row[key] for row in rows], marker=".", label=label)
    axes.axvline(chosen, color="#888888", linestyle="--", linewidth=1, label="chosen")
    axes.set(xlabel="logit adjustment", ylabel="mean over the validation parts")
    axes.legend()
    save(figure, path)


def history(source: Path, path: Path) -> None:
    """Loss and validation accuracy over the epochs of a ``history.csv``."""
    rows = read_history(source)
    epochs = [int(row["epoch"]) for row in rows]
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(epochs, [float(row["loss"]) for row in rows], label="training loss")
    axes.set(xlabel="epoch", ylabel="loss")
    right = axes.twinx()
    judged = [(e, float(r["val_accuracy"])) for e, r in zip(epochs, rows, strict=True)
              if r["val_accuracy"]]  # fmt: skip
    if judged:
        right.plot(*zip(*judged, strict=True), color="C1", marker=".", label="validation accuracy")
    right.set_ylabel("accuracy")
    figure.legend(loc="upper right")
    save(figure, path)
