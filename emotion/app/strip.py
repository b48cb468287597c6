"""The last minute of one face as a small picture of stacked areas, cheap to update each second."""

from __future__ import annotations

import base64

import numpy as np

from emotion.app.timeline import EMOTION_COLORS, STACK_ORDER
from emotion.types import EMOTIONS, Floats

SECONDS = 60.0
_WIDTH, _HEIGHT = 300, 48
_GAP_S = 1.0  # longer without the face leaves the strip empty there


def strip_html(times: Floats, probabilities: Floats, *, title: str) -> str:
    """An ``img.emotion-strip`` for ``st.html``, which lets no bare SVG through; or empty text."""
    svg = strip_svg(times, probabilities)
    if not svg:
        return ""
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img class="emotion-strip" alt="{title}" data-moments="{len(times)}"'
        f' src="data:image/svg+xml;base64,{data}">'
    )


def strip_svg(times: Floats, probabilities: Floats) -> str:
    """The picture as SVG; empty text without at least two moments.

    times: (N,), seconds before now, negative, rising. probabilities: (N, 7).
    """
    if len(times) < 2:
        return ""
    columns = [EMOTIONS.index(name) for name in STACK_ORDER]
    edges = np.cumsum(np.pad(probabilities[:, columns], ((0, 0), (1, 0))), axis=1)
    x = (1 + times / SECONDS) * _WIDTH
    runs = np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > _GAP_S) + 1)
    areas = []
    for layer, name in enumerate(STACK_ORDER):
        paths = [_path(x[run], edges[run, layer], edges[run, layer + 1]) for run in runs]
        areas.append(f'<path fill="{EMOTION_COLORS[name]}" d="{" ".join(filter(None, paths))}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="none">{"".join(areas)}</svg>'
    )


def _path(x: Floats, low: Floats, high: Floats) -> str:
    """The area between two lines over ``x``, as an SVG path; nothing for a single moment."""
    if len(x) < 2:
        return ""
    there = [f"{a:.1f},{(1 - b) * _HEIGHT:.1f}" for a, b in zip(x, high, strict=True)]
    back = [f"{a:.1f},{(1 - b) * _HEIGHT:.1f}" for a, b in zip(x[::-1], low[::-1], strict=True)]
    return f"M{'L'.join(there)}L{'L'.join(back)}Z"
