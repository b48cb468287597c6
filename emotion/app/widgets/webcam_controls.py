"""What a visitor can do below the live video: settings, snapshot, events, the session's table.

Drawn in its own fragment, so that neither the page nor the stream is disturbed.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import streamlit as st

import emotion
from emotion.app import layout
from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.captions import counted, timecode
from emotion.app.streamlit_patches.camera_frame import (
    frame_shortcut,
    fullscreen_button,
    request_resolution,
)
from emotion.app.table_formats import CSV, session_table
from emotion.app.widgets.camera import DEFAULT_RESOLUTION, RESOLUTIONS
from emotion.app.widgets.photo_view import photo_view
from emotion.app.work import analyze_photo
from emotion.imaging.files import encode_image
from emotion.live import LiveHistory, LiveProcessor, LiveSettings, SettingsHolder

_SNAPSHOT, _EVENT = "webcam:snapshot", "webcam-event"
RECORD = "webcam:record"
"""Key of the session's state: the ``LiveHistory`` of the present stream or of the last one."""

SMOOTHING = {"Low": 0.25, "Medium": 1.0, "High": 3.0}
"""The choices of smoothing; see ``FaceTracker``."""


def webcam_controls(holder: SettingsHolder, processor: LiveProcessor | None) -> None:
    """Draws the settings, and the snapshot and table of the present stream or the last one.

    Args:
        holder: Takes the visitor's settings.
        processor: Of the running stream, if any.
    """
    actions = st.container()  # first what a visitor does, then what is set once
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        mirror = st.toggle("Mirror", value=True, key="webcam-mirror")
        labels = st.toggle("Labels", value=True, key="webcam-labels")
        paused = st.toggle("Pause", key="webcam-pause", disabled=processor is None)
        smoothing = st.segmented_control(
            "Smoothing",
            list(SMOOTHING),
            default="Medium",
            required=True,
            key="webcam-smoothing",
            help="More smoothing is steadier but slower.",
        )
        resolution = st.segmented_control(
            "Camera resolution",
            list(RESOLUTIONS),
            default=DEFAULT_RESOLUTION,
            required=True,
            key="webcam-resolution",
            help="In pixels. A higher resolution shows small faces better and takes more work.",
        )
    holder.settings = LiveSettings(
        mirror=mirror,
        labels=labels,
        smoothing=SMOOTHING[smoothing],
        paused=paused and processor is not None,
    )
    if processor is not None:
        st.session_state[RECORD] = processor.history
    with actions:
        _actions(processor, mirror=mirror)
    snapshot: AnalyzedPhoto | None = st.session_state.get(_SNAPSHOT)
    if snapshot is not None:
        with st.container(key="webcam-snapshot"):
            photo_view("snapshot.jpg", snapshot, 1)
        st.button("Remove snapshot", on_click=lambda: st.session_state.pop(_SNAPSHOT, None))
    # They show nothing, and would leave gaps between the others.
    frame_shortcut("m", button=_EVENT, key="webcam-event-key")
    request_resolution(RESOLUTIONS[resolution], "webcam-requested-resolution")


def _actions(processor: LiveProcessor | None, *, mirror: bool) -> None:
    """Full screen, snapshot, event and table."""
    record: LiveHistory | None = st.session_state.get(RECORD)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        fullscreen_button("Full screen", "webcam-fullscreen")
        if st.button("Take snapshot", disabled=processor is None) and processor is not None:
            _take_snapshot(processor, mirror=mirror)
        st.button(
            "Mark event",
            key=_EVENT,
            shortcut="M",
            disabled=processor is None,
            on_click=_mark_event,
            args=(record,),
            help="Numbers this moment in the table and the summary. Press M or this button.",
        )
        _resting_face(record, is_live=processor is not None)
        st.download_button(
            "Download table (CSV)",
            partial(session_table, record, CSV),
            file_name="webcam-faces.csv",
            on_click="ignore",
            disabled=record is None,
            help="The last ten minutes, five to seven rows a second for each face.",
        )
    if record is not None and record.events_s:
        last = timecode(record.events_s[-1])
        layout.small_text(f"{counted(len(record.events_s), 'event')} marked, the last at {last}.")
    if record is not None and (baseline := record.baseline) is not None:
        numbers = ", ".join(map(str, sorted(baseline.probabilities)))
        layout.small_text(
            f"Resting face set at {timecode(baseline.time_s)} for face {numbers}. The line on a "
            "bar is the resting face; the signed number is the change from it in percentage "
            "points, and so are the table's last columns as fractions. The picture shows the "
            "answer itself."
        )


def _resting_face(record: LiveHistory | None, *, is_live: bool) -> None:
    """The button that takes the faces in view as resting faces, and the one that forgets them."""
    pressed = st.button(
        "This is my resting face",
        disabled=not is_live,
        help="Look neutral for two seconds, then press: the cards show how much each face differs "
        "from how it looked then. A face that gets another number needs its own.",
    )
    if record is None:
        return
    if pressed and not record.set_baseline():
        st.info("There is no face in view.")
    if record.baseline is not None and st.button("Remove resting face"):
        record.clear_baseline()
        st.rerun(scope="fragment")


def _mark_event(record: LiveHistory | None) -> None:
    if record is not None:
        record.mark_event(time.monotonic())


def _take_snapshot(processor: LiveProcessor, *, mirror: bool) -> None:
    """Analyses the latest picture as a photo; mirrored as the visitor sees it."""
    image = processor.latest_image()
    if image is None:
        st.info("There is no picture yet; try again in a moment.")
        return
    if mirror:
        image = np.ascontiguousarray(image[:, ::-1])
    data = encode_image(image, suffix=".jpg", quality=95)
    try:
        st.session_state[_SNAPSHOT] = analyze_photo(data)
    except emotion.EmotionError as error:
        layout.show_error(error)
