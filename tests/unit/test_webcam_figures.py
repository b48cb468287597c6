"""The read-out beside the live picture, and where its round trip is read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCRtpSender

from emotion.app.webcam_figures import figures_html
from emotion.app.webrtc import ROUND_TRIP, round_trip_ms
from emotion.live import LiveSnapshot
from emotion.live.load_shedding import LoadLevel

SEEN = LiveSnapshot(
    frames=90, analyzed=40, frames_per_s=29.6, analysis_ms=7.2, behind_ms=35.4, size_wh=(640, 480)
)


def test_the_delay_is_the_sum_of_what_is_known() -> None:
    assert "47 ms delay" in figures_html(SEEN, 12.0)
    assert "way to the server and back takes 12 ms" in figures_html(SEEN, 12.0)
    unknown = figures_html(SEEN, None)
    assert "35 ms delay" in unknown
    assert "is not known yet" in unknown
    assert "data-round-trip-ms" not in unknown


def test_figures_that_are_not_there_are_not_shown() -> None:
    line = figures_html(LiveSnapshot(), None)
    assert "delay" not in line.partition(">")[2]
    assert "analysis" not in line.partition(">")[2]
    paused = figures_html(LiveSnapshot(paused=True, behind_ms=30.0, analyzed=1), 1.0)
    assert "Paused" in paused
    assert "delay" not in paused.partition(">")[2]
    assert "busy" in figures_html(LiveSnapshot(level=LoadLevel.REDUCED_ANALYSIS), None)


def stream(connection: object) -> Any:
    """What ``round_trip_ms`` sees of a visitor's stream."""
    worker = None if connection is None else SimpleNamespace(pc=connection)
    return SimpleNamespace(_get_worker=lambda: worker)


@pytest.mark.parametrize(("seconds", "milliseconds"), [(0.012, 12.0), (None, None), (-0.001, 0.0)])
def test_the_round_trip_is_the_senders(seconds: float | None, milliseconds: float | None) -> None:
    sender = RTCRtpSender("video", SimpleNamespace(state="new"))  # type: ignore[arg-type]
    # Fails when aiortc keeps it elsewhere.
    assert getattr(sender, ROUND_TRIP) is None
    setattr(sender, ROUND_TRIP, seconds)
    assert round_trip_ms(stream(SimpleNamespace(getSenders=lambda: [sender]))) == milliseconds


def test_without_a_connection_there_is_no_round_trip() -> None:
    assert round_trip_ms(stream(None)) is None
