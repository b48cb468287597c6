"""One viewer's stream: annotates frames with the newest result and publishes that result.

Frames and analysis run apart. ``recv`` never waits: it offers the frame to the analysis thread and
draws the newest result that exists, so the picture keeps the camera's rate however slow the
analysis is; a frame that comes while one is being analysed replaces the one that waits. The boxes
are those of a frame or two ago, and are left out once they are ``STALE_S`` old. When the server
cannot keep up (see ``load``), it analyses less often first, then sends smaller pictures back.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import av

from emotion.live.frames import again, annotated, pixels_of, to_rgb
from emotion.live.load import ALL_WELL, LOAD, SMALLER_PICTURE, Load
from emotion.live.newest import NewestWorker, as_long
from emotion.live.record import SessionRecord
from emotion.live.settings import LiveSettings, SettingsHolder
from emotion.live.snapshot import LiveSnapshot, rate_hz
from emotion.tracking import DETECT_INTERVAL_FRAMES, MAX_REFINED_PER_FRAME, FaceTracker, TrackedFace
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.types import Image

STALE_S = 0.5
"""Older boxes are not drawn: they might stand on somebody else."""

BUSY_STALE_S = 1.2
"""The same under load, where the next result comes later."""

BUSY_REST = 4.0
"""Under load the analysis rests so many times as long as it works, up to BUSY_REST_S."""

BUSY_REST_S = 0.5
"""At two analyses a second the boxes still follow, if late."""

SMALL_WIDTH = 400
"""Pictures up to this width, in pixels, are not made smaller."""

_ANALYSES = threading.Semaphore(max((os.cpu_count() or 1) // 2, 1))
"""So many analyses run at a time. The threads of all viewers at once would leave the one that moves
everybody's video, the event loop, a small share of the processor, and pictures would wait."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Result:
    """One analysis: replaced as a whole, so readers need no lock."""

    faces: tuple[TrackedFace, ...]
    image: Image
    time_s: float
    failed: bool


class LiveProcessor:
    """Annotates the frames of one viewer; ``recv`` from one thread at a time, all else from any.

    Its method names are those that streamlit-webrtc expects of a video processor. Memory is
    bounded: one waiting frame, one result, a paused picture, thirty durations and ages, ten minutes
    of answers.
    """

    def __init__(
        self,
        analyzer: StreamAnalyzer,
        holder: SettingsHolder | None = None,
        load: Load = LOAD,
    ) -> None:
        self._load = load
        self._tracker = FaceTracker(
            analyzer,
            max_refined_per_frame=MAX_REFINED_PER_FRAME,
            detect_interval_frames=DETECT_INTERVAL_FRAMES,
        )
        self._holder = holder or SettingsHolder()
        self.record = SessionRecord()
        self._worker = NewestWorker(
            self._analyze, name="live-analysis", rest=self._rest, gate=_ANALYSES
        )
        self._lock = threading.Lock()  # guards the counters below
        self._result: _Result | None = None
        self._frames = 0
        self._analyzed = 0
        self._arrivals: deque[float] = deque(maxlen=128)
        self._durations_ms: deque[float] = deque(maxlen=30)
        self._ages_ms: deque[float] = deque(maxlen=30)
        self._logged = False
        self._frozen: av.VideoFrame | None = None
        self._heard_s = time.monotonic()
        self.ended = False

    @property
    def frames(self) -> int:
        """How many frames came since the start."""
        return self._frames

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame, or since it was made."""
        return time.monotonic() - self._heard_s

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
        """Ends the analysis thread, without waiting for it, and lets go of the pictures.

        A visitor's session outlives the stream, for minutes after a browser vanished.
        """
        self._worker.close()
        with self._lock:
            self.ended = True
            self._result = self._frozen = None
        self._tracker.reset()

    def snapshot(self) -> LiveSnapshot:
        """The newest result and the stream's figures."""
        with self._lock:
            result, frames, analyzed = self._result, self._frames, self._analyzed
            arrivals, durations = tuple(self._arrivals), tuple(self._durations_ms)
            ages = tuple(self._ages_ms)
        seen = LiveSnapshot(
            frames=frames,
            analyzed=analyzed,
            frames_per_s=rate_hz(arrivals, time.monotonic()),
            analysis_ms=median(durations) if durations else 0.0,
            behind_ms=median(ages) if ages else 0.0,
            paused=self._holder.settings.paused,
            level=self._load.level,
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
            self._heard_s = now
            self._arrivals.append(now)
            result = self._result
        settings = self._holder.settings
        # A picture that nobody looked at yet is not held: there would be nothing to see in it.
        paused = settings.paused and result is not None
        if paused and self._frozen is not None:
            return again(frame, self._frozen)
        self._frozen = None
        faces: Sequence[TrackedFace] = ()
        if (
            result is not None
            # The browser changes the size in mid-stream.
            and result.image.shape[:2] == (frame.height, frame.width)
            and now - result.time_s <= (STALE_S if self._load.level == ALL_WELL else BUSY_STALE_S)
        ):
            faces = result.faces
            with self._lock:
                self._ages_ms.append(1000 * (now - result.time_s))
        drawn = self._drawn(frame, faces, settings)
        if paused:
            self._frozen = drawn
            return again(frame, drawn)
        # Its pixels alone: frames that other threads let go of make FFmpeg's memory grow.
        self._worker.offer((pixels_of(frame), now))
        return drawn

    def _drawn(
        self, frame: av.VideoFrame, faces: Sequence[TrackedFace], settings: LiveSettings
    ) -> av.VideoFrame:
        """The frame as it goes back; the one that came is left as it is."""
        half = self._load.level >= SMALLER_PICTURE and frame.width > SMALL_WIDTH
        if not (faces or settings.mirror or half):
            return frame
        return annotated(frame, faces, mirror=settings.mirror, labels=settings.labels, half=half)

    def _rest(self, took_s: float) -> float:
        """Seconds of rest after an analysis."""
        if self._load.level == ALL_WELL:
            return as_long(took_s)
        return min(BUSY_REST * took_s, BUSY_REST_S)

    def _analyze(self, offered: tuple[Image, float]) -> None:
        """Runs on the analysis thread: one frame, then publishes."""
        pixels, time_s = offered
        begun = time.perf_counter()
        faces: tuple[TrackedFace, ...] = ()
        image: Image | None = None
        failed = False
        self._tracker.smoothing = self._holder.settings.smoothing
        try:
            image = to_rgb(pixels)
            faces = self._tracker.update(image, time_s)
            self.record.add(faces, time_s)
        except Exception:  # noqa: BLE001 - one that leaves would end the thread
            failed = True
            self._log_once("A frame could not be analysed; the stream goes on.")
        taken_ms = (time.perf_counter() - begun) * 1000
        with self._lock:
            if self.ended:
                self._tracker.reset()  # the faces of this last frame
                return
            if image is None and self._result is not None:
                image = self._result.image  # the last one that could be read
            if image is not None:
                self._result = _Result(faces, image, time_s, failed)
            self._analyzed += 1
            self._durations_ms.append(taken_ms)

    def _log_once(self, message: str) -> None:
        if not self._logged:
            self._logged = True
            _log.exception(message)
