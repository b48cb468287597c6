"""What the Video place shows of a clip's faces: who is who, the timeline, moments, downloads."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from emotion.app.areas import legend_html
from emotion.app.person_cards import moments_html, person_card
from emotion.app.photo_result import safe_stem
from emotion.app.video_downloads import KINDS, Kind, table_bytes
from emotion.app.video_job import Job
from emotion.app.video_report import report_html
from emotion.app.words import clock, counted
from emotion.imaging.files import encode_image
from emotion.types import EMOTIONS
from emotion.video.persons import Change, Person, changes, persons
from emotion.video.render import render_frame

SHOWN_PERSONS = 8
"""Cards and choices of the timeline; more people are counted, and are in the table."""

_SHOWN_CHANGES = 12
_PERSON, _VIEW, _CHART = "video:person", "video:view", "video:chart"
FRAME = "video:frame"
"""Where the session keeps the picture of the moment that was clicked."""

_ALL = "Everybody"


def so_far(job: Job) -> None:
    """The result so far, without anything to press: it is drawn anew while the work goes on."""
    from emotion.app import timeline  # charts only once there is something to draw

    if not len(job.recording.faces):
        return
    _who(job, persons(job.recording))
    st.html(legend_html())
    st.altair_chart(timeline.timeline_chart(job.recording), width="stretch")


def result(name: str, file: Any, job: Job) -> None:
    """The result of an ended or stopped analysis that found a face."""
    found = persons(job.recording)
    _who(job, found)
    st.subheader("Over time", anchor=False)
    _timeline(file, job, found)
    _moments(changes(job.recording))
    _downloads(name, job)


def _who(job: Job, found: list[Person]) -> None:
    shown = found[:SHOWN_PERSONS]
    cards = "".join(
        person_card(person, job.thumbnails.get(person.track_id, "")) for person in shown
    )
    st.subheader("Who is who", anchor=False)
    st.html(f'<div class="face-cards">{cards}</div>')
    rest = len(found) - len(shown)
    if rest:
        st.html(
            f'<p class="small">{counted(rest, "more person")} in view for a shorter time; they are '
            "in the table.</p>"
        )


def _timeline(file: Any, job: Job, found: list[Person]) -> None:
    from emotion.app import timeline

    names = [_ALL, *(f"Person {person.track_id}" for person in found[:SHOWN_PERSONS])]
    with st.container(horizontal=True, gap="medium"):
        who = _ALL
        if len(found) > 1:
            who = str(
                st.segmented_control("Whose", names, default=_ALL, required=True, key=_PERSON)
            )
        view = st.segmented_control(
            "Drawn as", ["Areas", "Lines"], default="Areas", required=True, key=_VIEW
        )
    number = None if who == _ALL else int(who.rsplit(" ", 1)[1])
    st.html(legend_html())
    event: Any = st.altair_chart(
        timeline.timeline_chart(job.recording, number, lines=view == "Lines"),
        width="stretch",
        key=f"{_CHART}:{id(job)}:{who}:{view}",
        on_select="rerun",
        selection_mode=timeline.MOMENT,
    )
    mean = "; with several faces in view, their mean" if number is None and len(found) > 1 else ""
    st.html(
        f'<p class="small">Probabilities of the seven apparent expressions{mean}. Empty where no '
        "face was found. The wheel zooms, a click shows that moment's picture.</p>"
    )
    selected = event.selection.get(timeline.MOMENT, [])
    if selected and "time_s" in selected[0]:
        _moment(file, job, float(selected[0]["time_s"]))


def _moment(file: Any, job: Job, time_s: float) -> None:
    """The picture of a moment that was clicked; decoded once, for as long as it is chosen."""
    key = (id(job), time_s)
    kept = st.session_state.get(FRAME)
    if kept is None or kept[0] != key:
        image = render_frame(file, job.recording, time_s)
        kept = key, None if image is None else encode_image(image, suffix=".jpg")
        st.session_state[FRAME] = kept
    if kept[1] is not None:
        with st.container(key="picture-moment"):
            st.image(kept[1], alt=f"The picture at {clock(time_s)}", caption=f"At {clock(time_s)}")


def _moments(found: list[Change]) -> None:
    st.subheader("Moments of change", anchor=False)
    if not found:
        st.write("No expression changed for longer than a moment.")
        return
    st.html(moments_html(found[:_SHOWN_CHANGES]))
    if len(found) > _SHOWN_CHANGES:
        rest = counted(len(found) - _SHOWN_CHANGES, "more change")
        st.html(f'<p class="small">{rest}, all in the report.</p>')


def _downloads(name: str, job: Job) -> None:
    st.subheader("Take it along", anchor=False)
    stem = safe_stem(name)
    with st.container(horizontal=True, gap="small"):
        for kind in KINDS:
            st.download_button(
                f"Table ({kind.name})",
                partial(_table, name, job, kind),
                file_name=f"{stem}-faces{kind.suffix}",
                mime=kind.mime,
                on_click="ignore",
            )
        if job.film is not None:
            st.download_button(
                "Annotated video (MP4)",
                job.film,
                file_name=f"{stem}-faces.mp4",
                mime="video/mp4",
                on_click="ignore",
            )
        st.download_button(
            "Report (HTML)",
            partial(report_html, name, job),
            file_name=f"{stem}-report.html",
            mime="text/html",
            on_click="ignore",
        )
    rows = len(job.recording.faces)
    st.html(
        f'<p class="small">The table has {counted(rows, "row")}: one for each face in each picture '
        f"analysed, with its place, time, person and the {len(EMOTIONS)} probabilities by that "
        "picture alone.</p>"
    )


def _table(name: str, job: Job, kind: Kind) -> bytes:
    return table_bytes(job.recording.rows(name), kind)
