"""The real analyzer, counted; a real face to put into pictures; short ways to what a page shows."""

from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np
from streamlit.testing.v1 import AppTest

import emotion
from emotion.analyzer import load_analyzer
from emotion.samples import SAMPLES
from emotion.types import Detection, Face, Image


class CountedAnalyzer:
    """The default analyzer, which counts the pictures whose faces it is asked for."""

    def __init__(self) -> None:
        self.calls = 0
        self._real = load_analyzer()
        self.min_score, self.spec = self._real.min_score, self._real.spec
        self.detect, self.refine = self._real.detect, self._real.refine
        self.crop, self.classify = self._real.crop, self._real.classify
        self.occlusion_map = self._real.occlusion_map

    def analyze(self, image: Image) -> tuple[Face, ...]:
        return self.faces(image, self.detect(image))

    def faces(self, image: Image, detections: Sequence[Detection]) -> tuple[Face, ...]:
        self.calls += 1
        return self._real.faces(image, detections)


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
