"""One self-contained HTML page about a clip: persons, timelines, moments; nothing is fetched."""

from __future__ import annotations

from html import escape

import numpy as np

from emotion.app.areas import areas_svg, legend_html, runs_of
from emotion.app.person_cards import moments_html, person_card
from emotion.app.timeline import GAP, over_time, summary
from emotion.app.video_job import Job
from emotion.app.words import clock, counted
from emotion.video.persons import Person, changes, persons

_WIDTH, _HEIGHT = 900, 140
_PERSONS = 40  # in full; the table has everybody
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem;
color:#1d2733;background:#fff}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
.small,.face-card p{font-size:.85rem;color:#566;margin:.1rem 0}
.face-card{border:1px solid #ccd4dc;border-left:5px solid var(--face);border-radius:.6rem;
padding:.8rem 1rem;margin:1rem 0;break-inside:avoid}
.face-card header{display:flex;gap:.8rem;align-items:center;margin-bottom:.6rem}
.face-card img{width:56px;height:56px;border-radius:.4rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem .9rem;padding:0;font-size:.85rem}
.legend span{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.35rem}
.strip svg{display:block;width:100%;height:140px;background:#f2f5f7;border-radius:.3rem}
.ends{display:flex;justify-content:space-between;font-size:.8rem;color:#566;margin-bottom:1rem}
.moments{padding-left:1.4rem;columns:2}
"""


def report_html(name: str, job: Job) -> str:
    """The report on a job whose analysis has ended or was stopped; name: the visitor's file."""
    record = job.recording
    found = persons(record)
    parts = "".join(
        person_card(person, job.thumbnails.get(person.track_id, "")) + _strip(job, person)
        for person in found[:_PERSONS]
    )
    rest = len(found) - _PERSONS
    more = f"<p>{counted(rest, 'more person')} in the table.</p>" if rest > 0 else ""
    moments = changes(record)
    changed = moments_html(moments) if moments else "<p>None that lasted.</p>"
    rate = f"{1 / record.step_s:.3g} pictures a second" if record.step_s else "1 picture"
    state = " It was stopped before the end." if job.state == "stopped" else ""
    damaged = " A part of the clip is damaged or missing." if job.damaged else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(name)}: apparent expressions</title><style>{_STYLE}</style></head><body>"
        f"<h1>Apparent expressions in {escape(name)}</h1>"
        f'<p class="small">{rate}, from {clock(record.times[0])} to {clock(record.times[-1])}, '
        f"{job.info.width} × {job.info.height} pixels.{state}{damaged}</p>"
        f"<p>{escape(summary(record))}</p><h2>Persons</h2>{legend_html()}{parts}{more}"
        f"<h2>Moments of change</h2>{changed}"
        "<h2>How to read this</h2><p>The expression that a face shows to a camera, as a classifier "
        "sees it. It is not what the person feels, it is often wrong, and it must not be used to "
        f"judge people. {escape(job.made_by)}</p></body></html>\n"
    )


def _strip(job: Job, person: Person) -> str:
    """A person's probabilities over the whole clip, with its ends named."""
    times, probabilities = over_time(job.recording, person.track_id)
    low, high = float(job.recording.times[0]), float(job.recording.times[-1])
    x = np.asarray((times - low) / max(high - low, 1e-9) * _WIDTH)
    runs = runs_of(times, GAP * job.recording.step_s)
    svg = areas_svg(x, probabilities, runs, width=_WIDTH, height=_HEIGHT)
    return (
        f'<div class="strip">{svg}</div><div class="ends"><span>{clock(low)}</span>'
        f"<span>{clock(high)}</span></div>"
    )
