"""The workers, counted; a real face to put into pictures; short ways to what a page shows."""

import io
from collections.abc import Callable, Generator
from contextlib import closing
from functools import cache
from typing import Any

import av
import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import emotion
from emotion.analyzer import load_analyzer
from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.workers.pool import Pool
from emotion.app.workers.pool_task import Task
from emotion.app.workers.tasks import Seen
from emotion.samples import SAMPLES
from emotion.types import Image


class CountedWork:
    """The real worker processes; counts the pictures and frames whose faces they found."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        real = Pool.task

        def counted(pool: Pool, function: Callable[..., Any], *given: Any) -> Task:
            task = real(pool, function, *given)
            monkeypatch.setattr(task, "steps", self._counting(task, task.steps))
            return task

        monkeypatch.setattr(Pool, "task", counted)

    def _counting(
        self, task: Task, steps: Callable[[], Generator[Any]]
    ) -> Callable[[], Generator[Any]]:
        def counting() -> Generator[Any]:
            with closing(steps()) as items:
                for item in items:
                    self.calls += isinstance(item, Seen)
                    yield item
            self.calls += isinstance(task.result, AnalyzedPhoto)

        return counting


@cache
def portrait(side: int) -> Image:
    """The astronaut's smiling face, (side, side, 3); her box spans about half of it."""
    photo = emotion.read_image(SAMPLES[0].read())
    face = load_analyzer().detect(photo)[0].xyxy
    x, y, half = int(face[0] + face[2]) // 2, int(face[1] + face[3]) // 2, int(face[2] - face[0])
    cut = photo[max(y - half, 0) : y + half, max(x - half, 0) : x + half]
    return np.asarray(cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def scene(height: int, width: int, *, with_face: bool = True, shade: int = 60) -> Image:
    """A plain grey picture, with the face in the middle of its left half or without."""
    pixels = np.full((height, width, 3), shade, np.uint8)
    if with_face:
        side = min(height, width // 2)
        top = (height - side) // 2
        pixels[top : top + side, :side] = portrait(side)
    return pixels


def html(page: AppTest) -> str:
    """All that the page shows through st.html."""
    return "\n".join(element.proto.body for element in page.get("html"))


def run_page(script: Callable[[], None]) -> AppTest:
    """The page after its first run."""
    return AppTest.from_function(script, default_timeout=60).run()


def clip_bytes(count: int = 30, *, container: str = "mp4", face_from: int = 0) -> bytes:
    """A clip of 10 fps, with a face from the given frame on."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.bit_rate = 4_000_000
        stream.width, stream.height, stream.pix_fmt = 320, 160, "yuv420p"
        for index in range(count):
            pixels = scene(160, 320, with_face=index >= face_from)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return buffer.getvalue()
