"""What a clip's results come to: the timeline chart, each expression's share, and both in words."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import numpy.typing as npt

from emotion.app.bars import percent
from emotion.app.words import LOOKS, counted
from emotion.types import EMOTIONS
from emotion.video_faces import FrameResult

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

_MAX_POINTS = 600  # a chart is about so many pixels wide; more points only cost the browser
_GAP = 2.5  # times the usual step: longer without a face leaves a gap


def shares(results: Sequence[FrameResult]) -> npt.NDArray[np.float32] | None:
    """Of all faces in all frames, the fraction with each label, (7,); None without a face."""
    labels = [face.label for result in results for face in result.faces]
    if not labels:
        return None
    return np.array([labels.count(name) / len(labels) for name in EMOTIONS], dtype=np.float32)


def summary(results: Sequence[FrameResult]) -> str:
    """The chart in words: how long, how many faces, what they mostly look like."""
    seen = [result for result in results if result.faces]
    length, share = counted(len(results), "picture"), shares(results)
    if share is None:
        return f"No face was found in {length}."
    parts = [
        f"{LOOKS[EMOTIONS[index]]} ({percent(float(share[index]))})"
        for index in np.argsort(-share, kind="stable")[:3]
        if share[index] > 0
    ]
    most = max(len(result.faces) for result in seen)
    return (
        f"A face is in view in {len(seen)} of {length}, at most {most} at once. It mostly looks "
        f"{parts[0]}{', then ' + ' and '.join(parts[1:]) if len(parts) > 1 else ''}."
    )


def timeline_rows(results: Sequence[FrameResult]) -> list[dict[str, float | int | str]]:
    """The chart's data: time_s, run, expression, probability, low, high.

    The probability is the mean over a frame's faces. Thinned by means to what a chart can show.
    ``run`` counts up after every stretch without a face, so that the chart leaves it empty instead
    of bridging it. The area of an expression reaches from ``low`` to ``high``; neutral lies at the
    bottom, as the calm ground.
    """
    seen = [result for result in results if result.faces]
    if not seen:
        return []
    times = np.array([result.time_s for result in seen])
    means = np.array([np.mean([f.probabilities for f in r.faces], axis=0) for r in seen])
    usual_s = float(np.median(np.diff([r.time_s for r in results]))) if len(results) > 1 else 0.0
    runs = np.concatenate([[0], np.cumsum(np.diff(times) > _GAP * usual_s)])
    every = -(-len(times) // _MAX_POINTS)
    rows: list[dict[str, float | int | str]] = []
    for run in range(int(runs[-1]) + 1):
        (members,) = np.nonzero(runs == run)
        for start in range(0, len(members), every):
            some = members[start : start + every]
            rows += _point(float(times[some].mean()), run, means[some].mean(axis=0))
    return rows


def timeline_chart(results: Sequence[FrameResult]) -> alt.Chart:
    """The probabilities over time as stacked areas that always fill the height."""
    rows = timeline_rows(results)
    low, high = results[0].time_s, results[-1].time_s
    color = alt.Color(
        "expression:N",
        title=None,
        scale=alt.Scale(domain=list(EMOTIONS), range=[EMOTION_COLORS[n] for n in EMOTIONS]),
        legend=None,  # the page's own, in text, stands above the chart
    )
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_area()
        .encode(
            x=alt.X(
                "time_s:Q",
                title="seconds",
                axis=alt.Axis(grid=False),
                scale=alt.Scale(domain=[low, max(high, low + 0.1)], nice=False),
            ),
            y=alt.Y(
                "low:Q",
                title=None,
                axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=color,
            y2="high:Q",
            detail="run:N",
            tooltip=[
                alt.Tooltip("time_s:Q", title="seconds", format=".1f"),
                alt.Tooltip("expression:N"),
                alt.Tooltip("probability:Q", format=".0%"),
            ],
        )
        .properties(height=280)
    )
    return chart


def legend_html() -> str:
    """The chart's legend as text, for ``st.html``."""
    items = "".join(
        f'<li><span style="background:{EMOTION_COLORS[name]}"></span>{name}</li>'
        for name in EMOTIONS
    )
    return f'<ul class="legend" role="list" aria-label="Colours of the chart">{items}</ul>'


def _point(
    time_s: float, run: int, means: npt.NDArray[np.float32]
) -> list[dict[str, float | int | str]]:
    values = dict(zip(EMOTIONS, means.astype(float).tolist(), strict=True))
    rows: list[dict[str, float | int | str]] = []
    low = 0.0
    for name in STACK_ORDER:
        high = low + values[name]
        rows.append(
            {
                "time_s": round(time_s, 3),
                "run": run,
                "expression": name,
                "probability": round(values[name], 4),
                "low": round(low, 4),
                "high": round(min(high, 1.0), 4),
            }
        )
        low = high
    return rows
