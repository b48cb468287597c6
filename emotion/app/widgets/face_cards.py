"""Face cards: thumbnail, caption and bars of one face, in the colour of its box.

Photo, Webcam, Video and the report all show these cards; they differ in what they fill in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from emotion.app.captions import face_caption, quality_caption
from emotion.app.face_view import FaceView
from emotion.app.templating import render
from emotion.app.widgets.bars import bars_html
from emotion.imaging.annotation import face_color
from emotion.types import Face

_MOVING = re.compile(r",? \(?(over )?\d+%\)?")
"""A percentage in a caption."""


@dataclass(frozen=True, kw_only=True)
class FaceCard:
    """What one card shows.

    Args:
        kind: "face" in photos and the live stream, "person" in a clip.
        number: As on the box in the picture, from 1; sets the colour.
        title: The card's heading.
        note: A smaller line under it, if any.
        probabilities: Shape (7,); for a person, the share of each expression in time.
        bars_label: What the bars show, for screen readers.
        thumbnail: Data URL of a square picture, if any.
        sparkline: From ``sparkline_html``, if any.
        change: How the face differs from its resting face, if the session has one.
        resting: Probabilities of the resting face, (7,), if there is one for this face.
    """

    kind: Literal["face", "person"] = "face"
    number: int
    title: str
    note: str = ""
    probabilities: npt.NDArray[np.float32]
    bars_label: str
    thumbnail: str = ""
    sparkline: Markup | None = None
    change: str = ""
    resting: npt.NDArray[np.float32] | None = None

    @property
    def name(self) -> str:
        """Such as "Face 1"."""
        return f"{self.kind.capitalize()} {self.number}"

    @property
    def spoken(self) -> str:
        """What is read out when it changes: title and note without percentages."""
        text = f"{self.title}: {self.note}" if self.note else self.title
        return _MOVING.sub("", text)

    @property
    def color(self) -> tuple[int, int, int]:
        """RGB of the face's box."""
        return face_color(self.number - 1)

    @property
    def bars(self) -> Markup:
        """The bars of the probabilities."""
        is_share = self.kind == "person"
        return bars_html(
            self.probabilities,
            self.color,
            label=self.bars_label,
            shares=is_share,
            resting=self.resting,
        )


def face_cards_html(cards: Iterable[FaceCard]) -> Markup:
    """The cards in a grid, for ``st.html``; faces under a heading for screen readers.

    A clip's people stand under a heading that everybody sees.
    """
    shown = list(cards)
    heading = "Faces" if any(card.kind == "face" for card in shown) else ""
    return render("face_cards.html", cards=shown, heading=heading)


def face_rows_html(cards: Iterable[FaceCard]) -> Markup:
    """The cards as rows of a line each, which open; for ``st.html``."""
    return render("face_rows.html", cards=list(cards))


def photo_cards(
    faces: Sequence[Face], thumbnails: Sequence[str], views: Sequence[FaceView]
) -> list[FaceCard]:
    """A card for each face of a photo, numbered from 1 in their order."""
    return [
        FaceCard(
            number=number,
            title=face_caption(face, number),
            note=quality_caption(view.quality),
            probabilities=face.probabilities,
            bars_label=f"Probabilities of face {number}",
            thumbnail=picture,
        )
        for number, (face, picture, view) in enumerate(
            zip(faces, thumbnails, views, strict=True), start=1
        )
    ]
