"""Probabilities over time as a stacked area chart: colours, order, and an SVG of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from markupsafe import Markup

from emotion.app.templating import render
from emotion.types import EMOTIONS, Floats

EMOTION_COLORS = {
    "angry": "#d1495b",
    "disgust": "#7a9e3a",
    "fear": "#8a63c7",
    "happy": "#eda91f",
    "sad": "#3f7fc4",
    "surprise": "#2fb3a8",
    "neutral": "#66717d",
}
"""A colour for each expression, the same in every chart of the page."""

STACK_ORDER = ("neutral", *EMOTIONS[:-1])
"""From the bottom of the stack to its top: neutral first, because it is the base line."""


def legend_html() -> Markup:
    """The names of the expressions with their colours."""
    return render("legend.html", colors=[(name, EMOTION_COLORS[name]) for name in EMOTIONS])


def contiguous_runs(times: Floats, max_gap_s: float) -> list[np.ndarray]:
    """Splits a time series at its gaps.

    Args:
        times: Shape (N,), ascending, seconds.
        max_gap_s: A larger step between two times starts a new run.

    Returns:
        The indices of each run; empty for N = 0.
    """
    if not len(times):
        return []
    return np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > max_gap_s) + 1)


def stacked_area_svg(
    x: Floats, probabilities: Floats, runs: list[np.ndarray], *, width: int, height: int
) -> Markup:
    """The chart as an SVG that stretches to fill its container.

    Args:
        x: Shape (N,), pixels, 0..width.
        probabilities: Shape (N, 7).
        runs: From ``contiguous_runs``; the chart is empty between them.
        width: In pixels of ``x``.
        height: In pixels; a probability of 1 fills it.
    """
    columns = [EMOTIONS.index(name) for name in STACK_ORDER]
    edges = np.cumsum(np.pad(probabilities[:, columns], ((0, 0), (1, 0))), axis=1) * height
    areas = []
    for name, (low, high) in zip(STACK_ORDER, pairwise(edges.T), strict=True):
        paths = [_path(x[run], height - low[run], height - high[run]) for run in runs]
        areas.append({"color": EMOTION_COLORS[name], "path": " ".join(filter(None, paths))})
    return render("stacked_area.svg", areas=areas, width=width, height=height)


def _path(x: Floats, low: Floats, high: Floats) -> str:
    """The area between two lines over ``x`` as an SVG path; empty for a single point."""
    if len(x) < 2:
        return ""
    forth = [f"{a:.1f},{b:.1f}" for a, b in zip(x, high, strict=True)]
    back = [f"{a:.1f},{b:.1f}" for a, b in zip(x[::-1], low[::-1], strict=True)]
    return f"M{'L'.join(forth)}L{'L'.join(back)}Z"
