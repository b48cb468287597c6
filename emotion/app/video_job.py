"""A clip's analysis as something that can be stopped, and gone on with by another run of the page.

Streamlit starts the next run of a page while the last may still be at work, in another thread. A
``Job`` therefore does one picture at a time under its lock, and only for the run that took it last.
Free of Streamlit.
"""

from __future__ import annotations

import threading
import time
from typing import Literal

import emotion
from emotion.tracking.tracker import StreamAnalyzer
from emotion.video import Clip, Source
from emotion.video_faces import FrameResult, analyze_video

State = Literal["running", "done", "stopped", "failed"]


class Job:
    """The results so far of one clip, and the way to the next; closes the clip when it ends.

    file_id: which upload it belongs to. rate_hz: pictures analysed a second, None for every frame.
    """

    def __init__(
        self, file_id: str, source: Source, analyzer: StreamAnalyzer, *, rate_hz: float | None
    ) -> None:
        self.file_id = file_id
        self.results: list[FrameResult] = []
        self.state: State = "running"
        self.problem = ""
        self.seconds = 0.0
        self._clip = Clip(source)
        self.info = self._clip.info
        self._steps = analyze_video(self._clip, analyzer, rate_hz=rate_hz)
        self._lock = threading.Lock()
        self._run: object = None

    @property
    def damaged(self) -> bool:
        """Whether a part of the clip could not be decoded."""
        return self._clip.damaged

    @property
    def speed_hz(self) -> float:
        """Pictures analysed a second."""
        return len(self.results) / self.seconds if self.seconds else 0.0

    @property
    def fraction(self) -> float:
        """How much of the clip is done, 0..1, as far as its file tells its length."""
        if not self.results:
            return 0.0
        if self.info.duration_s:
            return min(1.0, self.results[-1].time_s / self.info.duration_s)
        count = self.info.frame_count
        return min(1.0, self.results[-1].frame / count) if count else 0.0

    def take(self) -> object:
        """A token for ``step``; every token given before stops working."""
        with self._lock:
            self._run = object()
            return self._run

    def step(self, run: object) -> bool:
        """Analyses the next picture; False when there is nothing more to do for this token."""
        with self._lock:
            if self.state != "running" or run is not self._run:
                return False
            began_s = time.monotonic()
            try:
                result = next(self._steps, None)
            except emotion.EmotionError as error:
                self.problem = str(error)
                return self._end("failed")
            if result is None:
                return self._end("done")
            self.results.append(result)
            self.seconds += time.monotonic() - began_s
            return True

    def stop(self) -> None:
        """Ends the work; what is done stays."""
        with self._lock:
            if self.state == "running":
                self._end("stopped")

    def _end(self, state: State) -> bool:
        self.state = state
        self._steps.close()
        self._clip.close()
        return False
