"""The notice in place of Streamlit's camera input where the browser gives the page no camera."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent

_notice = st.components.v2.component(
    "emotion_camera_input_notice",
    html='<p class="camera-notice failed" role="alert" hidden></p>',
    css=(_FOLDER / "camera_notice.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "camera_input.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def insecure_camera_notice(text: str, key: str) -> None:
    """Shows the text instead of ``st.camera_input`` on pages that are not secure.

    Browsers give the camera to https pages and to localhost alone. On others Streamlit's widget
    asks for a permission that nobody can give.
    """
    _notice(data={"text": text}, key=key)
