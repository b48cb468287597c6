"""The people of a clip, and its moments in words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from emotion.app.captions import ADJECTIVES, counted, percent, person_caption, timecode
from emotion.app.templating import render
from emotion.app.widgets.face_cards import FaceCard
from emotion.video.moments import Moment
from emotion.video.people import Person


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
        note=f"In view from {first} to {last}, {counted(person.frames, 'frame')}; the bars are "
        "shares of these frames",
        probabilities=person.shares,
        bars_label=f"Share of each apparent expression, person {person.track_id}",
        thumbnail=thumbnail,
    )


def moment_caption(moment: Moment) -> str:
    """Such as "Person 1 looks most surprised (91%)"."""
    who, looks = f"Person {moment.track_id}", ADJECTIVES[moment.label]
    if moment.kind == "appearance":
        return f"{who} appears, looks {looks}"
    if moment.before is not None:
        return f"{who}: from {ADJECTIVES[moment.before]} to {looks}"
    return f"{who} looks most {looks} ({percent(moment.probability)})"


def moments_html(moments: Sequence[Moment]) -> Markup:
    """The moments as a list, in their order."""
    lines = [{"time": timecode(m.time_s), "text": moment_caption(m)} for m in moments]
    return render("moments.html", moments=lines)
