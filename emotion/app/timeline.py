"""What a clip's faces come to over time: the chart, and each expression's share in words."""

from __future__ import annotations

import altair as alt
import numpy as np

from emotion.app.areas import EMOTION_COLORS, STACK_ORDER, runs_of
from emotion.app.bars import percent
from emotion.app.words import LOOKS, counted
from emotion.types import EMOTIONS, Floats
from emotion.video.track_store import TrackStore

MOMENT = "moment"
"""The chart's selection: the point in time that was clicked."""

_MAX_POINTS = 600  # a chart is about so many pixels wide; more points only cost the browser
GAP = 2.5
"""Times the usual step between two pictures: longer without a face leaves a gap."""

_STATED = alt.Scale(domain=list(EMOTIONS), range=[EMOTION_COLORS[name] for name in EMOTIONS])

ChartRow = dict[str, float | int | str]


def shares(recording: TrackStore) -> Floats | None:
    """Of all faces in all frames, the fraction with each label, (7,); None without a face."""
    held = recording.faces["label"]
    if not len(held):
        return None
    return np.asarray(np.bincount(held, minlength=len(EMOTIONS)) / len(held), np.float32)


def summary(recording: TrackStore) -> str:
    """The chart in words: how long, how many faces, what they mostly look like."""
    length, share = counted(len(recording), "picture"), shares(recording)
    if share is None:
        return f"No face was found in {length}."
    _, at_once = np.unique(recording.faces["frame"], return_counts=True)
    parts = [
        f"{LOOKS[EMOTIONS[index]]} ({percent(float(share[index]))})"
        for index in np.argsort(-share, kind="stable")[:3]
        if share[index] > 0
    ]
    return (
        f"A face is in view in {len(at_once)} of {length}, at most {at_once.max()} at once. It "
        f"mostly looks {parts[0]}{', then ' + ' and '.join(parts[1:]) if len(parts) > 1 else ''}."
    )


def over_time(recording: TrackStore, number: int | None = None) -> tuple[Floats, Floats]:
    """Times (N,) and probabilities (N, 7) of one person, or of everybody's mean for None."""
    faces = recording.faces
    if number is not None:
        faces = faces[faces["track_id"] == number]
    times, where = np.unique(faces["time_s"], return_inverse=True)
    sums = np.zeros((len(times), len(EMOTIONS)))
    np.add.at(sums, where, faces["probabilities"])
    counts = np.bincount(where, minlength=len(times))[:, None]
    return np.asarray(times), np.asarray(sums / np.maximum(counts, 1), np.float32)


def timeline_rows(times: Floats, probabilities: Floats, step_s: float) -> list[ChartRow]:
    """The chart's data: time_s, run, expression, probability, low, high.

    Thinned by means to what a chart can show. ``run`` counts up after every stretch without the
    face, so that the chart leaves it empty instead of bridging it. The area of an expression
    reaches from ``low`` to ``high``; neutral lies at the bottom, as the calm ground.
    """
    rows: list[ChartRow] = []
    every = max(1, -(-len(times) // _MAX_POINTS))
    for run, members in enumerate(runs_of(times, GAP * step_s)):
        for start in range(0, len(members), every):
            some = members[start : start + every]
            rows += _point(float(times[some].mean()), run, probabilities[some].mean(axis=0))
    return rows


def timeline_chart(
    recording: TrackStore, number: int | None = None, *, lines: bool = False
) -> alt.LayerChart:
    """The probabilities over time, as areas that fill the height or as lines.

    The wheel zooms in time and dragging moves; a click selects the nearest moment as ``MOMENT``.
    """
    times, probabilities = over_time(recording, number)
    rows = timeline_rows(times, probabilities, recording.step_s)
    low, high = float(recording.times[0]), float(recording.times[-1])
    x = alt.X(
        "time_s:Q",
        title="seconds",
        axis=alt.Axis(grid=False),
        scale=alt.Scale(domain=[low, max(high, low + 0.1)], nice=False),
    )
    y = alt.Y(
        "probability:Q" if lines else "low:Q",
        title=None,
        axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
        scale=alt.Scale(domain=[0, 1]),
    )
    # The page's own legend, in text, stands above the chart.
    color = alt.Color("expression:N", title=None, scale=_STATED, legend=None)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, color=color, detail="run:N")
    drawn = base.mark_line(strokeWidth=2) if lines else base.mark_area()
    drawn = drawn.encode(y=y) if lines else drawn.encode(y=y, y2="high:Q")
    zoom = alt.selection_interval(name="zoom", bind="scales", encodings=["x"])
    return alt.layer(drawn.add_params(zoom), _touched(rows, x)).properties(height=280)


def _touched(rows: list[ChartRow], x: alt.X) -> alt.Chart:
    """An unseen layer with a rule at each moment: what is pointed at, shown and clicked."""
    moments: list[dict[str, float]] = []
    for row in rows:
        if not moments or moments[-1]["time_s"] != row["time_s"]:
            moments.append({"time_s": float(row["time_s"])})
        moments[-1][str(row["expression"])] = float(row["probability"])
    pointed = alt.selection_point(
        name="pointed", on="pointerover", nearest=True, encodings=["x"], empty=False
    )
    clicked = alt.selection_point(name=MOMENT, on="click", nearest=True, encodings=["x"])
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=moments))
        .mark_rule(color="#808080", strokeWidth=2)
        .encode(
            x=x,
            opacity=alt.condition(pointed, alt.value(0.9), alt.value(0.0)),
            tooltip=[
                alt.Tooltip("time_s:Q", title="seconds", format=".1f"),
                *(alt.Tooltip(f"{name}:Q", format=".0%") for name in EMOTIONS),
            ],
        )
        .add_params(pointed, clicked)
    )
    return chart


def _point(time_s: float, run: int, means: Floats) -> list[ChartRow]:
    values = dict(zip(EMOTIONS, means.astype(float).tolist(), strict=True))
    rows: list[ChartRow] = []
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
