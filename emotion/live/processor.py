"""One viewer's stream: annotates frames with the newest result and publishes that result.

Frames and analysis run apart. ``recv`` never waits: it offers the frame to the analysis thread and
draws the newest result that exists, so the picture keeps the camera's rate however slow the
analysis is; a frame that comes while one is being analysed replaces the one that waits. The boxes
are those of a frame or two ago, and are left out once they are ``STALE_S`` old.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import av
import numpy as np

from emotion.drawing import annotate_into
from emotion.live.newest import NewestWorker
from emotion.live.record import SessionRecord
from emotion.live.settings import SettingsHolder
from emotion.tracking import FaceTracker, TrackedFace
from emotion.tracking.tracker import StreamAnalyzer
from emotion.types import Image

STALE_S = 0.5
"""Older boxes are not drawn: they might stand on somebody else."""

RATE_WINDOW_S = 2.0
"""The frames a second are counted over this long."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LiveSnapshot:
    """What a stream knows at one moment; immutable.

    faces: of the newest analysed frame, largest first; boxes in its pixels. frames, analyzed: how
    many were received and analysed since the start. frames_per_s: received lately. analysis_ms: of
    one frame, median of the last thirty. size_wh: the newest analysed frame's, (0, 0) before the
    first. failed: the newest analysis raised.
    """

    faces: tuple[TrackedFace, ...] = ()
    frames: int = 0
    analyzed: int = 0
    frames_per_s: float = 0.0
    analysis_ms: float = 0.0
    size_wh: tuple[int, int] = (0, 0)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class _Result:
    """One analysis: replaced as a whole, so readers need no lock."""

    faces: tuple[TrackedFace, ...]
    image: Image
    time_s: float
    failed: bool


class LiveProcessor:
    """Annotates the frames of one viewer; ``recv`` and ``snapshot`` may be called from any thread.

    Its method names are those that streamlit-webrtc expects of a video processor. Memory is
    bounded: one waiting frame, one result, thirty durations, ten minutes of answers.
    """

    def __init__(self, analyzer: StreamAnalyzer, holder: SettingsHolder | None = None) -> None:
        self._tracker = FaceTracker(analyzer)
        self._holder = holder or SettingsHolder()
        self.record = SessionRecord()
        self._worker = NewestWorker(self._analyze, name="live-analysis")
        self._lock = threading.Lock()  # guards the counters below
        self._result: _Result | None = None
        self._frames = 0
        self._analyzed = 0
        self._arrivals: deque[float] = deque(maxlen=128)
        self._durations_ms: deque[float] = deque(maxlen=30)
        self._logged = False

    def recv(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame with the newest faces drawn, same pts and time base; itself where none are.

        Never raises: where drawing fails, the frame comes back as it is.
        """
        try:
            return self._annotate(frame)
        except Exception:  # noqa: BLE001 - one that leaves would freeze the picture for good
            self._log_once("A frame could not be annotated; it is shown as it came.")
            return frame

    def still(self) -> Image | None:
        """The newest analysed picture, RGB uint8 (H, W, 3); None before the first."""
        with self._lock:
            return None if self._result is None else self._result.image

    def on_ended(self) -> None:
        """Ends the analysis thread, without waiting for it."""
        self._worker.close()

    def snapshot(self) -> LiveSnapshot:
        """The newest result and the stream's figures."""
        with self._lock:
            result, frames, analyzed = self._result, self._frames, self._analyzed
            arrivals, durations = tuple(self._arrivals), tuple(self._durations_ms)
        seen = LiveSnapshot(
            frames=frames,
            analyzed=analyzed,
            frames_per_s=_rate(arrivals, time.monotonic()),
            analysis_ms=median(durations) if durations else 0.0,
        )
        if result is None:
            return seen
        return replace(
            seen,
            faces=result.faces,
            size_wh=(result.image.shape[1], result.image.shape[0]),
            failed=result.failed,
        )

    def _annotate(self, frame: av.VideoFrame) -> av.VideoFrame:
        now = time.monotonic()
        with self._lock:
            self._frames += 1
            self._arrivals.append(now)
            result = self._result
        image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
        self._worker.offer((image, now))
        settings = self._holder.settings
        faces: Sequence[TrackedFace] = ()
        if (
            result is not None
            and result.image.shape == image.shape  # the browser changes the size in mid-stream
            and now - result.time_s <= STALE_S
        ):
            faces = result.faces
        if not faces and not settings.mirror:
            return frame
        # A copy in any case: the analysis thread reads the other.
        canvas = np.ascontiguousarray(image[:, ::-1]) if settings.mirror else image.copy()
        if settings.mirror:
            faces = [mirrored(face, image.shape[1]) for face in faces]
        numbers = [face.number for face in faces]
        annotate_into(canvas, faces, numbers=numbers, labels=settings.labels)
        drawn = av.VideoFrame.from_ndarray(canvas, format="rgb24")
        drawn.pts, drawn.time_base = frame.pts, frame.time_base
        return drawn

    def _analyze(self, offered: tuple[Image, float]) -> None:
        """Runs on the analysis thread: one frame, then publishes."""
        image, time_s = offered
        begun = time.perf_counter()
        faces: tuple[TrackedFace, ...] = ()
        failed = False
        self._tracker.smoothing = self._holder.settings.smoothing
        try:
            faces = self._tracker.update(image, time_s)
            self.record.add(faces, time_s)
        except Exception:  # noqa: BLE001 - one that leaves would end the thread
            failed = True
            self._log_once("A frame could not be analysed; the stream goes on.")
        taken_ms = (time.perf_counter() - begun) * 1000
        with self._lock:
            self._result = _Result(faces, image, time_s, failed)
            self._analyzed += 1
            self._durations_ms.append(taken_ms)

    def _log_once(self, message: str) -> None:
        if not self._logged:
            self._logged = True
            _log.exception(message)


def mirrored(face: TrackedFace, width: int) -> TrackedFace:
    """The face in the mirrored picture of that width."""
    x1, y1, x2, y2 = face.xyxy
    return replace(face, xyxy=np.array([width - x2, y1, width - x1, y2], np.float32))


def _rate(arrivals: Sequence[float], now: float) -> float:
    """Frames a second of the last ``RATE_WINDOW_S``; 0 when the stream stands still."""
    recent = np.array([t for t in arrivals if now - t <= RATE_WINDOW_S])
    if len(recent) < 2 or recent[-1] <= recent[0]:
        return 0.0
    return float((len(recent) - 1) / (recent[-1] - recent[0]))
