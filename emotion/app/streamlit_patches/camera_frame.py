"""Scripts that reach into the iframe of streamlit-webrtc's component (same origin as the page).

The component shows a refused camera as "NotAllowedError: Permission denied" in its own iframe and
never reports it to the server; ``camera_notice.js`` reads it there and shows our text instead. The
component asks for one resolution, at the start; ``camera_resolution.js`` wraps ``getUserMedia`` and
changes the resolution of a running camera; ``fullscreen.js`` shows the video on the whole screen;
``camera_shortcut.js`` takes a key that is pressed there. Where the iframe cannot be reached, the
component's own message and resolution stay.

The component takes the ICE servers when it is drawn. ``camera_servers.js`` asks for them when the
visitor presses Start and adds them before the browser gathers its candidates, so that whoever only
looks at the page gets no login of the TURN server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from emotion.app.streamlit_patches.script_component import script_component

_IFRAME = ("camera_iframe",)

_notice = script_component(
    "camera_notice",
    html='<p class="camera-notice" role="alert" hidden></p>',
    css="camera_notice.css",
    uses=_IFRAME,
)
_resolution = script_component("camera_resolution", uses=_IFRAME)
_shortcut = script_component("camera_shortcut", uses=(*_IFRAME, "keys"))
_servers = script_component("camera_servers", uses=_IFRAME)
_fullscreen = script_component(
    "fullscreen",
    html='<button type="button" class="page-button" disabled></button>',
    css="page_button.css",
    uses=_IFRAME,
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


def servers_at_start(make_servers: Callable[[], list[dict[str, Any]]], key: str) -> None:
    """Gives the visitor's browser ICE servers at each start; draws nothing.

    Args:
        make_servers: Called once for each start; returns what an ``RTCConfiguration`` has as
            ``iceServers``.
        key: Of the component and, with a suffix, of the newest start in the session's state.
    """
    state = f"{key}-given"

    def started() -> None:
        start = st.session_state[key].start
        st.session_state[state] = {"start": start, "servers": make_servers()}

    @st.fragment
    def draw() -> None:
        _servers(data=st.session_state.get(state), key=key, on_start_change=started)

    draw()


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
