"""The results on the Video page: summary, people, downloads; the rest is in ``video_timeline``."""

from __future__ import annotations

from functools import partial

import streamlit as st

from emotion.app import layout
from emotion.app.analyzed_photo import safe_stem
from emotion.app.captions import counted, escape_markdown
from emotion.app.pages.video_timeline import MAX_PEOPLE
from emotion.app.table_formats import TABLE_FORMATS, TableFormat, table_bytes
from emotion.app.video_job import VideoJob
from emotion.app.video_report import report_html
from emotion.app.widgets.affect_plot import AffectPoint, affect_plot_html
from emotion.app.widgets.bars import bars_html
from emotion.app.widgets.face_cards import face_cards_html
from emotion.app.widgets.person_cards import person_card
from emotion.app.widgets.stacked_area_chart import legend_html
from emotion.errors import VideoError
from emotion.imaging.annotation import face_color
from emotion.types import EMOTIONS
from emotion.video.people import Person, people_of
from emotion.video.track_store import TrackStore

_PATH = "the whole clip, the point its mean"


def summary(job: VideoJob) -> bool:
    """Draws messages, the result in one sentence, and the share of each expression.

    Returns:
        Whether there was a face at all.

    Raises:
        VideoError: If the clip could not be analysed at all.
    """
    from emotion.app.widgets import timeline

    if job.state == "failed":
        if not len(job.recording):
            raise VideoError(job.problem)
        st.error(escape_markdown(job.problem, 400))  # what was done before is shown
    if job.state == "stopped":
        if not len(job.recording):
            st.info("Stopped before the first frame was analysed; Analyse again starts over.")
            return False
        st.info("Stopped; the results so far are shown.")
    elif job.damaged:
        st.warning("Part of this clip is damaged or missing; the rest is shown.")
    if job.video_note:
        st.info(job.video_note)
    if job.state == "done" and not len(job.recording):
        st.info("This section of the clip has no frames; make it longer.")
        return False
    st.write(timeline.summary(job.recording))
    if not shares(job):
        st.info("Try a clip in which a face looks towards the camera, near and well lit.")
        return False
    return True


def shares(job: VideoJob) -> bool:
    """Draws the share of each expression as bars; returns False when there is no face yet."""
    from emotion.app.widgets import timeline

    fractions = timeline.expression_shares(job.recording)
    if fractions is None:
        return False
    st.html(
        bars_html(
            fractions,
            face_color(0),
            label="Share of each apparent expression in the clip",
            shares=True,
        )
    )
    return True


def people_so_far(job: VideoJob) -> None:
    """Draws the people of a running analysis; without widgets, since it is redrawn often."""
    if len(job.recording.faces):
        _people(job, people_of(job.recording))


def timeline_so_far(job: VideoJob) -> None:
    """Draws the timeline of a running analysis, like ``people_so_far``."""
    from emotion.app.widgets import timeline  # loads Altair only when there is something to draw

    if len(job.recording.faces):
        st.html(legend_html())
        st.altair_chart(timeline.timeline_chart(job.recording), width="stretch", alt=timeline.ALT)


def results(name: str, job: VideoJob, track_id: int | None) -> None:
    """Draws people and downloads of an ended or stopped analysis that found a face.

    Args:
        name: The visitor's file name.
        job: The analysis.
        track_id: Of the person chosen in the timeline; None for everybody.
    """
    people = people_of(job.recording)
    _downloads(name, job)
    _people(job, people)
    chosen = [person for person in people if track_id in (None, person.track_id)]
    st.header("Valence and arousal", anchor=False)
    st.html(affect_plot_html(clip_points(job.recording, chosen[:MAX_PEOPLE]), path_name=_PATH))


def _people(job: VideoJob, people: list[Person]) -> None:
    shown = people[:MAX_PEOPLE]
    st.header("People", anchor=False)
    st.html(
        face_cards_html(
            person_card(person, job.thumbnails.get(person.track_id, "")) for person in shown
        )
    )
    rest = len(people) - len(shown)
    if rest:
        more = counted(rest, "more person", "more people")
        layout.small_text(f"{more} in view for a shorter time; all are in the table.")


def clip_points(recording: TrackStore, people: list[Person]) -> list[AffectPoint]:
    """Each person's mean over the clip, and the way there as a path.

    Args:
        recording: The clip's faces.
        people: Whom to show.
    """
    from emotion.app.widgets import timeline

    points = []
    for person in people:
        _, probabilities = timeline.over_time(recording, person.track_id)
        points.append(
            AffectPoint(
                name=f"Person {person.track_id}",
                number=person.track_id,
                probabilities=probabilities.mean(axis=0),
                path=probabilities,
            )
        )
    return points


def _downloads(name: str, job: VideoJob) -> None:
    st.header("Downloads", anchor=False)
    stem = safe_stem(name)
    with st.container(horizontal=True, gap="small"):
        for table_format in TABLE_FORMATS:
            st.download_button(
                f"Table ({table_format.name})",
                partial(_table, name, job, table_format),
                file_name=f"{stem}-faces{table_format.suffix}",
                mime=table_format.mime,
                on_click="ignore",
            )
        if job.annotated_video is not None:
            st.download_button(
                "Annotated video (MP4)",
                job.annotated_video,
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
    layout.small_text(
        f"The table has {counted(len(job.recording.faces), 'row')}: one for each face in each "
        f"analysed frame, with its box, time, person and the {len(EMOTIONS)} probabilities of that "
        "frame alone."
    )


def _table(name: str, job: VideoJob, table_format: TableFormat) -> bytes:
    return table_bytes(job.recording.rows(name, job.events_s), table_format)
