"""The summary of a live session that has ended: duration, people, timeline, events, downloads."""

from __future__ import annotations

from functools import partial

import streamlit as st

from emotion.app import layout
from emotion.app.captions import counted, events_caption, timecode
from emotion.app.table_formats import TABLE_FORMATS, session_table
from emotion.app.widgets.face_cards import face_cards_html
from emotion.app.widgets.person_cards import person_card
from emotion.app.widgets.stacked_area_chart import legend_html
from emotion.live.history import RETENTION_S, LiveHistory
from emotion.video.people import people_of

_MAX_PEOPLE = 4


def session_facts(record: LiveHistory) -> str:
    """Such as "Duration 0:42.3 · 1 person · 2 events, at 0:10.0 and 0:20.0"."""
    people = len(people_of(record.tracks()))
    parts = [f"Duration {timecode(record.duration_s)}", counted(people, "person", "people")]
    parts.append(events_caption(record.events_s))
    if record.baseline is not None:
        parts.append(f"resting face set at {timecode(record.baseline.time_s)}")
    return " · ".join(filter(None, parts))


def session_summary(record: LiveHistory) -> None:
    """Draws the summary.

    Args:
        record: Of a session with at least one analysed frame.
    """
    # Loads Altair only when there is something to draw.
    from emotion.app.widgets import timeline, timeline_table

    tracks = record.tracks()
    st.header("Your session", anchor=False)
    layout.small_text(session_facts(record))
    people = people_of(tracks)
    if not people:
        st.info("No face was found in this session.")
        return
    if record.duration_s > RETENTION_S:
        layout.small_text("Shares, timeline and table are of the last ten minutes.")
    with st.container(horizontal=True, gap="small"):
        for table_format in TABLE_FORMATS:
            st.download_button(
                f"Session ({table_format.name})",
                partial(session_table, record, table_format),
                file_name=f"webcam-session{table_format.suffix}",
                mime=table_format.mime,
                on_click="ignore",
            )
    st.html(legend_html())
    chart = timeline.timeline_chart(tracks, events_s=record.events_s)
    st.altair_chart(chart, width="stretch", alt=timeline.ALT)
    layout.small_text(timeline.GAPS)
    timeline_table.table_expander(tracks, key="webcam:table")
    st.html(face_cards_html(person_card(person, "") for person in people[:_MAX_PEOPLE]))
    if len(people) > _MAX_PEOPLE:
        more = counted(len(people) - _MAX_PEOPLE, "more person", "more people")
        layout.small_text(f"{more} in view for a shorter time; all are in the table.")
