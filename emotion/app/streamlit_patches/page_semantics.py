"""Landmarks, names and announcements for assistive technology that Streamlit does not give.

``st.container`` is always a ``div`` and ``st.page_link`` never says which place is shown;
``page_semantics.js`` sets the attributes in the browser and keeps them set. It also reads out
results: an element with ``data-announce`` is announced when it appears or its text changes, at most
every few seconds.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_semantics = st.components.v2.component(
    "emotion_page_semantics",
    js=(Path(__file__).parent / "page_semantics.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def page_semantics(current: str) -> None:
    """Names the navigation and what is on the page; draws nothing.

    Args:
        current: The text of the shown place's link.
    """
    _semantics(
        data={
            "current": current,
            "navigation": "Places",
            "camera": "Camera",
            "video": "Video with labelled faces",
        },
        key="page-semantics",
    )
