"""The piece around streamlit-webrtc: a viewer's camera, through a processor, back to the viewer.

Everything that leans on the library's inside stands here, with its reason; written for
streamlit-webrtc 0.79 (``pyproject.toml`` holds it below 0.80):

1. ``_prepare`` (START race). The library resets the component when the session's run counter moved
   by more than one since the component was last drawn, which it takes for a visit to another page
   (``component.py``, ``_get_or_create_context``). But Streamlit moves that counter on its event
   loop, after the run, so the quick runs of a start (offer, candidates, answer) often see it jump
   by two, and about one start in eight died at once. We take the counter away from that test and
   make the same test by what is really meant: a component that was not drawn in the session's last
   run has lost its widget state.
2. ``webrtc.js`` (look and errors). The component shows a refused camera as
   "NotAllowedError: Permission denied" in a frame of its own and never tells the server. The
   script, part of the page, reads that from the frame (same origin) and says it in our words.
   Where it cannot reach the frame, the component's own message stays.
3. ``webrtc_size.js`` (resolution). The component asks the camera for one size, at the start. The
   script wraps the frame's ``getUserMedia`` and tells a running camera of another size.
4. Queues, jitter buffer and encoder: see ``emotion/live/aiortc_patches``, installed here. OpenCV
   gets one thread: several wait for each other by spinning, which on two cores took 1.2 ms of the
   other core for .2 ms of work, several times a frame.
5. The picture is processed on the server's event loop (``async_processing=False``): our processor
   returns in about a millisecond because it analyses on a thread of its own. The library's
   asynchronous mode would add a frame of delay, an unbounded queue, and a thread for each viewer.
6. ``round_trip_ms``. The library keeps its connection to itself, and aiortc 1.16 tells the round
   trip only on its event loop; the number itself is read where aiortc keeps it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import streamlit as st
from streamlit_webrtc import WebRtcMode, webrtc_streamer
from streamlit_webrtc import component as library

from emotion.app.ice import rtc_configuration
from emotion.live import LiveProcessor
from emotion.live.aiortc_patches.bounded_queues import install_bounded_queues
from emotion.live.aiortc_patches.vp8_settings import install_vp8_settings

START, STOP, CHOOSE_CAMERA = "Start", "Stop", "Choose camera"

Stream: TypeAlias = library.WebRtcStreamerContext[Any, Any]
"""A visitor's stream as the library sees it."""

ROUND_TRIP = "_RTCRtpSender__rtt"
"""Attribute of aiortc's ``RTCRtpSender``, in seconds; None before the first report."""

_VIDEO = {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30, "max": 30}}
_log = logging.getLogger(__name__)

_NOTICES = {
    "waiting": "Waiting for the camera. If the browser asks, allow this page to use it.",
    "NotAllowedError": (
        "The browser did not let this page use the camera. Allow the camera with the sign beside "
        f"the page's address (a camera, a lock or sliders), then press {START} again."
    ),
    "NotFoundError": (
        f"No camera was found. Plug one in or switch it on, then press {START} again."
    ),
    "NotReadableError": (
        "The camera is there, but it cannot be read: most often another program uses it, such as "
        f"a video call. Close that program, then press {START} again."
    ),
    "OverconstrainedError": (
        f"The chosen camera does not answer. Press {CHOOSE_CAMERA}, take another one, then press "
        f"{START} again."
    ),
    "insecure": (
        "Browsers hand the camera only to pages opened over https:// or on localhost. Open this "
        f"page by such an address, then press {START} again."
    ),
    "other": f"The camera could not be started. Reload the page, then press {START} again.",
}

SIZES = {"320 × 240": (320, 240), "640 × 480": (640, 480), "1280 × 720": (1280, 720)}
"""(width, height) in pixels that a visitor may ask the camera for."""

DEFAULT_SIZE = "640 × 480"

_notice = st.components.v2.component(
    "emotion_camera_notice",
    html='<p class="camera-notice" role="alert" hidden></p>',
    css="""
        .camera-notice {
            margin: 0; padding: .75rem 1rem; border-radius: .5rem; line-height: 1.45;
            color: var(--st-text-color); background: var(--st-secondary-background-color);
            border-left: .25rem solid var(--st-primary-color);
        }
        .camera-notice.failed { border-left-color: #d9534f; }
        .camera-notice[hidden] { display: none; }
    """,
    js=(Path(__file__).parent / "webrtc.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


_size = st.components.v2.component(
    "emotion_camera_size",
    js=(Path(__file__).parent / "webrtc_size.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)

install_vp8_settings()
cv2.setNumThreads(1)
try:
    install_bounded_queues()
except RuntimeError:
    _log.exception("The stream runs with the library's own queues: it may fall behind under load.")


def ask_for_size(size_wh: tuple[int, int], key: str) -> None:
    """Has the visitor's camera deliver about that size, from now on; draws nothing."""
    _size(data={"size": list(size_wh)}, key=f"{key}-asked-size")


def camera(key: str, make_processor: Callable[[], LiveProcessor]) -> Stream:
    """The component with its start button and picture, and the notice under it.

    make_processor: called once for each start. The context's ``state`` tells whether it connects
    or plays, its ``video_processor`` is the processor of the running stream. Raises ``ValueError``
    when the server's ICE settings are not of the documented form.
    """
    configuration = rtc_configuration()
    _prepare(key)
    context: Stream = webrtc_streamer(
        key=key,
        mode=WebRtcMode.SENDRECV,
        rtc_configuration=configuration,
        media_stream_constraints={"video": _VIDEO, "audio": False},
        video_processor_factory=make_processor,
        async_processing=False,
        sendback_audio=False,
        media_toggle_controls=False,
        video_html_attrs={
            "autoPlay": True,
            "controls": False,
            "muted": True,  # browsers start only silent video by themselves
            "playsInline": True,
            "style": {"width": "100%", "borderRadius": "0.5rem", "backgroundColor": "#000"},
        },
        translations={
            "start": START,
            "stop": STOP,
            "select_device": CHOOSE_CAMERA,
            "device_ask_permission": "Allow this page to use the camera",
            "device_access_denied": "The browser did not let this page use the camera",
            "device_not_available": "No camera that can be used",
            "media_api_not_available": "This browser gives no camera to this page",
        },
    )
    offered = context.state.signalling or context.state.playing
    _notice(data={"texts": _NOTICES, "stop": STOP, "offered": offered}, key=f"{key}-notice")
    return context


def round_trip_ms(stream: Stream) -> float | None:
    """Milliseconds from the server to the browser and back, smoothed; None while it is not known.

    From the receiver reports that the browser sends about once a second (RFC 3550, 6.4.1).
    """
    connection = getattr(stream._get_worker(), "pc", None)
    for sender in connection.getSenders() if connection is not None else ():
        seconds: float | None = getattr(sender, ROUND_TRIP, None)
        if seconds is not None:
            return 1000 * max(seconds, 0.0)
    return None


def _prepare(key: str) -> None:
    """Patch 1 of the module's list; must run just before the component is drawn."""
    context = st.session_state.get(key)
    if context is None:
        return
    context._last_rendered_run_count = None
    if library.generate_frontend_component_key(key) not in st.session_state:
        _log.debug("The visitor was on another page: the stream of that visit is ended.")
        library._reset_context(context)
