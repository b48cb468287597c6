"""Landmarks, names and announcements for assistive technology that Streamlit does not give.

``st.container`` is always a ``div`` and ``st.page_link`` never says which place is shown;
``page_semantics.js`` sets the attributes in the browser and keeps them set. It also reads out
results: an element with ``data-announce`` is announced when it appears or its text changes, at most
every few seconds.
"""

from __future__ import annotations

from emotion.app.streamlit_patches.script_component import script_component

_semantics = script_component("page_semantics", uses=("camera_iframe",))


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
            "overlay": "Hints and menus",
        },
        key="page-semantics",
    )
