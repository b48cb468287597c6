"""What a visitor can do below the live video: settings, a snapshot, the session's table.

Drawn in its own fragment, so that neither the page nor the stream is disturbed.
"""

from __future__ import annotations

import streamlit as st

import emotion
from emotion.app import layout
from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.streamlit_patches.camera_frame import request_resolution
from emotion.app.table_formats import CSV, table_bytes
from emotion.app.widgets.camera import DEFAULT_RESOLUTION, RESOLUTIONS
from emotion.app.widgets.photo_view import photo_view
from emotion.app.work import analyze_photo
from emotion.imaging.files import encode_image
from emotion.live import LiveHistory, LiveProcessor, LiveSettings, SettingsHolder

_SNAPSHOT = "webcam:snapshot"
_RECORD = "webcam:record"
SMOOTHING = {"Low": 0.25, "Medium": 1.0, "High": 3.0}
"""The choices of smoothing; see ``FaceTracker``."""


def webcam_controls(holder: SettingsHolder, processor: LiveProcessor | None) -> None:
    """Draws the settings, and the snapshot and table of the present stream or the last one.

    Args:
        holder: Takes the visitor's settings.
        processor: Of the running stream, if any.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        mirror = st.toggle("Mirror", key="webcam-mirror")
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
    request_resolution(RESOLUTIONS[resolution], "webcam-requested-resolution")
    holder.settings = LiveSettings(
        mirror=mirror,
        labels=labels,
        smoothing=SMOOTHING[smoothing],
        paused=paused and processor is not None,
    )
    if processor is not None:
        st.session_state[_RECORD] = processor.history
    record: LiveHistory | None = st.session_state.get(_RECORD)
    if record is not None:
        with st.container(horizontal=True):
            if st.button("Take snapshot", disabled=processor is None) and processor is not None:
                _take_snapshot(processor)
            st.download_button(
                "Download table (CSV)",
                lambda: table_bytes(record.rows(), CSV),
                file_name="webcam-faces.csv",
                on_click="ignore",
                help="The last ten minutes, up to five rows a second for each face.",
            )
    snapshot: AnalyzedPhoto | None = st.session_state.get(_SNAPSHOT)
    if snapshot is not None:
        photo_view("snapshot.jpg", snapshot, 1)
        st.button("Remove snapshot", on_click=lambda: st.session_state.pop(_SNAPSHOT, None))


def _take_snapshot(processor: LiveProcessor) -> None:
    image = processor.latest_image()
    if image is None:
        st.info("There is no picture yet; try again in a moment.")
        return
    data = encode_image(image, suffix=".jpg", quality=95)
    try:
        st.session_state[_SNAPSHOT] = analyze_photo(data)
    except emotion.EmotionError as error:
        layout.show_error(error)
