"""The analysis of a clip, which can be stopped, and continued by another run of the page.

Streamlit starts the next run of a page, in another thread, while the last may still be working. A
``VideoJob`` therefore processes one frame at a time under its lock, and only for the run that took
it last. Free of Streamlit.
"""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Generator
from contextlib import closing
from typing import Literal

import emotion
from emotion.app.widgets.thumbnail import thumbnail
from emotion.results.frames import FrameResult
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.types import Image
from emotion.video.container import Source, reopened
from emotion.video.pipeline import track_faces
from emotion.video.reader import Clip, read_info
from emotion.video.render import render_clip
from emotion.video.track_store import TrackStore

State = Literal["analysing", "drawing", "done", "stopped", "failed"]

MAX_VIDEO_SIDE_PX = 1280
"""Longer side of the annotated video, which is kept in memory."""

MAX_VIDEO_BYTES = 300_000_000
"""A larger annotated video ends there, and the page says so; the command line has no limit."""

_UNEXPECTED = "Something went wrong with this clip; the server's log has the details."
_MAX_THUMBNAILS = 100  # people; more are passers-by in a crowd
_BETTER = 1.3  # factor of quality that is worth a new thumbnail
_log = logging.getLogger(__name__)


class VideoJob:
    """Finds the faces in a clip, then draws the annotated video; closes the clip when it ends.

    Safe to use from several threads; only the thread that holds the newest token gets work done.

    Args:
        file_id: Of the upload.
        source: The clip.
        analyzer: Finds and classifies the faces.
        rate_hz: Analysed frames per second; None for all.
        start_s: Start of the section to analyse.
        end_s: Its end; None for the end of the clip.
        model: A sentence on the model, for the report.

    Raises:
        VideoError: If the clip cannot be opened.

    Example::

        run = job.take()
        while job.step(run):
            show(job.fraction)
    """

    def __init__(
        self,
        file_id: str,
        source: Source,
        analyzer: StreamAnalyzer,
        *,
        rate_hz: float | None,
        start_s: float = 0.0,
        end_s: float | None = None,
        model: str = "",
    ) -> None:
        self.file_id = file_id
        self.recording = TrackStore()
        self.thumbnails: dict[int, str] = {}
        self.state: State = "analysing"
        self.problem = ""
        self.annotated_video: bytes | None = None
        self.video_note = ""
        """A message on the annotated video, if any."""
        self.model = model
        self.start_s, self.end_s = start_s, end_s
        # Its own handle: another run of the page may read the upload at the same time.
        self._source, self._rate_hz = reopened(source), rate_hz
        self._seconds, self._fraction = 0.0, 0.0
        self._qualities: dict[int, float] = {}
        self._clip = Clip(self._source)
        self.info = read_info(self._source)
        self._steps = self._work(analyzer)
        self._lock = threading.Lock()
        self._run: object = None

    @property
    def running(self) -> bool:
        """Whether there is work left."""
        return self.state in ("analysing", "drawing")

    @property
    def damaged(self) -> bool:
        """Whether part of the clip could not be decoded."""
        return self._clip.damaged

    @property
    def length_s(self) -> float | None:
        """Length of the section; None where the file does not tell its duration."""
        end_s = self.info.duration_s if self.end_s is None else self.end_s
        return None if end_s is None else max(0.0, end_s - self.start_s)

    @property
    def fraction(self) -> float:
        """How much of the present task is done, 0..1; 0 where the length is unknown."""
        return self._fraction

    @property
    def left_s(self) -> float | None:
        """Estimated time to the end of the present task; None while there is no estimate."""
        if self._seconds < 0.5 or not self._fraction:
            return None
        return self._seconds * (1 - self._fraction) / self._fraction

    def take(self) -> object:
        """A token for ``step``, which invalidates all earlier tokens."""
        with self._lock:
            self._run = object()
            return self._run

    def step(self, run: object) -> bool:
        """Processes the next frame; False when the job has ended or the token is invalid."""
        with self._lock:
            if not self.running or run is not self._run:
                return False
            began_s = time.monotonic()
            try:
                has_more = next(self._steps, False)
            except Exception:  # noqa: BLE001 - otherwise the page would restart it endlessly
                _log.exception("The analysis of a clip ended unexpectedly.")
                has_more = False
                self._fail()
            if not has_more:
                self._clip.close()
                return False
            self._seconds += time.monotonic() - began_s
            return True

    def stop(self) -> None:
        """Ends the work and keeps what is done; without the annotated video if it is not complete.

        Returns at once, also while a late section is being reached, which is one long step.
        """
        self._clip.close()
        with self._lock:
            if self.state == "drawing":
                self.state, self.video_note = "done", "The annotated video was stopped."
            elif self.state == "analysing":
                self.state = "stopped"
            self._steps.close()

    def _fail(self) -> None:
        """Ends the job after an unexpected error; keeps what is done."""
        if self.state == "drawing":
            self.state, self.video_note = "done", f"There is no annotated video: {_UNEXPECTED}"
        else:
            self.state, self.problem = "failed", _UNEXPECTED

    def _work(self, analyzer: StreamAnalyzer) -> Generator[bool]:
        """All work, one frame at a time."""
        frames = self._clip.frames(self._rate_hz, start_s=self.start_s, end_s=self.end_s)
        self._begin()
        try:
            with closing(track_faces(frames, analyzer)) as found:
                for result, image in found:
                    self._add(result, image)
                    yield True
        except emotion.EmotionError as error:
            self.state, self.problem = "failed", str(error)
            return
        if self._clip.closed:
            return  # ``stop`` sets the state
        if len(self.recording.faces):
            self.state = "drawing"
            self._begin()
            yield from self._draw()
        self.state = "done"

    def _draw(self) -> Generator[bool]:
        """Draws the annotated video, one frame at a time."""
        video = io.BytesIO()
        drawing = render_clip(
            self._source,
            self.recording,
            video,
            start_s=self.start_s,
            end_s=self.end_s,
            max_side=MAX_VIDEO_SIDE_PX,
        )
        try:
            whole_sound = yield from self._frames_drawn(drawing, video)
        except emotion.EmotionError as error:
            self.video_note = f"There is no annotated video: {error}"
            return
        finally:
            drawing.close()
        self.annotated_video = video.getvalue() or None
        if self.annotated_video is None:
            self.video_note = "There is no annotated video: the clip could not be read again."
        elif not whole_sound:
            self.video_note = "Part of the sound could not be kept."

    def _frames_drawn(
        self, drawing: Generator[float, None, bool], video: io.BytesIO
    ) -> Generator[bool, None, bool]:
        while True:
            if video.tell() > MAX_VIDEO_BYTES:
                drawing.close()
                self.video_note = "The annotated video is too long for the page and ends early."
                return True
            try:
                self._set_fraction(next(drawing))
            except StopIteration as end:
                return bool(end.value)
            yield True

    def _begin(self) -> None:
        self._seconds, self._fraction = 0.0, 0.0

    def _set_fraction(self, time_s: float) -> None:
        if self.length_s:
            self._fraction = min(1.0, (time_s - self.start_s) / self.length_s)

    def _add(self, result: FrameResult, image: Image) -> None:
        self.recording.add(result)
        self._set_fraction(result.time_s)
        for face in result.faces:
            quality = face.score * face.area**0.5
            known = self._qualities.get(face.track_id)
            if known is None and len(self._qualities) >= _MAX_THUMBNAILS:
                continue
            if known is None or quality > _BETTER * known:
                self._qualities[face.track_id] = quality
                self.thumbnails[face.track_id] = thumbnail(image, face)
