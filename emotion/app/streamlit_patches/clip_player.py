"""Joins ``st.video`` and the timeline: seeks the video, shows its position, marks events at it.

Streamlit's video widget takes a start time, but loads the video anew for each; and it does not tell
its position. ``clip_player.js`` reaches the video and the chart by the keys of the containers that
hold them, "picture-clip" and "timeline". Where it cannot, video and chart work without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from emotion.app.streamlit_patches.script_component import script_component

_player = script_component("clip_player", css="clip_player.css")
_event = script_component(
    "clip_event",
    html='<button type="button" class="page-button"><span></span><kbd>M</kbd></button>',
    css="page_button.css",
    uses=("keys",),
)


@dataclass(frozen=True, slots=True)
class ClipMoment:
    """A time that the visitor chose, in seconds of the clip; ``count`` tells two choices apart."""

    time_s: float
    count: int


def join_player(
    moment: ClipMoment | None, *, offset_s: float, first_s: float, last_s: float, key: str
) -> None:
    """Seeks the video to the moment, and draws the playhead on the chart; shows nothing itself.

    Args:
        moment: What the visitor chose last, if anything.
        offset_s: Time of the clip at which the video that is shown begins.
        first_s: Time at the chart's left end.
        last_s: Time at its right end.
        key: Of the component.
    """
    _player(
        data={
            "seek": None if moment is None else moment.time_s,
            "count": 0 if moment is None else moment.count,
            "offset": offset_s,
            "low": first_s,
            "high": max(last_s, first_s + 0.1),
        },
        key=key,
    )


def event_button(
    label: str, on_mark: Callable[[float], object], *, offset_s: float, key: str
) -> None:
    """Draws a button that marks an event at the video's position; the M key does the same.

    Args:
        label: On the button.
        on_mark: Takes the time in seconds of the clip, before the page is rerun.
        offset_s: Time of the clip at which the video that is shown begins.
        key: Of the component.
    """

    def marked() -> None:
        time_s = st.session_state[key].get("marked")
        if isinstance(time_s, int | float):
            on_mark(float(time_s))

    _event(
        data={"label": label, "offset": offset_s}, key=key, width="content", on_marked_change=marked
    )
