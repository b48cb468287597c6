"""Two results of the Photo page side by side: two photos, or one photo under two models.

The page's own model has answered already; another model classifies the same faces when it is
chosen. Its answers are kept for as long as the photo is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import streamlit as st

import emotion
from emotion.app import layout
from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.captions import counted
from emotion.app.widgets.face_cards import face_cards_html, face_rows_html, photo_cards
from emotion.app.work import photo_probabilities
from emotion.models.spec import classifier_names, models_folder
from emotion.types import EMOTIONS, Face, Floats

_KEY, _ANSWERS = "photo:compare", "photo:compared"
_MAX_CARDS = 4  # more faces get a row each, which opens
_SIDES = ("First", "Second")

Answers = WeakKeyDictionary[AnalyzedPhoto, dict[str, Floats]]
"""Of each photo and each other model, the probabilities of its faces, (N, 7)."""


def comparison(photos: Sequence[tuple[str, AnalyzedPhoto]]) -> None:
    """Draws the switch of the comparison, and under it the two results once it is on.

    Args:
        photos: Of each its file name and its result. Those without a face are left out.
    """
    with_faces = [(name, photo) for name, photo in photos if photo.faces]
    models = _models(models_folder())
    if len(with_faces) * len(models) < 2:
        return

    def panel() -> None:
        if not st.toggle("Compare side by side", key=_KEY):
            return
        columns = st.columns(2, gap="medium")
        chosen = []
        for index, (column, side) in enumerate(zip(columns, _SIDES, strict=True)):
            with column:
                number, model = _choice(with_faces, models, side, index)
                name, photo = with_faces[number]
                chosen.append((number, _result(name, photo, model, is_own=model == models[0])))
        (left_photo, left), (right_photo, right) = chosen
        if left_photo == right_photo and left and right:
            layout.small_text(agreement_caption(left, right))

    st.fragment(panel)()


def agreement_caption(left: Sequence[Face], right: Sequence[Face]) -> str:
    """Such as "Both give the same label to 3 of 4 faces."; the same faces in the same order."""
    same = sum(one.label == other.label for one, other in zip(left, right, strict=True))
    return f"Both give the same label to {same} of {counted(len(left), 'face')}."


@lru_cache(maxsize=4)
def _models(_root: Path) -> tuple[str, ...]:
    return classifier_names()


def _choice(
    photos: Sequence[tuple[str, AnalyzedPhoto]], models: Sequence[str], side: str, index: int
) -> tuple[int, str]:
    """The photo and the model that the visitor chose for one side."""
    number = 0
    if len(photos) > 1:
        number = st.selectbox(
            f"{side} photo",
            range(len(photos)),
            index=index,
            format_func=lambda i: f"{i + 1}: {photos[i][0][:60]}",
            key=f"{_KEY}:{side}:photo",
        )
    model = models[0]
    if len(models) > 1:
        model = st.selectbox(
            f"{side} model",
            models,
            index=index if len(photos) == 1 else 0,
            format_func=lambda name: f"{name} (this page's)" if name == models[0] else name,
            key=f"{_KEY}:{side}:model",
        )
    return number, model


def _result(name: str, photo: AnalyzedPhoto, model: str, *, is_own: bool) -> Sequence[Face]:
    """Draws one result; returns its faces, none where the other model failed."""
    faces: Sequence[Face] = photo.faces
    if not is_own:
        try:
            faces = _classified_by(photo, model)
        except emotion.EmotionError as error:
            layout.show_error(error, name)
            return ()
    cards = photo_cards(faces, photo.thumbnails, photo.views)
    st.html((face_cards_html if len(cards) <= _MAX_CARDS else face_rows_html)(cards))
    return faces


def _classified_by(photo: AnalyzedPhoto, model: str) -> list[Face]:
    """The photo's faces with another model's probabilities, classified once."""
    answers: Answers = st.session_state.setdefault(_ANSWERS, Answers())
    of_photo = answers.setdefault(photo, {})
    if model not in of_photo:
        with st.spinner("Analysing …"):
            rows = photo_probabilities(photo, model)
        if rows.shape != (len(photo.faces), len(EMOTIONS)):
            raise emotion.EmotionError("The other model gave no answer; try again.")
        of_photo[model] = rows
    return [
        replace(face, probabilities=row)
        for face, row in zip(photo.faces, of_photo[model], strict=True)
    ]
