"""A clip's analysis as something that can be stopped, and gone on with by another run of the page.

Streamlit starts the next run of a page while the last may still be at work, in another thread. A
``Job`` therefore does one picture at a time under its lock, and only for the run that took it last.
Free of Streamlit.
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
from emotion.app.cards import thumbnail
from emotion.results.frames import FrameResult
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.types import Image
from emotion.video.container import Source, reopened
from emotion.video.pipeline import track_faces
from emotion.video.reader import Clip
from emotion.video.render import render_clip
from emotion.video.track_store import TrackStore

State = Literal["analysing", "drawing", "done", "stopped", "failed"]

FILM_SIDE = 1280
"""The annotated video's longer side at most, in pixels: it is kept in memory."""

MAX_FILM_BYTES = 300_000_000
"""A longer film ends there, and the page says so; the command line has no such limit."""

_UNFORESEEN = "Something went wrong with this clip; the log of the server tells what."
_THUMBNAILS = 100  # of so many persons; more are passers-by in a crowd
_BETTER = 1.3  # so much larger and surer is worth another thumbnail
_log = logging.getLogger(__name__)


class Job:
    """What is known of one clip so far, and the way to the rest; closes the clip when it ends.

    file_id: which upload it belongs to. rate_hz: pictures analysed a second, None for every frame.
    start_s, end_s: the part of the clip. First the faces are found, then the video is drawn.
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
        made_by: str = "",
    ) -> None:
        self.file_id = file_id
        self.recording = TrackStore()
        self.thumbnails: dict[int, str] = {}
        self.state: State = "analysing"
        self.problem = ""
        self.film: bytes | None = None
        self.film_note = ""
        """What is to be said of the annotated video, if anything."""
        self.made_by = made_by
        """A sentence on the model, for the report."""
        self.start_s, self.end_s = start_s, end_s
        # A handle of its own: another run of the page may read the upload meanwhile.
        self._source, self._rate_hz = reopened(source), rate_hz
        self._done, self._seconds, self._fraction = 0, 0.0, 0.0
        self._qualities: dict[int, float] = {}
        self._clip = Clip(self._source)
        self.info = self._clip.info
        self._steps = self._work(analyzer)
        self._lock = threading.Lock()
        self._run: object = None

    @property
    def running(self) -> bool:
        """Whether there is more to do."""
        return self.state in ("analysing", "drawing")

    @property
    def damaged(self) -> bool:
        """Whether a part of the clip could not be decoded."""
        return self._clip.damaged

    @property
    def speed_hz(self) -> float:
        """Pictures analysed a second; drawn ones once that is what is done."""
        return self._done / self._seconds if self._seconds else 0.0

    @property
    def fraction(self) -> float:
        """How much of the present task is done, 0..1, as far as the file tells its length."""
        return self._fraction

    @property
    def left_s(self) -> float | None:
        """Seconds of work left in the present task; None where that cannot be told yet."""
        if self._seconds < 0.5 or not self._fraction:
            return None
        return self._seconds * (1 - self._fraction) / self._fraction

    def take(self) -> object:
        """A token for ``step``; every token given before stops working."""
        with self._lock:
            self._run = object()
            return self._run

    def step(self, run: object) -> bool:
        """Does the next picture; False when there is nothing more to do for this token."""
        with self._lock:
            if not self.running or run is not self._run:
                return False
            began_s = time.monotonic()
            try:
                goes_on = next(self._steps, False)
            except Exception:  # noqa: BLE001 - else the page would begin it again without end
                _log.exception("The analysis of a clip ended unexpectedly.")
                goes_on = False
                self._give_up()
            if not goes_on:
                self._clip.close()
                return False
            self._seconds += time.monotonic() - began_s
            self._done += 1
            return True

    def stop(self) -> None:
        """Ends the work; what is done stays. Faces that are all found need no drawn video.

        The search for faces ends at once, also while it reaches a late part, one long step.
        """
        self._clip.close()
        with self._lock:
            if self.state == "drawing":
                self.state, self.film_note = "done", "The annotated video was stopped."
            elif self.state == "analysing":
                self.state = "stopped"
            self._steps.close()

    def _give_up(self) -> None:
        """After an error that nobody foresaw: what is done stays."""
        if self.state == "drawing":
            self.state, self.film_note = "done", f"There is no annotated video: {_UNFORESEEN}"
        else:
            self.state, self.problem = "failed", _UNFORESEEN

    def _work(self, analyzer: StreamAnalyzer) -> Generator[bool]:
        """Everything, a picture at a time."""
        frames = self._clip.frames(self._rate_hz, start_s=self.start_s, end_s=self.end_s)
        self._begin()
        try:
            with closing(track_faces(frames, analyzer)) as found:
                for result, image in found:
                    self._take_in(result, image)
                    yield True
        except emotion.EmotionError as error:
            self.state, self.problem = "failed", str(error)
            return
        if self._clip.closed:
            return  # `stop` says how it ended
        if len(self.recording.faces):
            self.state = "drawing"
            self._begin()
            yield from self._draw()
        self.state = "done"

    def _draw(self) -> Generator[bool]:
        film = io.BytesIO()
        drawing = render_clip(
            self._source,
            self.recording,
            film,
            start_s=self.start_s,
            end_s=self.end_s,
            max_side=FILM_SIDE,
        )
        try:
            whole_sound = yield from self._drawn(drawing, film)
        except emotion.EmotionError as error:
            self.film_note = f"There is no annotated video: {error}"
            return
        finally:
            drawing.close()
        self.film = film.getvalue() or None
        if self.film is None:
            self.film_note = "There is no annotated video: the clip could not be read again."
        elif not whole_sound:
            self.film_note = "A part of the sound could not be kept."

    def _drawn(
        self, drawing: Generator[float, None, bool], film: io.BytesIO
    ) -> Generator[bool, None, bool]:
        while True:
            if film.tell() > MAX_FILM_BYTES:
                drawing.close()
                self.film_note = "The annotated video is too long for the page and ends early."
                return True
            try:
                self._note(next(drawing))
            except StopIteration as end:
                return bool(end.value)
            yield True

    def _begin(self) -> None:
        self._done, self._seconds, self._fraction = 0, 0.0, 0.0

    def _note(self, time_s: float) -> None:
        end_s = self.info.duration_s if self.end_s is None else self.end_s
        if end_s is not None and end_s > self.start_s:
            self._fraction = min(1.0, (time_s - self.start_s) / (end_s - self.start_s))

    def _take_in(self, result: FrameResult, image: Image) -> None:
        self.recording.add(result)
        self._note(result.time_s)
        for face in result.faces:
            quality = face.score * face.area**0.5
            known = self._qualities.get(face.track_id)
            if known is None and len(self._qualities) >= _THUMBNAILS:
                continue
            if known is None or quality > _BETTER * known:
                self._qualities[face.track_id] = quality
                self.thumbnails[face.track_id] = thumbnail(image, face)
