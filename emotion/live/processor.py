"""One viewer's stream: annotates frames with the latest result and analyses in the background.

``recv`` never waits. It offers the frame to the analysis thread and draws the latest result there
is, so the video keeps the camera's rate however slow the analysis is; a frame that arrives while
another is being analysed replaces the one that is waiting, which is dropped (``latest_worker``;
frames that come late already are dropped by ``aiortc_patches.bounded_queues``). The boxes drawn are
those of a frame or two ago, and are left out as stale once they are ``STALE_S`` old. Their labels
and percentages are those that the page published last (``publish``), so that the picture and what
is beside it show one and the same answer. When the
server cannot keep up (see ``load_shedding``), the analysis becomes less frequent first, then the
returned video smaller.
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

from emotion.live.av_frames import annotated_frame, copy_pixels, restamp, to_rgb
from emotion.live.history import LiveHistory
from emotion.live.latest_worker import LatestItemWorker, default_rest_s
from emotion.live.load_shedding import SHEDDER, LoadLevel, LoadShedder
from emotion.live.settings import LiveSettings, SettingsHolder
from emotion.live.snapshot import LiveSnapshot, rate_hz
from emotion.tracking import DETECT_INTERVAL_FRAMES, MAX_REFINED_PER_FRAME, FaceTracker, TrackedFace
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.types import Image

STALE_S = 0.5
"""Older boxes are not drawn: the person may have moved on."""

LOADED_STALE_S = 1.2
"""The same under load, where results are less frequent."""

LOADED_REST_FACTOR = 4.0
"""Under load, the rest after an analysis as a multiple of its duration, up to the limit below."""

LOADED_MAX_REST_S = 0.5
"""With two analyses a second the boxes still follow the faces, if late."""

PUBLISHED_S = 5.0
"""Without a newer one, published labels are drawn for so long; then those of each result: the page
may be in a background tab, where browsers slow its updates down."""

SMALL_WIDTH_PX = 400
"""Video up to this width is not made smaller under load."""

_ANALYSIS_SLOTS = threading.Semaphore(max((os.cpu_count() or 1) // 2, 1))
"""Analyses that run at a time. The event loop that moves everybody's video is one thread: with all
viewers' analysis threads running it would get too small a share of the processor."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Result:
    """One analysis; replaced as a whole, so readers need no lock."""

    faces: tuple[TrackedFace, ...]
    image: Image
    time_s: float
    failed: bool


class LiveProcessor:
    """Annotates the frames of one viewer.

    ``recv`` is called by one thread at a time, everything else by any. ``recv`` and ``on_ended``
    are the names that streamlit-webrtc expects of a video processor. Memory is bounded: one waiting
    frame, one result, a paused frame, thirty durations and ages, and the history.

    Args:
        analyzer: Shared by all viewers.
        holder: The viewer's settings.
        shedder: Decides what to reduce under load.
    """

    def __init__(
        self,
        analyzer: StreamAnalyzer,
        holder: SettingsHolder | None = None,
        shedder: LoadShedder = SHEDDER,
    ) -> None:
        self._shedder = shedder
        self._tracker = FaceTracker(
            analyzer,
            max_refined_per_frame=MAX_REFINED_PER_FRAME,
            detect_interval_frames=DETECT_INTERVAL_FRAMES,
        )
        self._holder = holder or SettingsHolder()
        self.history = LiveHistory()
        self._worker = LatestItemWorker(
            self._analyze, name="live-analysis", rest_s=self._rest_s, slots=_ANALYSIS_SLOTS
        )
        self._lock = threading.Lock()  # guards the fields below
        self._result: _Result | None = None
        self._published: _Result | None = None
        self._published_s = 0.0
        self._frames = 0
        self._analyzed = 0
        self._arrivals_s: deque[float] = deque(maxlen=128)
        self._durations_ms: deque[float] = deque(maxlen=30)
        self._ages_ms: deque[float] = deque(maxlen=30)
        self._error_logged = False
        self._paused_frame: av.VideoFrame | None = None
        self._last_frame_s = time.monotonic()
        self.ended = False

    @property
    def frames(self) -> int:
        """Frames received since the start."""
        return self._frames

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame, or since the processor was created."""
        return time.monotonic() - self._last_frame_s

    def recv(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame with the latest faces drawn, with the same pts and time base.

        Returns the frame itself where there is nothing to draw, and where drawing fails: an
        exception would freeze the video for good.
        """
        try:
            return self._annotate(frame)
        except Exception:  # noqa: BLE001 - see above
            self._log_once("A frame could not be annotated; it is shown as it came.")
            return frame

    def latest_image(self) -> Image | None:
        """The latest analysed image, RGB uint8 (H, W, 3); None before the first."""
        with self._lock:
            return None if self._result is None else self._result.image

    def on_ended(self) -> None:
        """Ends the analysis thread, without waiting for it, and releases all images.

        A visitor's session outlives the stream, by minutes after a browser vanished.
        """
        self._worker.close()
        with self._lock:
            self.ended = True
            self._result = self._published = self._paused_frame = None
        self._tracker.reset()

    def snapshot(self) -> LiveSnapshot:
        """The latest result and the stream's statistics."""
        return self._snapshot(self._result)

    def publish(self) -> LiveSnapshot:
        """``snapshot`` for showing it: until the next call, the picture shows the same labels.

        The result goes into the history, too. While the video is paused, nothing new is published.
        """
        with self._lock:
            result = self._result
            if self._paused_frame is not None and self._published is not None:
                result = self._published
            self._published, self._published_s = result, time.monotonic()
        if result is not None and not result.failed:
            self.history.add(result.faces, result.time_s, is_published=True)
        return self._snapshot(result)

    def _snapshot(self, result: _Result | None) -> LiveSnapshot:
        with self._lock:
            frames, analyzed = self._frames, self._analyzed
            arrivals_s, durations_ms = tuple(self._arrivals_s), tuple(self._durations_ms)
            ages_ms = tuple(self._ages_ms)
        seen = LiveSnapshot(
            frames=frames,
            analyzed=analyzed,
            frames_per_s=rate_hz(arrivals_s, time.monotonic()),
            analysis_ms=median(durations_ms) if durations_ms else 0.0,
            behind_ms=median(ages_ms) if ages_ms else 0.0,
            paused=self._holder.settings.paused,
            level=self._shedder.level,
        )
        if result is None:
            return seen
        return replace(
            seen,
            faces=result.faces,
            time_s=result.time_s,
            size_wh=(result.image.shape[1], result.image.shape[0]),
            failed=result.failed,
        )

    def _annotate(self, frame: av.VideoFrame) -> av.VideoFrame:
        now_s = time.monotonic()
        with self._lock:
            self._frames += 1
            self._last_frame_s = now_s
            self._arrivals_s.append(now_s)
            result = self._result
        settings = self._holder.settings
        # Not paused before the first result: there would be nothing to see on the frozen frame.
        paused = settings.paused and result is not None
        if paused and self._paused_frame is not None:
            return restamp(self._paused_frame, frame)
        self._paused_frame = None
        faces: Sequence[TrackedFace] = ()
        normal = self._shedder.level == LoadLevel.NORMAL
        if (
            result is not None
            # The browser changes the size in mid-stream.
            and result.image.shape[:2] == (frame.height, frame.width)
            and now_s - result.time_s <= (STALE_S if normal else LOADED_STALE_S)
        ):
            faces = self._as_published(result.faces, now_s)
            with self._lock:
                self._ages_ms.append(1000 * (now_s - result.time_s))
        drawn = self._draw(frame, faces, settings)
        if paused:
            self._paused_frame = drawn
            return restamp(drawn, frame)
        # A copy of the pixels, not the frame: FFmpeg's memory grows when frames are freed by
        # another thread.
        self._worker.offer((copy_pixels(frame), now_s))
        return drawn

    def _as_published(self, faces: Sequence[TrackedFace], now_s: float) -> Sequence[TrackedFace]:
        """The faces with the labels and probabilities that the page shows; new faces as they are.

        Args:
            faces: Of the latest result.
            now_s: On the monotonic clock.
        """
        with self._lock:
            published, published_s = self._published, self._published_s
        if published is None or now_s - published_s > PUBLISHED_S:
            return faces
        shown = {face.track_id: face for face in published.faces}
        return [
            replace(face, probabilities=own.probabilities, label_index=own.label_index)
            if (own := shown.get(face.track_id)) is not None
            else face
            for face in faces
        ]

    def _draw(
        self, frame: av.VideoFrame, faces: Sequence[TrackedFace], settings: LiveSettings
    ) -> av.VideoFrame:
        """The frame to return, smaller under load (load shedding); the given one is unchanged."""
        half = self._shedder.level >= LoadLevel.REDUCED_SIZE and frame.width > SMALL_WIDTH_PX
        if not (faces or settings.mirror or half):
            return frame
        return annotated_frame(
            frame, faces, mirror=settings.mirror, labels=settings.labels, half=half
        )

    def _rest_s(self, work_s: float) -> float:
        """Seconds of rest after an analysis; longer under load (load shedding)."""
        if self._shedder.level == LoadLevel.NORMAL:
            return default_rest_s(work_s)
        return min(LOADED_REST_FACTOR * work_s, LOADED_MAX_REST_S)

    def _analyze(self, offered: tuple[Image, float]) -> None:
        """Analyses one frame and publishes the result; runs on the analysis thread."""
        pixels, time_s = offered
        started_s = time.perf_counter()
        faces: tuple[TrackedFace, ...] = ()
        image: Image | None = None
        failed = False
        self._tracker.smoothing = self._holder.settings.smoothing
        try:
            image = to_rgb(pixels)
            faces = self._tracker.update(image, time_s)
            self.history.add(faces, time_s)
        except Exception:  # noqa: BLE001 - an exception would end the thread
            failed = True
            self._log_once("A frame could not be analysed; the stream continues.")
        duration_ms = (time.perf_counter() - started_s) * 1000
        with self._lock:
            if self.ended:
                self._tracker.reset()  # releases the faces of this last frame
                return
            if image is None and self._result is not None:
                image = self._result.image  # the last one that could be read
            if image is not None:
                self._result = _Result(faces, image, time_s, failed)
            self._analyzed += 1
            self._durations_ms.append(duration_ms)

    def _log_once(self, message: str) -> None:
        if not self._error_logged:
            self._error_logged = True
            _log.exception(message)
