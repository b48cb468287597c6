"""The Video page: finds the faces in a clip, with progress and a stop button, and shows them.

The work is a ``VideoJob`` kept in the visitor's session: whatever reruns the page, the next run
continues it; stopping keeps what is done. While the clip is there, the session holds its bytes, its
first frame, its faces, a thumbnail of each person, the annotated video, and the moment that was
clicked.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

import emotion
from emotion.app import layout
from emotion.app.captions import queue_caption, rough_duration
from emotion.app.clip_preview import playable_type
from emotion.app.kept_uploads import uploads
from emotion.app.pages import video_results, video_timeline
from emotion.app.video_job import VideoJob
from emotion.app.work import MAX_SECTION_S, PHOTOS
from emotion.app.workers import tasks
from emotion.app.workers.tasks import ClipFacts
from emotion.samples import CLIP, CREDIT
from emotion.video.info import ClipInfo
from emotion.video.people import people_of

_LEAD = "How the apparent expressions of the faces in a clip change over time, as chart and table."
_RATES: dict[str, float | None] = {"1": 1, "2": 2, "5": 5, "10": 10, "All": None}
_DEFAULT_RATE = "5"
_PROGRESS_EVERY_S = 0.25
_RESULTS_EVERY_S = 2.0  # a chart costs more to draw than a progress bar
_JOB, _START, _RATE, _BUTTON = "video:job", "video:start", "video:rate", "video:button"
_SECTION, _FACTS, _SAMPLE = "video:section", "video:facts", "video:sample"


def page() -> None:
    """Draws the page."""
    head = st.container()
    analyzer = layout.analyzer_or_stop()
    # No list of types: Streamlit would answer other files with an exception, we with a message.
    files = uploads(
        "video:upload",
        lambda key: st.file_uploader("A clip (MP4, MOV, MKV, WebM, AVI or GIF)", key=key),
        limit=1,
    )
    file = files[0] if files else _sample()
    if file is not None and _FACTS in st.session_state:
        layout.clear_button("video")
    with head:
        layout.headline("Expressions over time", "" if file else _LEAD)
    body = st.container()
    layout.footer()  # before the work, which may take minutes
    job: VideoJob | None = st.session_state.get(_JOB)
    if job is not None and (file is None or job.file_id != file.file_id):
        _discard(job)
        job = None
    if file is not None:
        with body:
            try:
                _clip(file, job, analyzer)
            except emotion.EmotionError as error:
                layout.show_error(error, file.name)


class _SampleClip(io.BytesIO):
    """The sample clip in the form of an upload."""

    def __init__(self) -> None:
        super().__init__(CLIP.read_bytes())
        self.name, self.file_id = CLIP.name, "sample"


def _sample() -> _SampleClip | None:
    """The sample clip once it was asked for; until then the button that opens and analyses it."""
    sample: _SampleClip | None = st.session_state.get(_SAMPLE)
    if sample is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Sample clip", on_click=_choose_sample)
            layout.small_text(
                "No clip at hand? This one shows three photographs in motion, nine seconds."
            )
    else:
        st.button("Close sample", on_click=lambda: st.session_state.pop(_SAMPLE, None))
        layout.small_text(f"Made from still photographs: {CREDIT}")
    return sample


def _choose_sample() -> None:
    st.session_state[_SAMPLE], st.session_state[_START] = _SampleClip(), True


def _clip(file: Any, job: VideoJob | None, analyzer: emotion.Analyzer) -> None:
    """One clip: video and timeline, beside them controls, summary, moments; below, the results."""
    known = _clip_facts(file)
    info = known.info
    left, right = st.columns([1, 1], gap="medium")
    # Always the same elements in the same order: what an earlier run drew there is replaced at
    # once, not only when this run ends.
    with right:
        layout.small_text(_facts(info))
        if info.duration_s is None or info.duration_s > MAX_SECTION_S:
            layout.small_text(
                f"A section of up to {MAX_SECTION_S / 60:.0f} minutes is analysed at a time."
            )
        job = _controls(file, job, analyzer, info)
        progress, summary, moments = st.empty(), st.empty(), st.empty()
    with left:
        has_video = _video(file, job, known)
        timeline = st.empty()
    results = st.empty()
    if job is None:
        return
    if job.state == "analysing":
        for place in (timeline, moments, results):
            place.empty()
        _work(job, progress, _SoFar(job, summary, timeline, results))
    with summary.container():
        has_faces = video_results.summary(job)
    if has_faces:
        people = people_of(job.recording)
        with timeline.container():
            track_id = video_timeline.timeline_view(job, people)
            video_timeline.player_view(job, file, has_video=has_video)
        with moments.container():
            video_timeline.moments_view(job, people, track_id)
        with results.container():
            video_results.results(file.name, job, track_id)
    if job.state == "drawing":
        _work(job, progress)


@dataclass(frozen=True, slots=True)
class _SoFar:
    """Draws the results of a running analysis in their places."""

    job: VideoJob
    summary: Any
    timeline: Any
    results: Any

    def __call__(self) -> None:
        with self.summary.container():
            video_results.shares(self.job)
        with self.timeline.container():
            video_results.timeline_so_far(self.job)
        with self.results.container():
            video_results.people_so_far(self.job)


def _clip_facts(file: Any) -> ClipFacts:
    """What a worker read of the clip, once for as long as it is there."""
    kept: tuple[str, ClipFacts] | None = st.session_state.get(_FACTS)
    if kept is None or kept[0] != file.file_id:
        st.session_state.pop(_FACTS, None)
        task, waiting = PHOTOS.task(tasks.clip_facts, file.getvalue()), st.empty()
        for _ in task.steps():
            waiting.caption(queue_caption(task.tasks_ahead) or "Reading the clip …")
        waiting.empty()
        kept = st.session_state[_FACTS] = (file.file_id, task.result)
    return kept[1]


def _video(file: Any, job: VideoJob | None, known: ClipFacts) -> bool:
    """The annotated video once there is one, else the clip where browsers play it, else a frame.

    Nothing of the visitor's goes to ``st.image``, which would open it here.

    Returns:
        Whether what is shown is a video.
    """
    mime = playable_type(known.info)
    with st.container(key="picture-clip"):
        if job is not None and job.annotated_video is not None:
            st.video(job.annotated_video, format="video/mp4", alt="Video with labelled faces")
            return True
        if mime is not None:
            st.video(file, format=mime, alt="The clip")
            return True
        st.image(known.preview, width="stretch", alt="Its first frame")
        return False


def _controls(
    file: Any, job: VideoJob | None, analyzer: emotion.Analyzer, info: ClipInfo
) -> VideoJob | None:
    """Section, frame rate, and the button that starts or stops; returns the job, if any."""
    if st.session_state.pop(_START, False):
        events_s = []
        if job is not None:
            events_s = job.events_s  # the clip is the same
            _discard(job)
        job = st.session_state[_JOB] = _new_job(file, analyzer, info)
        job.events_s = events_s
    running = job is not None and job.running
    if info.duration_s is not None and _slider_end(info) >= 1:
        st.slider(
            "Section to analyse, in seconds",
            0.0,
            _slider_end(info),
            (0.0, min(_slider_end(info), MAX_SECTION_S)),
            step=0.1,
            format="%.1f",
            key=_SECTION,
            disabled=running,
        )
    # Not as ``default``: it would have to be left out once the visitor chose, and then the browser
    # shows no choice.
    st.session_state.setdefault(_RATE, _DEFAULT_RATE)
    st.segmented_control(
        "Frames per second",
        list(_RATES),
        required=True,
        key=_RATE,
        disabled=running,
        help="A higher rate follows quick changes better and takes longer.",
    )
    # One button for all states: two would be shown together until this run ends.
    label = "Stop" if running else "Analyse" if job is None else "Analyse again"
    st.button(label, key=_BUTTON, type="secondary" if running else "primary", on_click=_on_click)
    return job


def _new_job(file: Any, analyzer: emotion.Analyzer, info: ClipInfo) -> VideoJob:
    """A job with the settings that the visitor chose."""
    rate = st.session_state.get(_RATE) or _DEFAULT_RATE
    start_s, end_s = st.session_state.get(_SECTION) or (0.0, None)
    spec = analyzer.spec
    return VideoJob(
        file.file_id,
        file.getvalue(),
        info,
        rate_hz=_RATES[rate],
        start_s=start_s,
        end_s=None if info.duration_s is None or end_s == _slider_end(info) else end_s,
        model=f"Model: {spec.name}, head: {spec.default_head}.",
    )


def _on_click() -> None:
    """The button's callback, before the page is rerun: stops the job or asks for a new one."""
    job: VideoJob | None = st.session_state.get(_JOB)
    if job is not None and job.running:
        job.stop()
    else:
        st.session_state[_START] = True


def _work(job: VideoJob, progress: Any, draw: Callable[[], None] | None = None) -> None:
    """Continues the job's present task until it ends or another run of the page takes it over.

    Args:
        job: To be continued.
        progress: Element of the progress bar.
        draw: Draws the results so far, now and then; None to draw none.
    """
    task = job.state
    progress.progress(job.fraction, text="Starting …")
    run, progress_s, results_s = job.take(), 0.0, time.monotonic()
    while job.step(run):
        if job.state != task:
            break
        now_s = time.monotonic()
        if now_s - progress_s >= _PROGRESS_EVERY_S:
            progress_s = now_s
            progress.progress(job.fraction, text=progress_text(job))
        if draw is not None and now_s - results_s >= _RESULTS_EVERY_S:
            draw()
            results_s = time.monotonic()
    st.rerun()


def progress_text(job: VideoJob) -> str:
    """Such as "9.9 of 14.0 s, about 8 s left"; without what is not known yet."""
    if waiting := queue_caption(job.tasks_ahead):
        return waiting
    left = "" if job.left_s is None else f", {rough_duration(job.left_s)} left"
    if job.state == "drawing":
        return f"Drawing the annotated video{left}"
    if not len(job.recording):
        return "Starting …"  # the worker is still reaching the section
    done_s = max(0.0, job.recording.times[-1] - job.start_s)
    total = "" if job.length_s is None else f" of {job.length_s:.1f}"
    return f"{done_s:.1f}{total} s{left}"


def _slider_end(info: ClipInfo) -> float:
    """The clip's duration rounded up to the slider's step, in seconds."""
    return -(-(info.duration_s or 0.0) * 10 // 1) / 10


def _discard(job: VideoJob) -> None:
    job.stop()
    for key in (_JOB, _FACTS, video_timeline.MOMENT, video_timeline.CLICKED_FRAME):
        st.session_state.pop(key, None)


def _facts(info: ClipInfo) -> str:
    parts = [f"{info.width} × {info.height} pixels"]
    if info.duration_s:
        parts.insert(0, f"{info.duration_s:.1f} seconds")
    if info.rate_hz:
        parts.append(f"{info.rate_hz:.0f} fps")
    return " · ".join(parts)
