"""Scripts that reach into the iframe of streamlit-webrtc's component (same origin as the page).

The component shows a refused camera as "NotAllowedError: Permission denied" in its own iframe and
never reports it to the server; ``camera_notice.js`` reads it there and shows our text instead. The
component asks for one resolution, at the start; ``camera_resolution.js`` wraps ``getUserMedia`` and
changes the resolution of a running camera; ``fullscreen.js`` shows the video on the whole screen;
``camera_shortcut.js`` takes a key that is pressed there. Where the iframe cannot be reached, the
component's own message and resolution stay.
"""

from __future__ import annotations

from collections.abc import Mapping

from emotion.app.streamlit_patches.script_component import script_component

_notice = script_component(
    "camera_notice",
    html='<p class="camera-notice" role="alert" hidden></p>',
    css="camera_notice.css",
)
_resolution = script_component("camera_resolution")
_shortcut = script_component("camera_shortcut")
_fullscreen = script_component(
    "fullscreen",
    html='<button type="button" class="page-button" disabled></button>',
    css="page_button.css",
)


def camera_notice(texts: Mapping[str, str], *, stop_label: str, offered: bool, key: str) -> None:
    """Draws the notice that says what is wrong with the camera, hidden while nothing is.

    Args:
        texts: By the name of the browser's error; also "waiting", "insecure" and "other".
        stop_label: Of the component's stop button, which tells that the camera was asked for.
        offered: Whether the server has the browser's offer: the camera was then granted.
        key: Of the notice.
    """
    _notice(data={"texts": dict(texts), "stop": stop_label, "offered": offered}, key=key)


def request_resolution(size_wh: tuple[int, int], key: str) -> None:
    """Makes the visitor's camera deliver about (width, height) pixels; draws nothing."""
    _resolution(data={"size": list(size_wh)}, key=key)


def fullscreen_button(label: str, key: str) -> None:
    """Draws a button that shows the live video on the whole screen; disabled without a video."""
    _fullscreen(data={"label": label}, key=key, width="content")


def frame_shortcut(letter: str, *, button: str, key: str) -> None:
    """Has a key press a button of the page also while the camera's iframe has the focus.

    Args:
        letter: On the key; lower case.
        button: Key of the Streamlit button.
        key: Of the component.
    """
    _shortcut(data={"key": letter, "button": button}, key=key)
