"""Probabilities over time as stacked areas: their colours, their order, and a picture of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from emotion.types import EMOTIONS, Floats

EMOTION_COLORS = {
    "angry": "#d1495b",
    "disgust": "#7a9e3a",
    "fear": "#8a63c7",
    "happy": "#eda91f",
    "sad": "#3f7fc4",
    "surprise": "#2fb3a8",
    "neutral": "#98a2ad",
}
"""A colour for each expression, the same in every chart of the page."""

STACK_ORDER = ("neutral", *EMOTIONS[:-1])
"""From the bottom of a stacked chart to its top; neutral is the calm ground."""


def legend_html() -> str:
    """The colours' names as text, for ``st.html``."""
    items = "".join(
        f'<li><span style="background:{EMOTION_COLORS[name]}"></span>{name}</li>'
        for name in EMOTIONS
    )
    return f'<ul class="legend" role="list" aria-label="Colours of the chart">{items}</ul>'


def runs_of(times: Floats, gap_s: float) -> list[np.ndarray]:
    """Indices of the rising ``times`` (N,), parted where more than ``gap_s`` lies between two."""
    if not len(times):
        return []
    return np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > gap_s) + 1)


def areas_svg(
    x: Floats, probabilities: Floats, runs: list[np.ndarray], *, width: int, height: int
) -> str:
    """The areas as an SVG that fills its place.

    x: (N,) pixels from 0 to width. probabilities: (N, 7). runs: see ``runs_of``; what lies between
    two stays empty.
    """
    columns = [EMOTIONS.index(name) for name in STACK_ORDER]
    edges = np.cumsum(np.pad(probabilities[:, columns], ((0, 0), (1, 0))), axis=1) * height
    areas = []
    for name, (low, high) in zip(STACK_ORDER, pairwise(edges.T), strict=True):
        paths = [_path(x[run], height - low[run], height - high[run]) for run in runs]
        areas.append(f'<path fill="{EMOTION_COLORS[name]}" d="{" ".join(filter(None, paths))}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="none">{"".join(areas)}</svg>'
    )


def _path(x: Floats, low: Floats, high: Floats) -> str:
    """The area between two lines over ``x``, as an SVG path; nothing for a single moment."""
    if len(x) < 2:
        return ""
    there = [f"{a:.1f},{b:.1f}" for a, b in zip(x, high, strict=True)]
    back = [f"{a:.1f},{b:.1f}" for a, b in zip(x[::-1], low[::-1], strict=True)]
    return f"M{'L'.join(there)}L{'L'.join(back)}Z"
