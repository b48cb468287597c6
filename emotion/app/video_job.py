"""The analysis of a clip, which can be stopped, and continued by another run of the page.

The clip is decoded, analysed and drawn in a worker process; a job takes what the worker sends, one
frame at a time. Streamlit starts the next run of a page, in another thread, while the last may
still be working: a job therefore goes on under its lock, and only for the run that took it last.
Free of Streamlit.
"""

from __future__ import annotations

import bisect
import logging
import threading
import time
from collections.abc import Generator
from typing import Literal

from emotion.app.work import CLIPS, MAX_SECTION_S
from emotion.app.workers import tasks
from emotion.errors import EmotionError
from emotion.results.events import MAX_EVENTS
from emotion.video.info import ClipInfo
from emotion.video.track_store import TrackStore

State = Literal["analysing", "drawing", "done", "stopped", "failed"]

_UNEXPECTED = "Something went wrong with this clip; the server's log has the details."
_log = logging.getLogger(__name__)


class VideoJob:
    """Finds the faces in a clip, then draws the annotated video; ends its worker when it ends.

    Safe to use from several threads; only the thread that holds the newest token gets work done.

    Args:
        file_id: Of the upload.
        data: The clip.
        info: What it states.
        rate_hz: Analysed frames per second; None for all.
        start_s: Start of the section to analyse.
        end_s: Its end; None for the end of the clip. The section ends after ``MAX_SECTION_S``.
        model: A sentence on the model, for the report.

    Example::

        run = job.take()
        while job.step(run):
            show(job.fraction)
    """

    def __init__(
        self,
        file_id: str,
        data: bytes,
        info: ClipInfo,
        *,
        rate_hz: float | None,
        start_s: float = 0.0,
        end_s: float | None = None,
        model: str = "",
    ) -> None:
        self.file_id = file_id
        self.info = info
        self.recording = TrackStore()
        self.thumbnails: dict[int, str] = {}
        self.state: State = "analysing"
        self.problem = ""
        self.damaged = False
        """Whether part of the clip could not be decoded."""
        self.annotated_video: bytes | None = None
        self.events_s: list[float] = []
        """Times that the visitor marked, in seconds of the clip, ascending."""
        self.video_note = ""
        """A message on the annotated video, if any."""
        self.model = model
        self.start_s, self.end_s = start_s, _bounded_end_s(start_s, end_s, info)
        self._seconds, self._fraction = 0.0, 0.0
        self._task = CLIPS.task(tasks.clip, data, rate_hz, start_s, self.end_s)
        self._steps = self._work()
        self._lock = threading.Lock()
        self._run: object = None

    def mark_event(self, time_s: float) -> None:
        """Marks an event; nothing after ``MAX_EVENTS`` of them, or where one is marked already."""
        if len(self.events_s) < MAX_EVENTS and time_s not in self.events_s:
            bisect.insort(self.events_s, time_s)

    @property
    def running(self) -> bool:
        """Whether there is work left."""
        return self.state in ("analysing", "drawing")

    @property
    def tasks_ahead(self) -> int:
        """Clips of others that are analysed before this one."""
        return self._task.tasks_ahead

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
        """Takes the next frame, or waits for it for a moment.

        Returns:
            False when the job has ended or the token is invalid.
        """
        with self._lock:
            if not self.running or run is not self._run:
                return False
            began_s = time.monotonic()
            try:
                has_more = next(self._steps, False)
            except Exception:  # noqa: BLE001 - otherwise the page would restart it endlessly
                _log.exception("The analysis of a clip ended unexpectedly.")
                has_more = False
                self._fail(_UNEXPECTED)
            if has_more and not self.tasks_ahead:
                self._seconds += time.monotonic() - began_s
            return has_more

    def stop(self) -> None:
        """Ends the work and keeps what is done; without the annotated video if it is not complete.

        Kills the worker, so it returns soon, also while a late section is being reached.
        """
        self._task.stop()
        with self._lock:
            if self.state == "drawing":
                self.state, self.video_note = "done", "The annotated video was stopped."
            elif self.state == "analysing":
                self.state = "stopped"
            self._steps.close()

    def _fail(self, problem: str) -> None:
        """Ends the job after an error; keeps what is done."""
        if self.state == "drawing":
            self.state, self.video_note = "done", f"There is no annotated video: {problem}"
        else:
            self.state, self.problem = "failed", problem

    def _work(self) -> Generator[bool]:
        """All work, one message of the worker at a time."""
        try:
            for item in self._task.steps():
                self._take_item(item)
                yield True
        except EmotionError as error:
            self._fail(str(error))
            return
        if self._task.stopped:
            return  # ``stop`` sets the state
        video: tasks.AnnotatedVideo = self._task.result
        self.annotated_video, self.video_note = video.data, video.note
        self.state = "done"

    def _take_item(self, item: object) -> None:
        if isinstance(item, tasks.Seen):
            self.recording.add(item.result)
            self.thumbnails.update(item.thumbnails)
            self._set_fraction(item.result.time_s)
        elif isinstance(item, tasks.Analysed):
            self.damaged = item.damaged
            if len(self.recording.faces):
                self.state = "drawing"
                self._seconds, self._fraction = 0.0, 0.0
        elif isinstance(item, tasks.DrawnTo):
            self._set_fraction(item.time_s)

    def _set_fraction(self, time_s: float) -> None:
        if self.length_s:
            self._fraction = min(1.0, (time_s - self.start_s) / self.length_s)


def _bounded_end_s(start_s: float, end_s: float | None, info: ClipInfo) -> float | None:
    """The section's end; None for the end of a clip that is short enough."""
    latest_s = start_s + MAX_SECTION_S
    if end_s is None and info.duration_s is not None and info.duration_s <= latest_s:
        return None
    return latest_s if end_s is None else min(end_s, latest_s)
