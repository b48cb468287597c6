"""The work on visitors' files: the server's worker pools, and what pages ask of them.

Free of Streamlit. Every call here that reads a file does so in a worker process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace

from emotion.app.analyzed_photo import AnalyzedPhoto, pictures_zip
from emotion.app.workers import tasks
from emotion.app.workers.limits import Limits
from emotion.app.workers.pixel_gate import PixelGate
from emotion.app.workers.pool import Pool
from emotion.app.workers.pool_task import Task
from emotion.errors import EmotionError
from emotion.types import Floats

MAX_PIXELS_IN_FLIGHT = 96_000_000
"""Pixels of all photos that are decoded at a time: one of the largest, and some usual ones."""

PHOTO_LIMITS = Limits(cpu_s=15, wall_s=60.0, memory_mb=1536)
CLIP_LIMITS = Limits(cpu_s=1200, wall_s=1800.0, memory_mb=2048)

MAX_SECTION_S = 600.0
"""Longest section of a clip that is analysed at a time."""

_WORKERS = max(2, os.cpu_count() or 1)
_GATE = PixelGate(MAX_PIXELS_IN_FLIGHT)
PHOTOS = Pool(_WORKERS, PHOTO_LIMITS, _GATE)
"""For everything that takes a moment, a clip's first frame included."""

CLIPS = Pool(_WORKERS, CLIP_LIMITS, _GATE, clips=True)
"""For the analysis of clips, which takes minutes."""


def start_workers() -> None:
    """Starts the workers before the first visitor needs them; returns immediately."""
    PHOTOS.start()
    CLIPS.start(1)


def stop_workers() -> None:
    """Ends the workers that are idle; those at work end with the server."""
    PHOTOS.close()
    CLIPS.close()


class PhotoWork:
    """The analysis of one photo, which another run of the page may continue.

    Args:
        digest: Of the file.
        data: The file.
    """

    def __init__(self, digest: str, data: bytes) -> None:
        self.digest = digest
        self.outcome: AnalyzedPhoto | EmotionError | None = None
        """The photo or why there is none; None while it is in work."""
        self._data, self._lock = data, threading.Lock()
        self._task: Task = PHOTOS.task(tasks.photo, data)
        self._steps = self._task.steps()

    @property
    def tasks_ahead(self) -> int:
        """Files that are read before this one."""
        return self._task.tasks_ahead

    def step(self) -> bool:
        """Waits a moment for the outcome; returns whether it is there or the work was stopped."""
        with self._lock:
            try:
                for _ in self._steps:
                    return False
            except EmotionError as error:
                self.outcome = error
            if self.outcome is None and self._task.result is not None:
                self.outcome = replace(self._task.result, data=self._data)
            return True

    def stop(self) -> None:
        """Kills the worker, if it still works on the photo."""
        self._task.stop()
        with self._lock:
            self._steps.close()


def analyze_photo(data: bytes) -> AnalyzedPhoto:
    """Reads and analyses a photo, waiting for it.

    Args:
        data: An image file.

    Raises:
        ImageError: If the bytes cannot be read as an image.
        ProcessingError: If that takes too much time or memory.
    """
    photo: AnalyzedPhoto = PHOTOS.task(tasks.photo, data).wait()
    return replace(photo, data=data)


def photo_probabilities(photo: AnalyzedPhoto, model: str) -> Floats:
    """The photo's faces classified by another model.

    Args:
        photo: With at least one face.
        model: A name under ``models/``.

    Returns:
        float32 (N, 7), in the order of the photo's faces.

    Raises:
        ModelError: If the model cannot be loaded.
        ProcessingError: If that takes too much time or memory.
    """
    rows: Floats = PHOTOS.task(tasks.probabilities, photo.data, photo.faces, model).wait()
    return rows


def annotated_jpeg(photo: AnalyzedPhoto) -> bytes:
    """The annotated photo in full size as JPEG, made from the visitor's file."""
    picture: bytes = PHOTOS.task(tasks.annotated, photo.data, photo.faces).wait()
    return picture


def annotated_zip(photos: Sequence[tuple[str, AnalyzedPhoto]]) -> bytes:
    """The annotated photos as a ZIP file.

    Args:
        photos: Of each its file name, which need not be unique, and the photo.
    """
    return pictures_zip((name, annotated_jpeg(photo)) for name, photo in photos)
