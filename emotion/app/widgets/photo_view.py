"""One analysed photo: the annotated picture, its face cards and its downloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

import emotion
from emotion.app import layout
from emotion.app.analyzed_photo import AnalyzedPhoto, safe_stem
from emotion.app.table_formats import CSV, table_bytes
from emotion.app.widgets.affect_plot import AffectPoint, affect_plot_html
from emotion.app.widgets.face_cards import face_cards_html, face_rows_html, photo_cards
from emotion.app.widgets.face_explanation import face_explanation
from emotion.app.widgets.photo_picture import photo_picture_html
from emotion.app.work import annotated_jpeg
from emotion.results.rows import face_rows

_MAX_CARDS_BESIDE = 4  # more cards go below the picture
_MAX_CARDS = 12  # more faces get a row each, which opens
_NO_FACE = (
    "**No face was found.** Try a picture in which a face looks towards the camera, is at least "
    "40 pixels wide, well lit, and upright."
)


Outcome = AnalyzedPhoto | emotion.EmotionError
"""Result of a photo."""


def photo_view(name: str, photo: Outcome, number: int) -> None:
    """Draws the photo with its results, or the message that says why there are none.

    Args:
        name: The visitor's file name.
        photo: Result of the photo.
        number: Of the photo on the page, from 1; makes the widgets' keys unique.
    """
    if isinstance(photo, emotion.EmotionError):
        layout.show_error(photo, name)
        return
    beside = len(photo.faces) <= _MAX_CARDS_BESIDE
    left, right = st.columns([3, 2], gap="medium") if beside else (st.container(), st.container())
    with left, st.container(key=f"picture-{number}"):
        st.html(photo_picture_html(photo))
    with right:
        if not photo.faces:
            st.info(_NO_FACE)
            return
        cards = photo_cards(photo.faces, photo.thumbnails, photo.views)
        as_html = face_cards_html if len(cards) <= _MAX_CARDS else face_rows_html
        st.html(as_html(cards))
        face_explanation(photo.faces, photo.views, number)
        with st.expander("Valence and arousal"):
            st.html(
                affect_plot_html(
                    [
                        AffectPoint(name=f"Face {i}", number=i, probabilities=face.probabilities)
                        for i, face in enumerate(photo.faces, start=1)
                    ]
                )
            )
        stem = safe_stem(name)
        with st.container(horizontal=True):
            download_button(
                "Download picture", partial(annotated_jpeg, photo), f"{stem}-faces.jpg", number
            )
            download_button(
                "Download table (CSV)",
                partial(faces_csv, [(name, photo)]),
                f"{stem}-faces.csv",
                number,
            )


def faces_csv(photos: Sequence[tuple[str, AnalyzedPhoto]]) -> bytes:
    """The table of all faces as a CSV file, with a header.

    Args:
        photos: Of each its file name and the photo.
    """
    rows = (row for name, photo in photos for row in face_rows(name, photo.faces))
    return table_bytes(rows, CSV)


def download_button(
    label: str, make: Callable[[], str | bytes], file_name: str, number: int
) -> None:
    """Draws a button whose file is made when it is pressed, without a rerun of the page.

    Args:
        label: On the button.
        make: Returns the file's content.
        file_name: That the browser suggests.
        number: Makes the button's key unique among those with this label.
    """
    st.download_button(
        label, make, file_name=file_name, on_click="ignore", key=f"photo:get:{label}:{number}"
    )
