"""What the plots of training and evaluation share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion.training.common.run_folder import read_history

DPI = 110
BAR_GROUP_WIDTH = 0.8
REFERENCE: dict[str, Any] = {"color": "#888888", "linestyle": "--", "linewidth": 1.0}
"""Style of reference lines."""


def new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of the given size in inches with one pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def save(figure: Figure, path: Path) -> None:
    """Writes the figure in the format that the file's suffix names."""
    figure.savefig(path, dpi=DPI)


def bar_positions(groups: int, series: int, number: int) -> tuple[np.ndarray, float]:
    """Computes the positions of one series of a grouped bar chart.

    Args:
        groups: Number of groups, at 0, 1, 2, ...
        series: Number of bars in each group.
        number: Number of the series, from 0.

    Returns:
        Centres of the bars, (groups,), and their width.
    """
    width = BAR_GROUP_WIDTH / series
    return np.arange(groups) + (number - (series - 1) / 2) * width, width


def precision_recall_axes() -> tuple[Figure, Axes]:
    """A figure for curves of precision against recall."""
    figure, axes = new_axes(6.0, 4.8)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    return figure, axes


def history(
    source: Path, path: Path, *, losses: Mapping[str, str], metric: str, name: str, log: bool
) -> None:
    """Plots losses and a validation metric over the epochs.

    Args:
        source: A run's ``history.csv``.
        path: The image file.
        losses: Column of a loss -> its name in the legend.
        metric: Column of the metric; epochs without a value are left out.
        name: The metric's name; "validation NAME" in the legend.
        log: Whether the losses' axis is logarithmic.
    """
    rows = read_history(source)
    epochs = [int(row["epoch"]) for row in rows]
    figure, axes = new_axes(6.4, 4.2)
    for column, label in losses.items():
        axes.plot(epochs, [float(row[column]) for row in rows], label=label)
    axes.set(xlabel="epoch", ylabel="loss", yscale="log" if log else "linear")
    right = axes.twinx()
    values = [(e, float(r[metric])) for e, r in zip(epochs, rows, strict=True) if r[metric]]
    if values:
        right.plot(
            *zip(*values, strict=True), color="black", marker=".", label=f"validation {name}"
        )
    right.set_ylabel(name)
    figure.legend(loc="outside upper center", ncols=4, fontsize=8)
    save(figure, path)
