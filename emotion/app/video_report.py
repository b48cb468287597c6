"""A self-contained HTML report on a clip: people, timelines, moments; it loads nothing."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from emotion.app.captions import counted, events_caption, timecode
from emotion.app.templating import render, style
from emotion.app.video_job import VideoJob
from emotion.app.widgets.person_cards import moments_html, person_card
from emotion.app.widgets.stacked_area_chart import contiguous_runs, legend_html, stacked_area_svg
from emotion.app.widgets.timeline import MAX_GAP_STEPS, over_time, summary
from emotion.video.moments import moments
from emotion.video.people import Person, people_of

_WIDTH_PX, _HEIGHT_PX = 900, 140
_MAX_PEOPLE = 40  # with a card; the table has everybody


def report_html(file_name: str, job: VideoJob) -> str:
    """The report as an HTML document.

    Args:
        file_name: Of the visitor's clip.
        job: A job that found a face and has ended or was stopped.
    """
    recording = job.recording
    people = people_of(recording)
    rest = len(people) - _MAX_PEOPLE
    more = counted(rest, "more person", "more people")
    return render(
        "report.html",
        style=style("bars.css") + style("report.css"),
        file_name=file_name,
        facts=_facts(job),
        summary=summary(recording),
        legend=legend_html(),
        people=[
            (person_card(person, job.thumbnails.get(person.track_id, "")), _chart(job, person))
            for person in people[:_MAX_PEOPLE]
        ],
        start=timecode(recording.times[0]),
        end=timecode(recording.times[-1]),
        more_people=f"{more} in the table." if rest > 0 else "",
        moments=moments_html(moments(recording)),
        model=job.model,
    )


def _facts(job: VideoJob) -> str:
    recording = job.recording
    rate = f"{1 / recording.step_s:.3g} fps" if recording.step_s else "1 frame"
    start, end = timecode(recording.times[0]), timecode(recording.times[-1])
    stopped = " Stopped before the end." if job.state == "stopped" else ""
    damaged = " Part of the clip is damaged or missing." if job.damaged else ""
    size = f"{job.info.width} × {job.info.height} pixels"
    events = f" {marked}." if (marked := events_caption(job.events_s)) else ""
    return f"{rate}, from {start} to {end}, {size}.{stopped}{damaged}{events}"


def _chart(job: VideoJob, person: Person) -> Markup:
    """A person's probabilities over the whole analysed section."""
    times, probabilities = over_time(job.recording, person.track_id)
    low, high = float(job.recording.times[0]), float(job.recording.times[-1])
    x = np.asarray((times - low) / max(high - low, 1e-9) * _WIDTH_PX)
    runs = contiguous_runs(times, MAX_GAP_STEPS * job.recording.step_s)
    return stacked_area_svg(x, probabilities, runs, width=_WIDTH_PX, height=_HEIGHT_PX)
