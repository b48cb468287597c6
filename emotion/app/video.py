"""The Video place: a clip's faces, frame by frame, with progress, a stop, and what came out.

The work is a ``Job`` kept in the visitor's session: whatever reruns the page, the next run goes on
where it was; stopping keeps what is done. What is kept, in memory and while the clip is there: its
bytes, its faces, a thumbnail of each person, the annotated video, the moment that was clicked.
"""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import Any

import streamlit as st

import emotion
from emotion.app import shared, video_result
from emotion.app.bars import bars_html
from emotion.app.video_job import Job
from emotion.app.words import clock, counted, plain
from emotion.errors import VideoError
from emotion.imaging.annotation import face_color
from emotion.imaging.files import encode_image
from emotion.video.info import ClipInfo
from emotion.video.reader import Clip, read_frames

_LEAD = "How the apparent expressions of the faces in a clip change over time, as chart and table."
_PLAYED = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}
_RATES: dict[str, float | None] = {"1": 1, "2": 2, "5": 5, "10": 10, "every": None}
_UPDATE_EVERY_S = 0.25
_DRAW_EVERY_S = 2.0  # the result so far: a chart costs more than a bar
_USUAL_RATE = "5"
_JOB, _WANTED, _RATE, _BUTTON = "video:job", "video:wanted", "video:rate", "video:button"
_PART = "video:part"


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
    """One clip: the picture, beside it the controls and the result in short, then the rest."""
    with Clip(file) as clip:
        info = clip.info
    left, right = st.columns([1, 1], gap="medium")
    # Always the same places in the same order: what an earlier run drew there is replaced at once,
    # not only when this run ends.
    with right:
        st.html(f'<p class="small">{_facts(info)}</p>')
        job = _controls(file, job, analyzer, info)
        bar, beside = st.empty(), st.empty()
    with left:
        _picture(file, job)
    below = st.empty()
    if job is None:
        return
    if job.state == "analysing":
        below.empty()
        _work(job, bar, beside, below)
    with beside.container():
        has_faces = _in_short(job)
    if has_faces:
        with below.container():
            video_result.result(file.name, file, job)
    if job.state == "drawing":
        _work(job, bar)


def _picture(file: Any, job: Job | None) -> None:
    """The annotated video once there is one, else the clip itself."""
    with st.container(key="picture-clip"):
        if job is not None and job.film is not None:
            st.video(job.film, format="video/mp4")
        else:
            _preview(file)


def _preview(file: Any) -> None:
    """The clip itself where browsers play it, else its first picture."""
    suffix = PurePath(file.name).suffix.lower()
    if suffix in _PLAYED:
        st.video(file, format=_PLAYED[suffix])
    elif suffix == ".gif":
        st.image(file.getvalue(), width="stretch", alt="The clip")
    else:
        _, _, image = next(read_frames(file))
        st.image(encode_image(image, suffix=".jpg"), width="stretch", alt="Its first picture")


def _controls(file: Any, job: Job | None, analyzer: emotion.Analyzer, info: ClipInfo) -> Job | None:
    """Part, rate, and the button that starts or stops; the job to go on with or show, if any."""
    if st.session_state.pop(_WANTED, False):
        if job is not None:
            _drop(job)
        rate = st.session_state.get(_RATE) or _USUAL_RATE
        start_s, end_s = st.session_state.get(_PART) or (0.0, None)
        spec = analyzer.spec
        job = Job(
            file.file_id,
            file,
            analyzer,
            rate_hz=_RATES[rate],
            start_s=start_s,
            end_s=None if info.duration_s is None or end_s == _length(info) else end_s,
            made_by=f"Model: {spec.name}, labelling {spec.default_head}.",
        )
        st.session_state[_JOB] = job
    running = job is not None and job.running
    if info.duration_s is not None and _length(info) >= 1:
        st.slider(
            "Part of the clip, in seconds",
            0.0,
            _length(info),
            (0.0, _length(info)),
            step=0.1,
            format="%.1f",
            key=_PART,
            disabled=running,
        )
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
    if job is not None and job.running:
        job.stop()
    else:
        st.session_state[_WANTED] = True


def _work(job: Job, bar: Any, beside: Any = None, below: Any = None) -> None:
    """Goes on with the task at hand until it ends, or another run of the page takes it over.

    beside, below: places for the result so far.
    """
    task = job.state
    bar.progress(job.fraction, text="Starting …")
    run, shown_s, drawn_s = job.take(), 0.0, time.monotonic()
    while job.step(run):
        if job.state != task:
            break
        now_s = time.monotonic()
        if now_s - shown_s >= _UPDATE_EVERY_S:
            shown_s = now_s
            bar.progress(job.fraction, text=progress_text(job))
        if below is not None and now_s - drawn_s >= _DRAW_EVERY_S:
            with beside.container():
                _shares(job)
            with below.container():
                video_result.so_far(job)
            drawn_s = time.monotonic()
    st.rerun()


def progress_text(job: Job) -> str:
    """Such as "120 pictures, 24.0 s of the clip, 45 a second, 8 s left"."""
    left = "" if job.left_s is None else f", {clock(job.left_s)} left"
    if job.state == "drawing":
        return f"Drawing the annotated video, {job.speed_hz:.0f} pictures a second{left}"
    done = counted(len(job.recording), "picture")
    reached_s = job.recording.times[-1] if len(job.recording) else 0.0
    return f"{done}, {reached_s:.1f} s of the clip, {job.speed_hz:.0f} a second{left}"


def _in_short(job: Job) -> bool:
    """The notes, the result in words and the shares; whether there was a face at all."""
    from emotion.app import timeline

    if job.state == "failed":
        if not len(job.recording):
            raise VideoError(job.problem)
        st.error(plain(job.problem, 400))  # what was done before is shown
    if job.state == "stopped":
        st.info("Stopped; what was done until then is shown.")
    elif job.damaged:
        st.warning("A part of this clip is damaged or missing; the rest is shown.")
    if job.film_note:
        st.info(job.film_note)
    if job.state == "done" and not len(job.recording):
        st.info("This part of the clip holds no picture; make it longer.")
        return False
    st.write(timeline.summary(job.recording))
    if not _shares(job):
        st.info("Try a clip in which a face looks towards the camera, near and well lit.")
        return False
    return True


def _shares(job: Job) -> bool:
    """The shares as bars; False when there is no face yet."""
    from emotion.app import timeline

    share = timeline.shares(job.recording)
    if share is None:
        return False
    st.html(bars_html(share, face_color(0), title="Share of each apparent expression in the clip"))
    return True


def _length(info: ClipInfo) -> float:
    """The clip's length rounded up to the slider's step, in seconds."""
    return -(-(info.duration_s or 0.0) * 10 // 1) / 10


def _drop(job: Job) -> None:
    job.stop()
    for key in (_JOB, video_result.FRAME):
        st.session_state.pop(key, None)


def _facts(info: ClipInfo) -> str:
    parts = [f"{info.width} × {info.height} pixels"]
    if info.duration_s:
        parts.insert(0, f"{info.duration_s:.1f} seconds")
    if info.rate_hz:
        parts.append(f"{info.rate_hz:.0f} frames a second")
    return " · ".join(parts)
