"""The page: `streamlit run app.py`. The four places and the row of links that leads to them."""

import importlib

import streamlit as st

from emotion.app import shared


def _place(module: str) -> None:
    # Only the place that is shown is imported: the webcam's libraries are not needed for a photo.
    importlib.import_module(f"emotion.app.{module}").page()


def _photo() -> None:
    _place("photo")


def _webcam() -> None:
    _place("webcam")


def _video() -> None:
    _place("video")


def _about() -> None:
    _place("about")


st.set_page_config(page_title="Emotion", page_icon=shared.ICON, layout="wide")
PLACES = [
    st.Page(_photo, title="Photo", default=True),
    st.Page(_webcam, title="Webcam", url_path="webcam"),
    st.Page(_video, title="Video", url_path="video"),
    st.Page(_about, title="About", url_path="about"),
]
place = st.navigation(PLACES, position="hidden")
shared.frame(PLACES, place)
place.run()
