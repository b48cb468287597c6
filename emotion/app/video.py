"""The Video place: a clip's faces, frame by frame, with progress, a stop, a timeline and a table.

The work is a ``Job`` kept in the visitor's session: whatever reruns the page, the next run goes on
where it was; stopping keeps what is done. Nothing of the clip is kept but its faces.
"""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import Any

import streamlit as st

import emotion
from emotion.app import shared
from emotion.app.bars import bars_html
from emotion.app.photo_result import safe_stem
from emotion.app.video_job import Job
from emotion.app.words import counted
from emotion.drawing import face_color
from emotion.errors import VideoError
from emotion.images import encode_image
from emotion.table import to_csv
from emotion.video import Clip, ClipInfo, read_frames
from emotion.video_faces import video_rows

_LEAD = "How the apparent expressions of the faces in a clip change over time, as chart and table."
_PLAYED = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}
_RATES: dict[str, float | None] = {"1": 1, "2": 2, "5": 5, "10": 10, "every": None}
_UPDATE_EVERY_S = 0.25
_USUAL_RATE = "5"
_JOB, _WANTED, _RATE, _BUTTON = "video:job", "video:wanted", "video:rate", "video:button"


def page() -> None:
    """Draws the place."""
    head = st.container()
    analyzer = shared.analyzer_or_stop()
    # No list of types: Streamlit would answer another name with an exception, we with a sentence.
    file = st.file_uploader("A clip (MP4, MOV, MKV, WebM, AVI or GIF)")
    with head:
        shared.headline("How does an expression change?", "" if file else _LEAD)
    body = st.container()
    shared.footer()  # before the work, which may take minutes
    job: Job | None = st.session_state.get(_JOB)
    if job is not None and (file is None or job.file_id != file.file_id):
        _drop(job)
        job = None
    if file is not None:
        with body:
            try:
                _clip_place(file, job, analyzer)
            except emotion.EmotionError as error:
                shared.show_error(error, file.name)


def _clip_place(file: Any, job: Job | None, analyzer: emotion.Analyzer) -> None:
    """One clip: the preview, beside it the controls and the result in short, then the timeline."""
    with Clip(file) as clip:
        info = clip.info
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _preview(file)
    # Always the same places in the same order: what an earlier run drew there is replaced at once,
    # not only when this run ends.
    with right:
        st.html(f'<p class="small">{_facts(info)}</p>')
        job = _controls(file, job, analyzer)
        beside = st.empty()
    below = st.empty()
    if job is not None and job.state == "running":
        below.empty()
        with beside:
            _work(job)
    if job is not None:
        with beside.container():
            has_faces = _in_short(job)
        if has_faces:
            with below.container():
                _timeline(file.name, job)


def _preview(file: Any) -> None:
    """The clip itself where browsers play it, else its first picture."""
    suffix = PurePath(file.name).suffix.lower()
    with st.container(key="picture-clip"):
        if suffix in _PLAYED:
            st.video(file, format=_PLAYED[suffix])
        elif suffix == ".gif":
            st.image(file.getvalue(), width="stretch", alt="The clip")
        else:
            _, _, image = next(read_frames(file))
            st.image(encode_image(image, suffix=".jpg"), width="stretch", alt="Its first picture")


def _controls(file: Any, job: Job | None, analyzer: emotion.Analyzer) -> Job | None:
    """The rate, and the button that starts or stops; the job to go on with or to show, if any."""
    if st.session_state.pop(_WANTED, False):
        if job is not None:
            _drop(job)
        rate = st.session_state.get(_RATE) or _USUAL_RATE
        job = Job(file.file_id, file, analyzer, rate_hz=_RATES[rate])
        st.session_state[_JOB] = job
    running = job is not None and job.state == "running"
    st.segmented_control(
        "Pictures analysed a second",
        list(_RATES),
        default=None if _RATE in st.session_state else _USUAL_RATE,
        required=True,
        key=_RATE,
        disabled=running,
        help="More follow quick changes better and take longer.",
    )
    # One button for all states: two would stand there together until this run ends.
    label = "Stop" if running else "Analyse" if job is None else "Analyse again"
    st.button(label, key=_BUTTON, type="secondary" if running else "primary", on_click=_press)
    return job


def _press() -> None:
    """The button's callback, before the page is drawn anew: stops, or asks for a start."""
    job: Job | None = st.session_state.get(_JOB)
    if job is not None and job.state == "running":
        job.stop()
    else:
        st.session_state[_WANTED] = True


def _work(job: Job) -> None:
    """Goes on with the job until it ends, or until another run of the page takes it over."""
    bar = st.progress(0.0, text="Starting …")
    run, shown_s = job.take(), 0.0
    while job.step(run):
        if time.monotonic() - shown_s >= _UPDATE_EVERY_S:
            shown_s = time.monotonic()
            bar.progress(job.fraction, text=_progress_text(job))
    st.rerun()


def _progress_text(job: Job) -> str:
    done = counted(len(job.results), "picture")
    return f"{done}, {job.results[-1].time_s:.1f} s of the clip, {job.speed_hz:.0f} a second"


def _in_short(job: Job) -> bool:
    """The notes, the result in words and the shares; whether there was a face at all."""
    from emotion.app import timeline  # charts only once there is something to draw

    if job.state == "failed":
        raise VideoError(job.problem)
    if job.state == "stopped":
        st.info("Stopped; what was done until then is shown.")
    elif job.damaged:
        st.warning("A part of this clip is damaged or missing; the rest is shown.")
    st.write(timeline.summary(job.results))
    share = timeline.shares(job.results)
    if share is None:
        st.info("Try a clip in which a face looks towards the camera, near and well lit.")
        return False
    st.html(bars_html(share, face_color(0), title="Share of each apparent expression in the clip"))
    return True


def _timeline(name: str, job: Job) -> None:
    """The chart over time, and the table to take along."""
    from emotion.app import timeline

    st.subheader("Over time", anchor=False)
    st.html(timeline.legend_html())
    st.altair_chart(timeline.timeline_chart(job.results), width="stretch")
    st.html(
        '<p class="small">Probabilities of the seven apparent expressions; with several faces in '
        "view, their mean. Empty where no face was found.</p>"
    )
    st.download_button(
        "Download table (CSV)",
        lambda: _csv(name, job),
        file_name=f"{safe_stem(name)}-faces.csv",
        on_click="ignore",
    )


def _csv(name: str, job: Job) -> str:
    return to_csv(row for result in job.results for row in video_rows(name, result))


def _drop(job: Job) -> None:
    job.stop()
    st.session_state.pop(_JOB, None)


def _facts(info: ClipInfo) -> str:
    parts = [f"{info.width} × {info.height} pixels"]
    if info.duration_s:
        parts.insert(0, f"{info.duration_s:.1f} seconds")
    if info.rate_hz:
        parts.append(f"{info.rate_hz:.0f} frames a second")
    return " · ".join(parts)
