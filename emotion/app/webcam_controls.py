"""What a visitor can do under the live picture: settings, a still, the session's table.

All of it runs in a fragment of its own, so that neither the page nor the stream is disturbed.
"""

from __future__ import annotations

import streamlit as st

import emotion
from emotion.app.photo import show_photo
from emotion.app.photo_result import Photo, read_photo
from emotion.app.webrtc import DEFAULT_SIZE, SIZES, ask_for_size
from emotion.imaging.files import encode_image
from emotion.live import LiveHistory, LiveProcessor, LiveSettings, SettingsHolder
from emotion.results.rows import to_csv

_STILL = "webcam:still"
_RECORD = "webcam:record"
CALM = {"Quick": 0.25, "Balanced": 1.0, "Calm": 3.0}
"""The choices of smoothing; see ``FaceTracker``."""


def controls(
    holder: SettingsHolder, processor: LiveProcessor | None, analyzer: emotion.Analyzer
) -> None:
    """Draws the settings, the still, and the table of the present stream or of the last one."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        mirror = st.toggle("Mirror", key="webcam-mirror")
        labels = st.toggle("Labels", value=True, key="webcam-labels")
        paused = st.toggle("Pause", key="webcam-pause", disabled=processor is None)
        calm = st.segmented_control(
            "Answers follow",
            list(CALM),
            default="Balanced",
            required=True,
            key="webcam-calm",
            help="Calm ones change slowly, quick ones flicker more.",
        )
        size = st.segmented_control(
            "Camera's picture",
            list(SIZES),
            default=DEFAULT_SIZE,
            required=True,
            key="webcam-size",
            help="In pixels. A larger picture shows small faces better and costs more.",
        )
    ask_for_size(SIZES[size], "webcam")
    holder.settings = LiveSettings(
        mirror=mirror,
        labels=labels,
        smoothing=CALM[calm],
        paused=paused and processor is not None,
    )
    if processor is not None:
        st.session_state[_RECORD] = processor.history
    record: LiveHistory | None = st.session_state.get(_RECORD)
    if record is not None:
        with st.container(horizontal=True):
            if st.button("Take a still", disabled=processor is None) and processor is not None:
                _take(processor, analyzer)
            st.download_button(
                "Download table (CSV)",
                lambda: to_csv(record.rows()),
                file_name="webcam-faces.csv",
                on_click="ignore",
                help="The last ten minutes, up to five rows a second for each face.",
            )
    still: Photo | None = st.session_state.get(_STILL)
    if still is not None:
        show_photo("still.jpg", still, 1, is_only=True)
        st.button("Remove the still", on_click=lambda: st.session_state.pop(_STILL, None))


def _take(processor: LiveProcessor, analyzer: emotion.Analyzer) -> None:
    image = processor.latest_image()
    if image is None:
        st.info("There is no picture yet; try again in a moment.")
        return
    data = encode_image(image, suffix=".jpg", quality=95)
    st.session_state[_STILL] = read_photo(data, analyzer)
