"""``/health`` for whoever watches the server, and ``/metrics`` where it is switched on.

Nothing is measured for them: they read what the server counts anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st
from starlette.responses import JSONResponse, PlainTextResponse

from emotion.app.deployment import metrics_enabled
from emotion.app.limits import max_viewers
from emotion.app.refusals import refusals
from emotion.app.streamlit_patches.uploads import stored_uploads
from emotion.app.work import CLIPS, PHOTOS
from emotion.live import ADMISSION, LiveProcessor
from emotion.live.load_shedding import SHEDDER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_METRICS = ("/metrics", "/_stcore/metrics")
"""Ours, and Streamlit's own, which is public otherwise."""


class Status:
    """ASGI middleware that answers ``/health`` and ``/metrics``.

    Args:
        app: The server.

    Raises:
        ValueError: The setting of the metrics is invalid.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._metrics = app, metrics_enabled()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes the request on."""
        answer: JSONResponse | PlainTextResponse | None = None
        if scope["type"] == "http":
            base = str(st.get_option("server.baseUrlPath")).strip("/")
            path = scope["path"].removeprefix(f"/{base}" if base else "")
            if path == "/health":
                answer = _health()
            elif path in _METRICS and not self._metrics:
                answer = PlainTextResponse("Not found", HTTPStatus.NOT_FOUND)
            elif path == "/metrics":
                answer = PlainTextResponse(metrics_text(), media_type=_TEXT_FORMAT)
        if answer is None:
            await self._app(scope, receive, send)
            return
        answer.headers["Cache-Control"] = "no-store"
        await answer(scope, receive, send)


def health() -> dict[str, Any]:
    """What ``/health`` says.

    Returns:
        ``status`` ("ok" or "starting"), ``models_loaded``, and ``live_places``: ``limit`` and
        ``free``, both None without a limit.
    """
    loaded, limit = PHOTOS.loaded(), max_viewers()
    free = None if limit is None else max(0, limit - ADMISSION.active())
    return {
        "status": "ok" if loaded else "starting",
        "models_loaded": loaded,
        "live_places": {"limit": limit, "free": free},
    }


def _health() -> JSONResponse:
    said = health()
    status = HTTPStatus.OK if said["models_loaded"] else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(said, status)


_TEXT_FORMAT = "text/plain; version=0.0.4"


class _Metric(NamedTuple):
    """A metric of Prometheus' text format; values by the labels that stand in braces."""

    name: str
    kind: str
    help: str
    values: Mapping[str, float]


def metrics_text() -> str:
    """The server's figures in Prometheus' text format 0.0.4."""
    lines = []
    for metric in _metrics():
        name = f"emotion_{metric.name}"
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
        lines += [f"{name}{labels} {value:g}" for labels, value in metric.values.items()]
    return "\n".join(lines) + "\n"


def _metrics() -> Iterable[_Metric]:
    live = [s.snapshot() for s in ADMISSION.streams() if isinstance(s, LiveProcessor)]
    analysis_s = [each.analysis_ms / 1000 for each in live if each.analyzed]
    age_s = [each.behind_ms / 1000 for each in live if each.analyzed]
    yield _Metric("viewers", "gauge", "Live streams.", {"": ADMISSION.active()})
    yield _Metric("viewers_limit", "gauge", "Most live streams; 0: any.", {"": max_viewers() or 0})
    fps = sum(each.frames_per_s for each in live)
    yield _Metric("live_frames_per_second", "gauge", "Frames received, of all streams.", {"": fps})
    if analysis_s:
        text = "Analysis of a frame, median of the streams."
        yield _Metric("live_analysis_seconds", "gauge", text, {"": median(analysis_s)})
        text = "Age of the faces that are drawn, median of the streams."
        yield _Metric("live_result_age_seconds", "gauge", text, {"": median(age_s)})
    yield _Metric("live_load_level", "gauge", "Load shedding: 0 to 2.", {"": SHEDDER.level})
    pools = {name: pool.counts() for name, pool in (("photo", PHOTOS), ("clip", CLIPS))}
    for state in ("queued", "running"):
        values = {f'{{pool="{name}"}}': getattr(counts, state) for name, counts in pools.items()}
        yield _Metric(f"tasks_{state}", "gauge", f"Files that are {state}.", values)
    values = {
        f'{{pool="{name}",outcome="{outcome}"}}': number
        for name, counts in pools.items()
        for outcome, number in counts.ended.items()
    }
    yield _Metric("tasks_total", "counter", "Files whose work ended.", values)
    values = {f'{{pool="{name}"}}': counts.seconds for name, counts in pools.items()}
    yield _Metric("task_seconds_total", "counter", "Time that the work on files took.", values)
    values = {f'{{reason="{reason}"}}': number for reason, number in refusals().items()}
    yield _Metric("refusals_total", "counter", "What was refused.", values)
    yield _Metric("upload_bytes", "gauge", "Uploads in memory.", {"": stored_uploads("").all_bytes})
