"""Private parts of streamlit-webrtc and aiortc that the camera widget needs.

``keep_starting_stream``: streamlit-webrtc resets the component when the session's run counter has
moved by more than one since the component was last drawn, which it takes for a visit to another
page (``component.py``, ``_get_or_create_context``). Streamlit moves that counter on its event loop,
after the run, so that the quick reruns of a start (offer, candidates, answer) often see it jump by
two: about one start in eight ended at once. We disable that check and make our own: a component
that was not drawn in the session's last run has lost its widget state.

``round_trip_ms``: streamlit-webrtc does not expose the peer connection, and aiortc reports the
round-trip time only on its event loop; we read the attribute in which aiortc stores it.
"""

from __future__ import annotations

import logging
from typing import Any, TypeAlias

import streamlit as st
from streamlit_webrtc import component as library

Stream: TypeAlias = library.WebRtcStreamerContext[Any, Any]
"""A visitor's stream as streamlit-webrtc sees it."""

ROUND_TRIP = "_RTCRtpSender__rtt"
"""Attribute of aiortc's ``RTCRtpSender``, in seconds; None before the first report."""

_log = logging.getLogger(__name__)


def keep_starting_stream(key: str) -> None:
    """Keeps the component's stream through quick reruns; must run just before it is drawn.

    Args:
        key: Of the component.
    """
    context = st.session_state.get(key)
    if context is None:
        return
    context._last_rendered_run_count = None
    if library.generate_frontend_component_key(key) not in st.session_state:
        _log.debug("The visitor was on another page: the stream of that visit is ended.")
        library._reset_context(context)


def round_trip_ms(stream: Stream) -> float | None:
    """Smoothed round-trip time between server and browser, from RTCP receiver reports.

    The browser sends a report about once a second (RFC 3550, 6.4.1).

    Returns:
        Milliseconds, or None before the first report.
    """
    connection = getattr(stream._get_worker(), "pc", None)
    for sender in connection.getSenders() if connection is not None else ():
        seconds: float | None = getattr(sender, ROUND_TRIP, None)
        if seconds is not None:
            return 1000 * max(seconds, 0.0)
    return None
