"""The people of a clip and the moments at which their expressions changed."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from emotion.app.captions import ADJECTIVES, counted, person_caption, timecode
from emotion.app.templating import render
from emotion.app.widgets.face_cards import FaceCard
from emotion.video.people import Change, Person


def person_card(person: Person, thumbnail: str) -> FaceCard:
    """The card of one person: when in view, and the share of each expression.

    Args:
        person: Of the clip.
        thumbnail: Data URL, or empty.
    """
    first, last = timecode(person.first_s), timecode(person.last_s)
    return FaceCard(
        kind="person",
        number=person.track_id,
        title=person_caption(person.track_id, person.shares),
        note=f"In view from {first} to {last}, {counted(person.frames, 'frame')}",
        probabilities=person.shares,
        bars_label=f"Share of each apparent expression, person {person.track_id}",
        thumbnail=thumbnail,
    )


def changes_html(changes: Sequence[Change]) -> Markup:
    """The changes as a list, in their order."""
    lines = [
        {
            "time": timecode(change.time_s),
            "text": f"Person {change.track_id}: from {ADJECTIVES[change.before]} to "
            f"{ADJECTIVES[change.after]}",
        }
        for change in changes
    ]
    return render("changes.html", changes=lines)
