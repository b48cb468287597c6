"""The expressions of a clip's faces over time: an interactive chart, and a summary in words."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

# Altair takes a pandas that another visitor's thread is just importing for a whole one.
import pandas  # noqa: F401

from emotion.app.captions import counted, person_caption, shares_caption
from emotion.app.widgets.stacked_area_chart import EMOTION_COLORS, STACK_ORDER, contiguous_runs
from emotion.types import EMOTIONS, Floats
from emotion.video.people import people_of
from emotion.video.track_store import TrackStore

MOMENT = "moment"
"""Name of the chart's selection: the time that was clicked."""

ALT = "Expressions over time"
"""Of the chart, for screen readers."""

GAPS = "Empty where no face was found."  # below the chart

MAX_GAP_STEPS = 2.5
"""More analysed frames than this without a face leave a gap."""

_MAX_POINTS = 600  # about as many as the chart has pixels; more only cost the browser time

_MAX_NAMED = 3  # people in the summary; all have their cards

_COLORS = alt.Scale(domain=list(EMOTIONS), range=[EMOTION_COLORS[name] for name in EMOTIONS])
_EDGE = {"stroke": "#fff", "strokeWidth": 0.75}  # parts areas that are equally light

ChartRow = dict[str, float | int | str]


def expression_shares(recording: TrackStore) -> Floats | None:
    """Of all faces in all frames, the fraction with each label, shape (7,); None without a face."""
    held = recording.faces["label"]
    if not len(held):
        return None
    return np.asarray(np.bincount(held, minlength=len(EMOTIONS)) / len(held), np.float32)


def summary(recording: TrackStore) -> str:
    """How long faces are in view, how many, and what each person mostly looks like."""
    frames, shares = counted(len(recording), "frame"), expression_shares(recording)
    if shares is None:
        return f"No face was found in {frames}."
    _, at_once = np.unique(recording.faces["frame"], return_counts=True)
    people = people_of(recording)
    if len(people) > 1:
        named = [person_caption(person.track_id, person.shares) for person in people[:_MAX_NAMED]]
        looks = f"{'; '.join(named)}{'; and others' if len(people) > _MAX_NAMED else ''}."
    else:
        looks = f"It {shares_caption(shares)}."
    return (
        f"A face is in view in {len(at_once)} of {frames}, at most {at_once.max()} at once. {looks}"
    )


def over_time(recording: TrackStore, track_id: int | None = None) -> tuple[Floats, Floats]:
    """The probabilities of one person, or the mean over everybody in view.

    Args:
        recording: The clip's faces.
        track_id: Of the person; None for everybody.

    Returns:
        Times (N,) in seconds, ascending, and probabilities (N, 7).
    """
    faces = recording.faces
    if track_id is not None:
        faces = faces[faces["track_id"] == track_id]
    times, where = np.unique(faces["time_s"], return_inverse=True)
    sums = np.zeros((len(times), len(EMOTIONS)))
    np.add.at(sums, where, faces["probabilities"])
    counts = np.bincount(where, minlength=len(times))[:, None]
    return np.asarray(times), np.asarray(sums / np.maximum(counts, 1), np.float32)


def timeline_rows(times: Floats, probabilities: Floats, step_s: float) -> list[ChartRow]:
    """The chart's data, averaged down to as many points as the chart can show.

    Args:
        times: Shape (N,), seconds, ascending.
        probabilities: Shape (N, 7).
        step_s: Usual time between two analysed frames.

    Returns:
        One row per time and expression: time_s, run, expression, probability, low, high. ``run``
        counts up after every gap, which the chart leaves empty. In the stack, an expression's area
        reaches from ``low`` to ``high``.
    """
    rows: list[ChartRow] = []
    bin_size = max(1, -(-len(times) // _MAX_POINTS))
    for run, members in enumerate(contiguous_runs(times, MAX_GAP_STEPS * step_s)):
        for start in range(0, len(members), bin_size):
            some = members[start : start + bin_size]
            rows += _point(float(times[some].mean()), run, probabilities[some].mean(axis=0))
    return rows


def timeline_chart(
    recording: TrackStore,
    track_id: int | None = None,
    *,
    lines: bool = False,
    events_s: Sequence[float] = (),
) -> alt.LayerChart:
    """The probabilities over time; a click selects a ``MOMENT``.

    It always shows the whole section: a chart that zooms would keep the wheel from the page.

    Args:
        recording: The clip's faces; at least one frame.
        track_id: Of the person; None for everybody's mean.
        lines: A line chart instead of stacked areas.
        events_s: Times of events to mark with their numbers, from 1.
    """
    times, probabilities = over_time(recording, track_id)
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
    # The page draws its own legend above the chart, as text.
    color = alt.Color("expression:N", title=None, scale=_COLORS, legend=None)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, color=color, detail="run:N")
    marks = base.mark_line(strokeWidth=2) if lines else base.mark_area(**_EDGE)
    marks = marks.encode(y=y) if lines else marks.encode(y=y, y2="high:Q")
    layers = [marks, *_event_layers(events_s, x, (low, high)), _pointer_layer(rows, x)]
    return alt.layer(*layers).properties(height=240)


def _event_layers(
    events_s: Sequence[float], x: alt.X, section_s: tuple[float, float]
) -> list[alt.Chart]:
    """A dashed rule and a number for each event in the section that the chart shows."""
    shown = [
        {"time_s": time_s, "event": str(number)}
        for number, time_s in enumerate(events_s, start=1)
        if section_s[0] <= time_s <= section_s[1]
    ]
    if not shown:
        return []
    base = alt.Chart(alt.InlineData(values=shown)).encode(x=x)
    number = base.mark_text(align="left", dx=4, fontWeight="bold", fontSize=13)
    return [
        base.mark_rule(strokeDash=[4, 3], strokeWidth=2, color="#808080"),
        number.encode(text="event:N", y=alt.value(8)),
    ]


def _pointer_layer(rows: list[ChartRow], x: alt.X) -> alt.Chart:
    """A rule at each time, hidden until it is pointed at, with a tooltip; can be clicked."""
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
