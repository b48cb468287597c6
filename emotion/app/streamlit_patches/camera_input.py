"""The notice in place of Streamlit's camera input where the browser gives the page no camera."""

from __future__ import annotations

from emotion.app.streamlit_patches.script_component import script_component

_notice = script_component(
    "camera_input",
    html='<p class="camera-notice failed" role="alert" hidden></p>',
    css="camera_notice.css",
)


def insecure_camera_notice(text: str, key: str) -> None:
    """Shows the text instead of ``st.camera_input`` on pages that are not secure.

    Browsers give the camera to https pages and to localhost alone. On others Streamlit's widget
    asks for a permission that nobody can give.
    """
    _notice(data={"text": text}, key=key)
