"""The last minute of one face as a small stacked area chart, cheap to update once a second."""

from __future__ import annotations

import base64

import numpy as np
from markupsafe import Markup

from emotion.app.captions import percent
from emotion.app.templating import render
from emotion.app.widgets.stacked_area_chart import contiguous_runs, stacked_area_svg
from emotion.types import EMOTIONS, Floats

SECONDS = 60.0
"""The time that a sparkline spans."""

_WIDTH, _HEIGHT = 300, 48
_MAX_GAP_S = 1.0  # longer without the face leaves a gap


def sparkline_html(times: Floats, probabilities: Floats, *, title: str) -> Markup:
    """An ``img.emotion-sparkline``, since ``st.html`` removes inline SVG; empty without a chart.

    Args:
        times: As for ``sparkline_svg``.
        probabilities: As for ``sparkline_svg``.
        title: The time that it shows; the means and the newest label are added, for screen readers.
    """
    svg = sparkline_svg(times, probabilities)
    if not svg:
        return svg
    shares = np.asarray(probabilities).mean(axis=0)
    means = ", ".join(
        f"{EMOTIONS[index]} {percent(float(shares[index]))}" for index in np.argsort(-shares)[:3]
    )
    now = EMOTIONS[int(np.asarray(probabilities)[-1].argmax())]
    title = f"{title}: on average {means}; now {now}"
    data = base64.b64encode(svg.encode()).decode()
    return render("sparkline.html", title=title, svg_base64=data)


def sparkline_svg(times: Floats, probabilities: Floats) -> Markup:
    """The chart as SVG; empty for fewer than two points.

    Args:
        times: Shape (N,), seconds relative to now: negative, ascending.
        probabilities: Shape (N, 7).
    """
    if len(times) < 2:
        return Markup()
    x = np.asarray((1 + times / SECONDS) * _WIDTH)
    runs = contiguous_runs(times, _MAX_GAP_S)
    return stacked_area_svg(x, probabilities, runs, width=_WIDTH, height=_HEIGHT)
