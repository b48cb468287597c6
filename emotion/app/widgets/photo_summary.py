"""The summary of several photos: one table of all faces, with the downloads for all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.captions import counted, escape_markdown, expression_caption, photo_caption
from emotion.app.widgets.photo_view import Outcome, download_button, faces_csv
from emotion.app.work import annotated_zip

_UNREADABLE, _NO_FACE = "Unreadable", "No face found"


def row_label(name: str, photo: Outcome) -> str:
    """The line of a photo's row, in Markdown: its name, and what was found.

    Args:
        name: The visitor's file name.
        photo: Result of the photo.
    """
    found = photo_caption(photo.faces) if isinstance(photo, AnalyzedPhoto) else f"{_UNREADABLE}."
    return f"**{escape_markdown(name, 40)}** · {found}"


def summary_title(photos: Sequence[tuple[str, Outcome]]) -> str:
    """Such as "Summary: 5 faces in 4 photos, 1 without a face, 1 unreadable"."""
    analyzed = [photo for _, photo in photos if isinstance(photo, AnalyzedPhoto)]
    faces, faceless = sum(len(p.faces) for p in analyzed), sum(not p.faces for p in analyzed)
    title = f"Summary: {counted(faces, 'face')} in {counted(len(photos), 'photo')}"
    title += f", {faceless} without a face" if faceless else ""
    unreadable = len(photos) - len(analyzed)
    return f"{title}, {unreadable} unreadable" if unreadable else title


def photo_summary(photos: Sequence[tuple[str, Outcome]]) -> None:
    """Draws the title, the table and the downloads.

    Args:
        photos: Of each its file name and its result.
    """
    st.header(summary_title(photos), anchor=False, divider="gray")
    rows = [row for name, photo in photos for row in _rows(name, photo)]
    analyzed = [(name, photo) for name, photo in photos if isinstance(photo, AnalyzedPhoto)]
    if any(photo.faces for _, photo in analyzed):
        with st.container(horizontal=True):
            download_button(
                "Download all as one table (CSV)", partial(faces_csv, analyzed), "faces.csv", 0
            )
            download_button(
                "Download all pictures (ZIP)", partial(annotated_zip, analyzed), "faces.zip", 0
            )
    # A long file name must not push the answer out of a phone's screen.
    widths = {
        "Photo": st.column_config.Column(width=130),
        "Face": st.column_config.Column(width=50),
    }
    st.dataframe(
        rows, hide_index=True, height="auto" if len(rows) < 8 else 320, column_config=widths
    )


def _rows(name: str, photo: Outcome) -> list[dict[str, str]]:
    if not isinstance(photo, AnalyzedPhoto):
        found = [("", _UNREADABLE)]
    elif not photo.faces:
        found = [("", _NO_FACE)]
    else:
        found = [
            (str(number), expression_caption(face.probabilities))
            for number, face in enumerate(photo.faces, start=1)
        ]
    return [{"Photo": name, "Face": face, "Apparent expression": text} for face, text in found]
