"""A clip's timeline and moments on the Video page; a click in either goes to that time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from emotion.app import layout
from emotion.app.captions import counted, events_caption, timecode
from emotion.app.streamlit_patches.clip_player import ClipMoment, event_button, join_player
from emotion.app.video_job import VideoJob
from emotion.app.widgets.person_cards import moment_caption
from emotion.app.widgets.stacked_area_chart import legend_html
from emotion.app.work import PHOTOS
from emotion.app.workers import tasks
from emotion.imaging.files import encode_image
from emotion.video.moments import moments
from emotion.video.people import Person
from emotion.video.render import annotated_frame

MAX_PEOPLE = 8
"""Cards and choices of the timeline; other people are counted, and are in the table."""

MAX_MOMENTS = 24
"""Moments shown at once; the others are in an expander."""

_PERSON, _CHART_TYPE, _CHART = "video:person", "video:chart-type", "video:chart"
_EVERYBODY = "Everybody"
MOMENT, CLICKED_FRAME = "video:moment", "video:frame"
"""Keys of the session's state: the chosen ``ClipMoment``, and the frame at it."""


def timeline_view(job: VideoJob, people: list[Person]) -> int | None:
    """Draws the timeline with its choices.

    Args:
        job: A job that found a face.
        people: Of the clip, those longest in view first.

    Returns:
        The number of the person chosen; None for everybody.
    """
    from emotion.app.widgets import timeline, timeline_table

    names = [_EVERYBODY, *(f"Person {person.track_id}" for person in people[:MAX_PEOPLE])]
    st.header("Timeline", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        who = _EVERYBODY
        if len(people) > 1:
            who = str(
                st.segmented_control(
                    "Person", names, default=_EVERYBODY, required=True, key=_PERSON
                )
            )
        chart_type = st.segmented_control(
            "Chart type", ["Areas", "Lines"], default="Areas", required=True, key=_CHART_TYPE
        )
    track_id = None if who == _EVERYBODY else int(who.rsplit(" ", 1)[1])
    st.html(legend_html())
    key = f"{_CHART}:{id(job)}:{who}:{chart_type}"
    with st.container(key="timeline"):
        st.altair_chart(
            timeline.timeline_chart(
                job.recording, track_id, lines=chart_type == "Lines", events_s=job.events_s
            ),
            width="stretch",
            alt=timeline.ALT,
            key=key,
            on_select=partial(_go_to_click, key),
            selection_mode=timeline.MOMENT,
        )
    is_mean = track_id is None and len(people) > 1
    mean = "; the mean where several faces are in view" if is_mean else ""
    layout.small_text(
        f"Probabilities of the seven apparent expressions{mean}. {timeline.GAPS} "
        "Click to go to that moment."
    )
    timeline_table.table_expander(job.recording, track_id, key="video:table")
    return track_id


def moments_view(job: VideoJob, people: list[Person], track_id: int | None) -> None:
    """Draws a button for each moment and each event.

    Args:
        job: A job that found a face.
        people: As for ``timeline_view``.
        track_id: Whose moments; None for those of everybody with a card.
    """
    shown = {person.track_id for person in people[:MAX_PEOPLE]} if track_id is None else {track_id}
    entries = [
        (moment.time_s, f"video:moment-{index}", moment_caption(moment))
        for index, moment in enumerate(moments(job.recording))
        if moment.track_id in shown
    ]
    entries += [
        (time_s, f"video:event-{number}", f"Event {number}")
        for number, time_s in enumerate(job.events_s, start=1)
    ]
    entries.sort(key=lambda entry: entry[0])
    st.header("Moments", anchor=False)
    with st.container(key="moments", gap=None):
        _moment_buttons(entries[:MAX_MOMENTS])
        if len(entries) > MAX_MOMENTS:
            with st.expander(counted(len(entries) - MAX_MOMENTS, "more moment")):
                _moment_buttons(entries[MAX_MOMENTS:])


def player_view(job: VideoJob, file: Any, *, has_video: bool) -> None:
    """Brings the visitor to the chosen moment: in the video, or as a frame where there is none.

    Args:
        job: A job that found a face.
        file: The clip.
        has_video: Whether the page shows a video, of the whole clip or of the section analysed.
    """
    moment: ClipMoment | None = st.session_state.get(MOMENT)
    times = job.recording.times
    offset_s = 0.0 if job.annotated_video is None else float(times[0])
    if has_video:
        _events(job, offset_s)
    join_player(
        moment,
        offset_s=offset_s,
        first_s=float(times[0]),
        last_s=float(times[-1]),
        key="clip-player",
    )
    if moment is not None and not has_video:
        _frame(file, job, moment.time_s)


def _events(job: VideoJob, offset_s: float) -> None:
    """The button that marks an event, and those that are marked."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        event_button("Mark event", job.mark_event, offset_s=offset_s, key="clip-event")
        if job.events_s:
            st.button("Remove events", on_click=job.events_s.clear)
    marked = events_caption(job.events_s) or "Events are numbered in timeline, moments and table"
    layout.small_text(f"{marked}. Press M or the button to mark one where the video is.")


def _moment_buttons(entries: Sequence[tuple[float, str, str]]) -> None:
    """A button each; an entry is its time, its key and its text."""
    for time_s, key, text in entries:
        st.button(
            f"**{timecode(time_s)}** {text}",
            key=key,
            type="tertiary",
            on_click=_go_to,
            args=(time_s,),
        )


def _go_to_click(chart_key: str) -> None:
    """The chart's callback; a click beside the clip selects nothing."""
    from emotion.app.widgets import timeline

    selected = st.session_state[chart_key].selection.get(timeline.MOMENT, [])
    if selected and "time_s" in selected[0]:
        _go_to(float(selected[0]["time_s"]))


def _go_to(time_s: float) -> None:
    last: ClipMoment | None = st.session_state.get(MOMENT)
    st.session_state[MOMENT] = ClipMoment(time_s, 1 if last is None else last.count + 1)


def _frame(file: Any, job: VideoJob, time_s: float) -> None:
    """The frame at that time; decoded once, for as long as it is chosen."""
    key = (id(job), time_s)
    kept = st.session_state.get(CLICKED_FRAME)
    if kept is None or kept[0] != key:
        found = PHOTOS.task(tasks.clip_frame, file.getvalue(), time_s).wait()
        kept = key, None
        if found is not None:
            image = annotated_frame(found, job.recording)
            kept = key, encode_image(image, suffix=".jpg")
        st.session_state[CLICKED_FRAME] = kept
    if kept[1] is not None:
        time = timecode(time_s)
        with st.container(key="picture-moment"):
            st.image(kept[1], alt=f"The frame at {time}", caption=f"At {time}")
