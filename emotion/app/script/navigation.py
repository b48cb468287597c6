"""The script that Streamlit runs for each visitor: four pages and their navigation."""

import importlib
import sys

import streamlit as st

from emotion.app import layout


def _run(module: str) -> None:
    waiting = st.empty()
    if f"emotion.app.pages.{module}" not in sys.modules:
        waiting.html(layout.skeleton_html())
    # Imported on demand: a photo does not need the webcam's libraries.
    page = importlib.import_module(f"emotion.app.pages.{module}").page
    waiting.empty()
    page()


# st.Page tells pages apart by their functions' names.
def _photo() -> None:
    _run("photo")


def _webcam() -> None:
    _run("webcam")


def _video() -> None:
    _run("video")


def _about() -> None:
    _run("about")


PAGES = [
    st.Page(_photo, title="Photo", default=True),
    st.Page(_webcam, title="Webcam", url_path="webcam"),
    st.Page(_video, title="Video", url_path="video"),
    st.Page(_about, title="About", url_path="about"),
]
current_page = st.navigation(PAGES, position="hidden")
st.set_page_config(
    page_title=f"{current_page.title} - Emotion", page_icon=layout.ICON, layout="wide"
)
layout.page_frame(PAGES, current_page)
current_page.run()
