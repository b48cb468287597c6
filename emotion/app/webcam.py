"""The Webcam place: the annotated stream, and beside it a chart that follows it.

The stream runs between browser and ``LiveProcessor``; the page only reads the processor's newest
result, in a fragment that runs about once a second while the camera is on, so the page itself is
not run again.
"""

from __future__ import annotations

import logging
import time
import weakref
from dataclasses import dataclass
from html import escape

import streamlit as st

from emotion.app import shared
from emotion.app.bars import bars_html
from emotion.app.limits import DEFAULT_VIEWERS, max_viewers
from emotion.app.strip import SECONDS, strip_html
from emotion.app.webcam_controls import controls
from emotion.app.webcam_figures import figures_html
from emotion.app.webrtc import START, camera, round_trip_ms
from emotion.app.words import looks
from emotion.imaging.annotation import face_color
from emotion.live import ADMISSION, LiveProcessor, LiveSnapshot, ServerFullError, SettingsHolder
from emotion.live.admission import server_full_message
from emotion.live.history import LiveHistory
from emotion.tracking import TrackedFace

MAX_CHARTS = 3
UPDATE_EVERY_S = 1.0
SLOW_CONNECTION_S = 10.0
LOOK_FOR_ROOM_EVERY_S = 3.0

_KEY = "webcam"
_log = logging.getLogger(__name__)

_PRIVACY = (
    "Your pictures go to the server that runs this page, stay in its memory for the moment of the "
    "analysis (a still while it is shown, the answers of the last ten minutes until you leave), "
    "and are neither stored nor passed on."
)
_NO_ROUTE = (
    "your browser and the server found no way to send video to each other. A firewall or VPN often "
    "is the reason: try another network, or ask whoever runs this page to set up a TURN server."
)


@dataclass(slots=True)
class _Connection:
    """How this visitor's present or last start went; kept in the session."""

    since_s: float | None = None
    was_slow: bool = False

    def follow(self, *, signalling: bool, playing: bool) -> None:
        """Takes note of the component's state."""
        if playing:
            self.since_s, self.was_slow = None, False
        elif signalling:
            if self.since_s is None:
                self.since_s, self.was_slow = time.monotonic(), False
            self.was_slow = time.monotonic() - self.since_s >= SLOW_CONNECTION_S
        else:
            self.since_s = None


class _Own:
    """This visitor's own stream, known from the moment that it takes a place.

    Not read from the component: that knows it only when the connection is negotiated, and the runs
    of the page in between would take the visitor's own stream for somebody else's.
    """

    def __init__(self) -> None:
        self._processor: weakref.ref[LiveProcessor] | None = None

    @property
    def processor(self) -> LiveProcessor | None:
        """The newest stream's, if there is one still."""
        return None if self._processor is None else self._processor()

    @processor.setter
    def processor(self, processor: LiveProcessor) -> None:
        self._processor = weakref.ref(processor)


def page() -> None:
    """Draws the place."""
    shared.headline(
        "Live from your camera",
        "Every face gets a box, and its probabilities follow it while you move.",
    )
    analyzer = shared.analyzer_or_stop()
    holder: SettingsHolder = st.session_state.setdefault(f"{_KEY}-settings", SettingsHolder())
    limit = _limit()
    own: _Own = st.session_state.setdefault(f"{_KEY}-own", _Own())
    if limit is not None and ADMISSION.active(excluding=own.processor) >= limit:
        _wait_for_room(limit)
        shared.footer()
        return
    picture, beside = st.columns([3, 2], gap="large")

    def make_processor() -> LiveProcessor:
        processor = LiveProcessor(analyzer, holder)
        ADMISSION.admit(processor, limit, replacing=own.processor)
        own.processor = processor
        return processor

    with picture:
        try:
            context = camera(_KEY, make_processor)
        except ServerFullError:  # somebody else was quicker
            _wait_for_room(limit or 0)
            return
        except Exception as error:  # noqa: BLE001 - a faulty setting or a failed handshake
            _log.exception("The camera component could not be drawn.")
            st.error(
                f"The camera cannot be used at the moment ({type(error).__name__}: {error}). "
                "Reload the page and try again."
            )
            return
    playing, signalling = context.state.playing, context.state.signalling
    connection: _Connection = st.session_state.setdefault(f"{_KEY}-connection", _Connection())

    def beside_the_picture() -> None:
        connection.follow(signalling=signalling, playing=playing)
        processor = context.video_processor
        if playing and processor is not None:
            _show_stream(processor.snapshot(), processor.history, round_trip_ms(context))
        else:
            _show_rest(connection, signalling=signalling)

    live = playing or signalling
    with beside:
        st.fragment(beside_the_picture, run_every=UPDATE_EVERY_S if live else None)()
    # Under both: on a phone the chart follows the picture, and what is set once comes after it.
    st.fragment(lambda: controls(holder, context.video_processor, analyzer))()
    st.caption(_PRIVACY)
    shared.footer()


def _limit() -> int | None:
    """See ``max_viewers``; the default where the setting is faulty, which the log tells."""
    try:
        return max_viewers()
    except ValueError:
        _log.exception("The number of viewers is not understood; the default is used.")
        return DEFAULT_VIEWERS


def _wait_for_room(limit: int) -> None:
    """Says that all places are taken, and draws the page anew once one is free."""
    st.info(server_full_message(limit))

    def look() -> None:
        if ADMISSION.active() < limit:
            st.rerun()

    st.fragment(look, run_every=LOOK_FOR_ROOM_EVERY_S)()


def _show_rest(connection: _Connection, *, signalling: bool) -> None:
    """What stands beside a picture that does not run."""
    if signalling and connection.was_slow:
        st.warning(f"This takes longer than usual: {_NO_ROUTE}")
    elif signalling:
        _say("Connecting…", "The camera is on; the connection to the server is being made.")
    else:
        if connection.was_slow:
            st.error(f"The connection could not be made: {_NO_ROUTE}")
        _say(
            f"Press {START} to begin",
            "Each face in the picture gets a number, and here a chart of the seven apparent "
            "expressions that follows it.",
        )


def _show_stream(seen: LiveSnapshot, record: LiveHistory, way_ms: float | None) -> None:
    """Charts of the largest faces, or why there are none, over the stream's figures."""
    if not seen.analyzed:
        _say("Starting…", "Waiting for the first picture.")
    elif not seen.frames_per_s:
        _say("The picture stands still", "No pictures arrive from the camera at the moment.")
    elif seen.failed:
        _say("No analysis at the moment", "This picture could not be analysed; the video goes on.")
    elif not seen.faces:
        _say(
            "No face in view",
            "Look towards the camera, come closer, or bring more light to your face.",
        )
    else:
        _show_faces(seen, record)
    st.html(figures_html(seen, way_ms))


def _show_faces(seen: LiveSnapshot, record: LiveHistory) -> None:
    """One card a face, as in the Photo place; all in one element, so that it is drawn at once."""
    shown = seen.faces[:MAX_CHARTS]
    cards = "".join(_card_html(face, record) for face in shown)
    st.html(f'<div class="face-cards">{cards}</div>')
    if len(seen.faces) > len(shown):
        st.caption(f"{len(seen.faces)} faces in the picture; the {len(shown)} largest have a card.")


def _card_html(face: TrackedFace, record: LiveHistory) -> str:
    number, color = face.track_id, face_color(face.track_id - 1)
    bars = bars_html(face.probabilities, color, title=f"Face {number}")
    strip = strip_html(*record.timeline(number, SECONDS), title="The last minute")
    return (
        f'<section class="face-card" style="--face:rgb{color}" data-face="{number}">'
        f"<header><div><h3>Face {number}</h3><p>{escape(looks(face.probabilities))}</p></div>"
        f"</header>{bars}{strip}</section>"
    )


def _say(headline: str, text: str) -> None:
    """A calm notice where the charts will stand."""
    st.html(
        '<div class="emotion-hint" role="status" style="padding:1rem 1.1rem;border-radius:.5rem;'
        'background:color-mix(in srgb, currentColor 6%, transparent)">'
        f'<p style="margin:0 0 .25rem;font-weight:650">{escape(headline)}</p>'
        f'<p style="margin:0;opacity:.82">{escape(text)}</p></div>'
    )
