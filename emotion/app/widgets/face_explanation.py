"""The panel under a photo's cards that explains the answer for one face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from markupsafe import Markup

from emotion.app import layout
from emotion.app.captions import percent, quality_notes
from emotion.app.evaluation_report import read_report
from emotion.app.explanation import HeatMap, heat_maps
from emotion.app.face_view import FaceView
from emotion.app.reliability import Reliability, reliability
from emotion.app.templating import render
from emotion.expression.occlusion import GRID
from emotion.models.spec import EVAL_FILE, model_folder
from emotion.types import Face

_FIELD = "Why this answer?"
_KEPT = "photo:explanation:"


@dataclass(frozen=True)
class _Kept:
    """The last explanation of a photo, for as long as its face stays chosen."""

    view: FaceView
    maps: tuple[HeatMap, HeatMap]


def face_explanation(faces: Sequence[Face], views: Sequence[FaceView], number: int) -> None:
    """Draws a choice of the faces, and the explanation of the one that is chosen.

    Args:
        faces: The photo's faces.
        views: A view of each.
        number: Of the photo on the page; makes the keys unique.
    """

    def panel() -> None:
        names = [f"Face {i}" for i in range(1, len(faces) + 1)]
        chosen = st.pills(_FIELD, names, key=f"photo:explain:{number}")
        if chosen is None:
            return
        index = names.index(chosen)
        st.html(explanation_html(faces[index], views[index], _maps(views[index], number)))

    st.fragment(panel)()


def forget_explanations(but: Sequence[FaceView] = ()) -> None:
    """Deletes the explanations that are kept, but those of the given faces."""
    for key in [key for key in map(str, st.session_state) if key.startswith(_KEPT)]:
        if not any(st.session_state[key].view is view for view in but):
            del st.session_state[key]


def explanation_html(face: Face, view: FaceView, maps: Sequence[HeatMap]) -> Markup:
    """The heat maps with what limits the answer.

    Args:
        face: With its probabilities.
        view: Of the face.
        maps: From ``heat_maps``.
    """
    folder = model_folder()
    found = reliability(
        read_report(folder / EVAL_FILE),
        layout.load().spec.default_head,
        float(face.probabilities.max()),
    )
    notes = [*quality_notes(view.quality), reliability_text(found)]
    return render("explanation.html", maps=maps, notes=notes, positions=GRID * GRID)


def reliability_text(found: Reliability | None) -> str:
    """How often answers of this confidence were right, in one sentence.

    Args:
        found: From the model's evaluation, or None where it has no such figures.
    """
    if found is None:
        return "This model's evaluation does not say how often answers this sure are right."
    low, high = found.interval
    return (
        f"Answers about this sure ({percent(found.low)} to {percent(found.high)}) were right for "
        f"{found.right} of {found.n} test faces that the model never saw in training: "
        f"{percent(found.right / found.n)}, 95% interval {percent(low)} to {percent(high)}."
    )


def _maps(view: FaceView, number: int) -> tuple[HeatMap, HeatMap]:
    """The view's heat maps; made once, not in each rerun of the page."""
    kept: _Kept | None = st.session_state.get(f"{_KEPT}{number}")
    if kept is None or kept.view is not view:
        kept = _Kept(view, heat_maps(view, layout.load()))
        st.session_state[f"{_KEPT}{number}"] = kept
    return kept.maps
