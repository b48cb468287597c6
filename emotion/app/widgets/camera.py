"""The camera widget: a visitor's camera through a live processor and back to the visitor.

A thin layer over streamlit-webrtc. Frames are processed on the server's event loop
(``async_processing=False``): our processor returns in about a millisecond because it analyses on
its own thread, whereas the library's asynchronous mode adds a frame of delay, an unbounded queue
and a thread per viewer.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

import cv2
import streamlit as st
from streamlit_webrtc import WebRtcMode, webrtc_streamer

from emotion.app.captions import SECURE_PAGES_ONLY
from emotion.app.ice import ice_servers, rtc_configuration
from emotion.app.streamlit_patches.camera_component import Stream, keep_starting_stream
from emotion.app.streamlit_patches.camera_frame import camera_notice, servers_at_start
from emotion.app.streamlit_patches.camera_offers import (
    install_offer_limits,
    install_relay_policy,
)
from emotion.live import LiveProcessor
from emotion.live.aiortc_patches.bounded_decoders import install_bounded_decoders
from emotion.live.aiortc_patches.bounded_queues import install_bounded_queues
from emotion.live.aiortc_patches.vp8_settings import install_vp8_settings

START, STOP, CHOOSE_CAMERA = "Start", "Stop", "Choose camera"

_VIDEO = {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30, "max": 30}}
_log = logging.getLogger(__name__)

_NOTICES = {
    "waiting": "Waiting for the camera. If the browser asks, allow this page to use it.",
    "NotAllowedError": (
        "The browser did not let this page use the camera. Allow the camera with the icon in the "
        f"address bar (a camera, a lock or sliders), then press {START} again."
    ),
    "NotFoundError": (
        f"No camera was found. Plug one in or switch it on, then press {START} again."
    ),
    "NotReadableError": (
        "The camera cannot be read. Usually another program uses it, such as a video call. Close "
        f"that program, then press {START} again."
    ),
    "OverconstrainedError": (
        f"The chosen camera does not respond. Press {CHOOSE_CAMERA}, choose another one, then "
        f"press {START} again."
    ),
    "insecure": (
        f"{SECURE_PAGES_ONLY} Open this page at such an address, then press {START} again."
    ),
    "other": f"The camera could not be started. Reload the page, then press {START} again.",
}
"""Texts of the notice, by the name of the browser's ``getUserMedia`` error."""

RESOLUTIONS = {"320 × 240": (320, 240), "640 × 480": (640, 480), "1280 × 720": (1280, 720)}
"""(width, height) in pixels that a visitor may ask the camera for."""

DEFAULT_RESOLUTION = "640 × 480"

install_vp8_settings()
install_bounded_decoders()
install_offer_limits()
install_relay_policy()
# Several OpenCV threads wait for each other by spinning: on two cores 1.2 ms of the other core for
# 0.2 ms of work, several times a frame.
cv2.setNumThreads(1)
try:
    install_bounded_queues()
except RuntimeError:
    _log.exception("The stream runs with the library's own queues: it may fall behind under load.")


def camera(key: str, make_processor: Callable[[], LiveProcessor]) -> Stream:
    """Draws the video with its start button, and the notice under it.

    Args:
        key: Of the component and of its context in the session's state.
        make_processor: Called once for each start.

    Returns:
        The stream: ``state`` says whether it connects or plays, ``video_processor`` is the
        processor of the running stream.

    Raises:
        ValueError: If the server's ICE settings do not have the documented form.
    """
    user: str = st.session_state.setdefault(f"{key}-turn-user", secrets.token_hex(8))
    servers = ice_servers(user)
    keep_starting_stream(key)
    context: Stream = webrtc_streamer(
        key=key,
        mode=WebRtcMode.SENDRECV,
        frontend_rtc_configuration=rtc_configuration([]),  # the servers come at the start
        server_rtc_configuration=rtc_configuration(servers),
        media_stream_constraints={"video": _VIDEO, "audio": False},
        video_processor_factory=make_processor,
        async_processing=False,
        sendback_audio=False,
        media_toggle_controls=False,
        video_html_attrs={
            "autoPlay": True,
            "controls": False,
            "muted": True,  # browsers autoplay only muted video
            "playsInline": True,
            "style": {"width": "100%", "borderRadius": "0.5rem", "backgroundColor": "#000"},
        },
        translations={
            "start": START,
            "stop": STOP,
            "select_device": CHOOSE_CAMERA,
            "device_ask_permission": "Allow this page to use the camera",
            "device_access_denied": "The browser did not let this page use the camera",
            "device_not_available": "No camera available",
            "media_api_not_available": "This browser does not give this page a camera",
        },
    )
    if servers:
        servers_at_start(lambda: ice_servers(user), key=f"{key}-servers")
    offered = context.state.signalling or context.state.playing
    camera_notice(_NOTICES, stop_label=STOP, offered=offered, key=f"{key}-notice")
    return context
