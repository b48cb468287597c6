"""The last minute of one face as a small picture of stacked areas, cheap to update each second."""

from __future__ import annotations

import base64

import numpy as np

from emotion.app.areas import areas_svg, runs_of
from emotion.types import Floats

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
    x = np.asarray((1 + times / SECONDS) * _WIDTH)
    return areas_svg(x, probabilities, runs_of(times, _GAP_S), width=_WIDTH, height=_HEIGHT)
