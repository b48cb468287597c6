"""The statistics of a live stream, as shown beside it."""

from __future__ import annotations

from emotion.app.widgets.stream_stats import stream_stats_html
from emotion.live import LiveSnapshot
from emotion.live.load_shedding import LoadLevel

SEEN = LiveSnapshot(
    frames=90, analyzed=40, frames_per_s=29.6, analysis_ms=7.2, behind_ms=35.4, size_wh=(640, 480)
)


def test_the_delay_is_the_sum_of_what_is_known() -> None:
    assert "47 ms delay" in stream_stats_html(SEEN, 12.0)
    assert "round trip to the server takes 12 ms" in stream_stats_html(SEEN, 12.0)
    unknown = stream_stats_html(SEEN, None)
    assert "35 ms delay" in unknown
    assert "is not known yet" in unknown
    assert "data-round-trip-ms" not in unknown


def test_figures_that_are_not_there_are_not_shown() -> None:
    line = stream_stats_html(LiveSnapshot(), None)
    assert "delay" not in line.partition(">")[2]
    assert "analysis" not in line.partition(">")[2]
    paused = stream_stats_html(LiveSnapshot(paused=True, behind_ms=30.0, analyzed=1), 1.0)
    assert "Paused" in paused
    assert "delay" not in paused.partition(">")[2]
    assert "busy" in stream_stats_html(LiveSnapshot(level=LoadLevel.REDUCED_ANALYSIS), None)
