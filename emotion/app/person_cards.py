"""A recording's persons and their moments of change in plain HTML, for the page and the report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from emotion.app.bars import bars_html
from emotion.app.words import LOOKS, clock, counted, person_sentence
from emotion.imaging.annotation import face_color
from emotion.video.persons import Change, Person


def person_card(person: Person, thumbnail: str) -> str:
    """A card: the thumbnail (a data address, or empty), when in view, the shares."""
    color = face_color(person.track_id - 1)
    picture = f'<img src="{thumbnail}" alt="Person {person.track_id}">' if thumbnail else ""
    bars = bars_html(
        person.shares, color, title=f"Share of each apparent expression, person {person.track_id}"
    )
    when = f"In view from {clock(person.first_s)} to {clock(person.last_s)}"
    return (
        f'<article class="face-card" style="--face:rgb{color}" data-person="{person.track_id}">'
        f"<header>{picture}<div><h3>{escape(person_sentence(person.track_id, person.shares))}</h3>"
        f"<p>{when}, {counted(person.frames, 'picture')}</p></div></header>{bars}</article>"
    )


def moments_html(found: Sequence[Change]) -> str:
    """The moments of change as a list."""
    items = "".join(
        f"<li><b>{clock(change.time_s)}</b> Person {change.track_id}: from "
        f"{LOOKS[change.before]} to {LOOKS[change.after]}</li>"
        for change in found
    )
    return f'<ol class="moments">{items}</ol>'
