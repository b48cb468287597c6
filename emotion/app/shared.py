"""What all places share: the frame of the page, the analyzer, and errors turned into sentences."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from starlette.formparsers import MultiPartParser

import emotion
from emotion.app.sessions import drop, forget_uploads, forget_who_left
from emotion.app.words import plain

# Streamlit 1.67 reads an upload through Starlette, which by its own default passes everything over
# 1 MB through a temporary file; what a visitor gives stays in memory.
MultiPartParser.spool_max_size = 1 << 30

ICON = str(Path(__file__).parent / "icon.png")

_PLACE = "place"
"""The session's entry for the place that is shown."""

_STYLE = (Path(__file__).parent / "style.css").read_text()
_BRAND = (
    '<a href="./" target="_self" class="brand" aria-label="Emotion, to the first page">'
    '<img alt="" src="data:image/png;base64,'
    f'{base64.b64encode(Path(ICON).read_bytes()).decode()}"><span>Emotion</span></a>'
)
_FOOTER = (
    "Shows the apparent expression of a face, not what a person feels. "
    "Pictures stay in this server's memory only while they are shown."
)


def frame(places: Sequence[st.Page], place: st.Page) -> None:
    """The style, the links to the places, and a clean slate for the one that was entered."""
    forget_who_left()
    st.html(f"<style>{_STYLE}</style>")
    with st.container(key="site-header", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_BRAND, width="content")
        for each in places:
            st.page_link(each, label=each.title)
    _forget_other_places(place.title)


def footer() -> None:
    """The line under every place."""
    st.html(f'<p class="site-footer">{_FOOTER}</p>')


def headline(title: str, text: str = "") -> None:
    """The place's title, with a sentence under it where there is still room for one."""
    lead = f'<p class="lead">{text}</p>' if text else ""
    st.html(f'<h1 class="headline">{title}</h1>{lead}')


@st.cache_resource(show_spinner="Getting the model ready …")
def load() -> emotion.Analyzer:
    """The default model's analyzer, loaded once for all visitors; ``ModelError`` without one."""
    return emotion.load_analyzer()


def analyzer_or_stop() -> emotion.Analyzer:
    """The analyzer; without a model, a sentence instead of the rest of the page."""
    try:
        return load()
    except emotion.EmotionError as error:
        show_error(error)
        st.stop()


def show_error(error: emotion.EmotionError, name: str = "") -> None:
    """The error's sentence on the page, after the visitor's name of the file."""
    text = plain(str(error), 400)
    st.error(f"**{plain(name)}**: {text}" if name else text)


def _forget_other_places(title: str) -> None:
    """Drops what other places kept for this visitor: pictures do not outlive being shown.

    Places name their entries of the session "photo:...", "video:..." and so on.
    """
    if st.session_state.get(_PLACE, title) != title:
        forget_uploads()
    st.session_state[_PLACE] = title
    for key in list(st.session_state):
        owner, mark, _ = str(key).partition(":")
        if mark and owner in ("photo", "video", "webcam") and owner != title.lower():
            drop(st.session_state[key])
            del st.session_state[key]
