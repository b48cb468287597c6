"""The numbers of a timeline as a table: for screen readers, the keyboard, and exact reading."""

from __future__ import annotations

import numpy as np
import streamlit as st
from markupsafe import Markup

from emotion.app.captions import probability_percent, timecode
from emotion.app.templating import render
from emotion.app.widgets.timeline import over_time
from emotion.types import EMOTIONS
from emotion.video.track_store import TrackStore

_MAX_ROWS = 60


def table_expander(recording: TrackStore, track_id: int | None = None, *, key: str) -> None:
    """Draws the table in an expander, which stays open when the page is rerun.

    Args:
        recording: As for ``timeline_table_html``.
        track_id: As for ``timeline_table_html``.
        key: Of the expander.
    """
    expander = st.expander("Show as table", key=key, on_change="rerun")
    if expander.open:
        expander.html(timeline_table_html(recording, track_id))


def timeline_table_html(recording: TrackStore, track_id: int | None = None) -> Markup:
    """The means of equal intervals of time, a row for each in which there is a face.

    Args:
        recording: The faces; at least one.
        track_id: Of the person; None for everybody's mean.
    """
    times, probabilities = over_time(recording, track_id)
    low, high = float(recording.times[0]), float(recording.times[-1])
    step_s = max((high - low) / _MAX_ROWS, recording.step_s or 0.1)
    bins = np.floor((times - low + 1e-6) / step_s).astype(int)
    rows = []
    for index in np.unique(bins):
        means = probabilities[bins == index].mean(axis=0)
        cells = [probability_percent(float(mean), short=True) for mean in means]
        rows.append((timecode(low + index * step_s), cells))
    return render(
        "timeline_table.html",
        titles=["From", *EMOTIONS],
        rows=rows,
        caption=f"Mean probabilities of {step_s:.1f} seconds from the given time on.",
    )
