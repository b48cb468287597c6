"""The Webcam page: the annotated stream, beside it cards that follow it, at the end a summary.

The stream runs between the browser and a ``LiveProcessor``. The page only publishes the processor's
newest result, in a fragment that runs twice a second while the camera is on, so the page itself is
not rerun. What is published stands in the picture, the cards, the sparklines and the table alike.
"""

from __future__ import annotations

import logging
import time
import weakref
from dataclasses import dataclass

import streamlit as st

from emotion.app import layout
from emotion.app.captions import change_caption, expression_caption
from emotion.app.limits import DEFAULT_VIEWERS, max_viewers
from emotion.app.refusals import count_refusal
from emotion.app.streamlit_patches.camera_component import round_trip_ms
from emotion.app.templating import render
from emotion.app.widgets.affect_plot import LIVE_PATH, affect_plot_html, live_points
from emotion.app.widgets.camera import START, camera
from emotion.app.widgets.face_cards import FaceCard, face_cards_html
from emotion.app.widgets.session_summary import session_summary
from emotion.app.widgets.sparkline import SECONDS, sparkline_html
from emotion.app.widgets.stream_stats import stream_stats_html
from emotion.app.widgets.webcam_controls import RECORD, webcam_controls
from emotion.live import ADMISSION, LiveProcessor, LiveSnapshot, ServerFullError, SettingsHolder
from emotion.live.admission import server_full_message
from emotion.live.history import MAX_PUBLISHED_HZ, LiveHistory
from emotion.tracking import TrackedFace

MAX_CARDS = 3
UPDATE_EVERY_S = 1 / MAX_PUBLISHED_HZ
SLOW_CONNECTION_S = 10.0
CHECK_FOR_ROOM_EVERY_S = 3.0

_KEY = "webcam"
_log = logging.getLogger(__name__)

_PRIVACY = (
    "Your pictures go to the server that runs this page, stay in its memory only while they are "
    "analysed (a snapshot while it is shown, the results of the last ten minutes until you clear "
    "them or leave), and are neither stored nor passed on."
)
_NO_ROUTE = (
    "your browser and the server found no way to send video to each other. Often a firewall or VPN "
    "is the reason: try another network, or ask whoever runs this page to set up a TURN server."
)


@dataclass(slots=True)
class _Connection:
    """How this visitor's present or last start went; kept in the session."""

    since_s: float | None = None
    was_slow: bool = False

    def update(self, *, signalling: bool, playing: bool) -> None:
        """Takes the component's state."""
        if playing:
            self.since_s, self.was_slow = None, False
        elif signalling:
            if self.since_s is None:
                self.since_s, self.was_slow = time.monotonic(), False
            self.was_slow = time.monotonic() - self.since_s >= SLOW_CONNECTION_S
        else:
            self.since_s = None


class _OwnStream:
    """This visitor's own stream, known as soon as it is admitted.

    The component knows it only once the connection is negotiated; the page's reruns until then
    would take the visitor's own stream for somebody else's.
    """

    def __init__(self) -> None:
        self._processor: weakref.ref[LiveProcessor] | None = None

    @property
    def processor(self) -> LiveProcessor | None:
        """The newest stream's processor, if it still exists."""
        return None if self._processor is None else self._processor()

    @processor.setter
    def processor(self, processor: LiveProcessor) -> None:
        self._processor = weakref.ref(processor)


def page() -> None:
    """Draws the page."""
    layout.headline(
        "Live from your camera",
        "Every face gets a box, and its probabilities follow it while you move.",
    )
    analyzer = layout.analyzer_or_stop()
    holder: SettingsHolder = st.session_state.setdefault(f"{_KEY}-settings", SettingsHolder())
    limit = _viewer_limit()
    own: _OwnStream = st.session_state.setdefault(f"{_KEY}-own", _OwnStream())
    if limit is not None and ADMISSION.active(excluding=own.processor) >= limit:
        _wait_for_room(limit)
        layout.footer()
        return
    # One grid (page.css): on a wide screen the settings stand under the video, on a phone under the
    # cards.
    with st.container(key="webcam-layout"):
        stage, beside, below = (
            st.container(key=f"webcam-{name}") for name in ("stage", "results", "controls")
        )

    made: list[LiveProcessor] = []

    def make_processor() -> LiveProcessor:
        processor = LiveProcessor(analyzer, holder)
        made.append(processor)
        ADMISSION.admit(processor, limit, replacing=own.processor)
        own.processor = processor
        return processor

    with stage:
        try:
            stream = camera(_KEY, make_processor)
        except ServerFullError:  # somebody else was faster
            _end(made)
            _wait_for_room(limit or 0)
            return
        except Exception as error:  # noqa: BLE001 - an invalid setting or a failed handshake
            _log.exception("The camera component could not be drawn.")
            _end(made)
            st.error(
                f"The camera cannot be used at the moment ({type(error).__name__}: {error}). "
                "Reload the page and try again."
            )
            return
    playing, signalling = stream.state.playing, stream.state.signalling
    connection: _Connection = st.session_state.setdefault(f"{_KEY}-connection", _Connection())

    def results() -> None:
        connection.update(signalling=signalling, playing=playing)
        processor = stream.video_processor
        if playing and processor is not None:
            _stream_results(processor.publish(), processor.history, round_trip_ms(stream))
        else:
            _no_stream(connection, signalling=signalling)

    live = playing or signalling
    with beside:
        st.fragment(results, run_every=UPDATE_EVERY_S if live else None)()
    with below:
        st.fragment(lambda: webcam_controls(holder, stream.video_processor))()
    st.caption(_PRIVACY)
    layout.footer()


def _end(processors: list[LiveProcessor]) -> None:
    """Ends the processors of a start that failed; their places are free immediately."""
    for processor in processors:
        processor.on_ended()


def _viewer_limit() -> int | None:
    """The configured limit; the default where the setting is invalid, which is logged."""
    try:
        return max_viewers()
    except ValueError:
        _log.exception("The limit of viewers is invalid; the default is used.")
        return DEFAULT_VIEWERS


def _wait_for_room(limit: int) -> None:
    """Says that the server is full, and reruns the page once there is room."""
    count_refusal("server_full")
    st.info(server_full_message(limit))

    def check() -> None:
        if ADMISSION.active() < limit:
            st.rerun()

    st.fragment(check, run_every=CHECK_FOR_ROOM_EVERY_S)()


def _no_stream(connection: _Connection, *, signalling: bool) -> None:
    """The text beside a video that is not running."""
    if signalling and connection.was_slow:
        st.warning(f"This takes longer than usual: {_NO_ROUTE}")
    elif signalling:
        layout.hint("Connecting…", "The camera is on; the page is connecting to the server.")
    else:
        if connection.was_slow:
            st.error(f"The connection could not be made: {_NO_ROUTE}")
        record: LiveHistory | None = st.session_state.get(RECORD)
        if record is not None and record.duration_s:
            _ended_session(record)
            return
        layout.hint(
            f"Press {START} to begin",
            "Each face in the video gets a number, and a card here with the probabilities of the "
            "seven apparent expressions.",
        )


def _ended_session(record: LiveHistory) -> None:
    """The summary of the last session, with a button that forgets it."""
    session_summary(record)
    layout.small_text(f"Press {START} to begin another session; it replaces this one.")
    if st.button("Clear session", key="webcam-clear"):
        st.session_state.pop(RECORD, None)
        st.rerun()


def _stream_results(seen: LiveSnapshot, record: LiveHistory, round_trip_ms: float | None) -> None:
    """The stream's statistics, and below them cards of the largest faces, or why there are none."""
    st.html(stream_stats_html(seen, round_trip_ms))
    if not seen.analyzed:
        layout.hint("Starting…", "The first results are on their way.")
    elif not seen.frames_per_s:
        layout.hint("The video has stopped", "No pictures arrive from the camera at the moment.")
    elif seen.failed:
        layout.hint(
            "No analysis at the moment", "This picture could not be analysed; the video continues."
        )
    elif not seen.faces:
        layout.hint(
            "No face in view",
            "Look towards the camera, come closer, or bring more light to your face.",
        )
    else:
        _cards(seen, record)


def _cards(seen: LiveSnapshot, record: LiveHistory) -> None:
    """One card per face, all in one element so that they are drawn at once."""
    shown = seen.faces[:MAX_CARDS]
    note = ""
    if len(seen.faces) > len(shown):
        note = f"{len(seen.faces)} faces in the video; the {len(shown)} largest have a card."
    st.html(
        render(
            "live_cards.html",
            cards=face_cards_html(_card(face, record, seen.time_s) for face in shown),
            note=note,
            plot=affect_plot_html(live_points(shown, record, seen.time_s), path_name=LIVE_PATH),
        )
    )


def _card(face: TrackedFace, record: LiveHistory, until_s: float | None) -> FaceCard:
    number = face.track_id
    sparkline = sparkline_html(
        *record.timeline(number, SECONDS, until_s), title=f"Face {number} over the last minute"
    )
    baseline = record.baseline
    resting = None if baseline is None else baseline.probabilities.get(number)
    return FaceCard(
        number=number,
        title=f"Face {number}",
        note=expression_caption(face.probabilities),
        probabilities=face.probabilities,
        bars_label=f"Face {number}" + ("" if resting is None else ", change from the resting face"),
        sparkline=sparkline,
        change="" if baseline is None else change_caption(face.probabilities, resting),
        resting=resting,
    )
