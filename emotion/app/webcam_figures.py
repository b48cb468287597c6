"""The line of figures beside the live picture: frames a second, delay, analysis, size.

The delay is that of the answers: the time from a picture's leaving the browser until the faces
found in it are on a picture that is back. Two parts are measured, ``LiveSnapshot.behind_ms`` in the
server and the way there and back by WebRTC's own reports; what is not seen from here is the camera,
the coding of the video, the wait of each end for the next frame, and the screen. On a network
without delay those are about a tenth of a second at 30 frames a second (docs/live.md).
"""

from __future__ import annotations

from html import escape

from emotion.live import LiveSnapshot
from emotion.live.load_shedding import LoadLevel

_GIVEN_UP = {
    LoadLevel.REDUCED_ANALYSIS: "The server is busy: the answers come less often.",
    LoadLevel.REDUCED_SIZE: (
        "The server is busy: the answers come less often, the picture is smaller."
    ),
}


def figures_html(seen: LiveSnapshot, round_trip_ms: float | None) -> str:
    """The read-out for ``st.html``, its numbers in data attributes too.

    round_trip_ms: from the server to the browser and back; None while it is not known.
    """
    width, height = seen.size_wh
    parts = ["Paused" if seen.paused else f"{seen.frames_per_s:.0f} frames a second"]
    if seen.behind_ms and not seen.paused:
        delay_ms = seen.behind_ms + (round_trip_ms or 0.0)
        parts.append(
            f'<span title="{escape(_of_delay(seen.behind_ms, round_trip_ms))}"'
            ' style="cursor:help;text-decoration:underline dotted;text-underline-offset:.2em">'
            f"{delay_ms:.0f} ms delay</span>"
        )
    if seen.analyzed:
        parts += [f"{seen.analysis_ms:.0f} ms analysis", f"{width} × {height} pixels"]
    way = "" if round_trip_ms is None else f' data-round-trip-ms="{round_trip_ms:.2f}"'
    line = " ".join(f"<span>{part}</span>" for part in parts)
    return (
        f'<p class="emotion-figures" data-frames="{seen.frames}" data-analyzed="{seen.analyzed}"'
        f' data-rate="{seen.frames_per_s:.2f}" data-analysis-ms="{seen.analysis_ms:.2f}"'
        f' data-behind-ms="{seen.behind_ms:.2f}"{way} data-level="{seen.level}"'
        ' style="margin:0;display:flex;flex-wrap:wrap;gap:0 1rem;font-size:.875rem;opacity:.7;'
        'font-variant-numeric:tabular-nums">'
        f"{line}</p>{_given_up_html(seen.level)}"
    )


def _of_delay(behind_ms: float, round_trip_ms: float | None) -> str:
    """What the delay is made of."""
    way = (
        "the way to the server and back is not known yet"
        if round_trip_ms is None
        else f"the way to the server and back takes {round_trip_ms:.0f} ms"
    )
    return (
        f"How late the answers are: a face is drawn {behind_ms:.0f} ms after the picture in which "
        f"it was found came to the server, and {way}. The camera, the coding of the video and your "
        "screen come on top, about a tenth of a second."
    )


def _given_up_html(level: LoadLevel) -> str:
    text = _GIVEN_UP.get(level)
    return f'<p class="emotion-given-up small" role="status">{text}</p>' if text else ""
