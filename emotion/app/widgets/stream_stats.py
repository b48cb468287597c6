"""Statistics of a live stream, shown beside it: frame rate, delay, analysis time, resolution.

The delay is that of the boxes: from a frame's leaving the browser until its faces are drawn on a
frame that is back there. Two parts are measured: ``LiveSnapshot.behind_ms`` on the server, and
WebRTC's round-trip time. Not measured are the camera, the video codec, each end's wait for the next
frame, and the screen: together about 0.1 s at 30 fps without network delay (docs/live.md).
"""

from __future__ import annotations

from markupsafe import Markup

from emotion.app.templating import render
from emotion.live import LiveSnapshot
from emotion.live.load_shedding import LoadLevel

_DEGRADED = {
    LoadLevel.REDUCED_ANALYSIS: "The server is busy: faces are analysed less often.",
    LoadLevel.REDUCED_SIZE: (
        "The server is busy: faces are analysed less often, the video is smaller."
    ),
}


def stream_stats_html(seen: LiveSnapshot, round_trip_ms: float | None) -> Markup:
    """The statistics as one line, with their values in data attributes.

    Args:
        seen: The stream's newest state.
        round_trip_ms: Between server and browser; None while unknown.
    """
    data = {
        "data-frames": seen.frames,
        "data-analyzed": seen.analyzed,
        "data-rate": f"{seen.frames_per_s:.2f}",
        "data-analysis-ms": f"{seen.analysis_ms:.2f}",
        "data-behind-ms": f"{seen.behind_ms:.2f}",
        "data-level": seen.level,
    }
    if round_trip_ms is not None:
        data["data-round-trip-ms"] = f"{round_trip_ms:.2f}"
    parts = ["Paused" if seen.paused else f"{seen.frames_per_s:.0f} fps"]
    delay_index = None
    if seen.behind_ms and not seen.paused:
        delay_index = len(parts)
        parts.append(f"{seen.behind_ms + (round_trip_ms or 0.0):.0f} ms delay")
    if seen.analyzed:
        width, height = seen.size_wh
        parts += [f"{seen.analysis_ms:.0f} ms analysis", f"{width} × {height} pixels"]
    return render(
        "stream_stats.html",
        data=data,
        parts=parts,
        delay_index=delay_index,
        delay_explained=_explain_delay(seen.behind_ms, round_trip_ms),
        degraded=_DEGRADED.get(seen.level, ""),
    )


def _explain_delay(behind_ms: float, round_trip_ms: float | None) -> str:
    round_trip = (
        "the round trip to the server is not known yet"
        if round_trip_ms is None
        else f"the round trip to the server takes {round_trip_ms:.0f} ms"
    )
    return (
        f"How late the boxes are: a face is drawn {behind_ms:.0f} ms after the frame in which it "
        f"was found reached the server, and {round_trip}. The camera, the video codec and your "
        "screen add about a tenth of a second."
    )
