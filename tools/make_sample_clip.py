"""Makes ``emotion/samples/clip.mp4`` from the sample photographs: one after the other, in motion.

    python tools/make_sample_clip.py

The photographs are in the public domain, and so is the clip. Nothing in it is a recording: the view
moves over still pictures, so each face keeps its one expression.
"""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

import emotion
from emotion.samples import CLIP, SAMPLES
from emotion.types import Image

WIDTH, HEIGHT, RATE_HZ = 480, 360, 15
SECONDS_EACH = 3.0


def views(photo: Image, count: int) -> list[Image]:
    """The photo in ``count`` views, each (HEIGHT, WIDTH, 3), that move closer to its upper half."""
    height, width = photo.shape[:2]
    found = []
    for step in np.linspace(0, 1, count):
        part = 1 - 0.15 * step
        view_width = min(width, height * WIDTH / HEIGHT) * part
        view_height = view_width * HEIGHT / WIDTH
        left, top = (width - view_width) / 2, (height - view_height) * 0.1
        x, y = round(left), round(top)
        cut = photo[y : y + round(view_height), x : x + round(view_width)]
        view = cv2.resize(cut, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        found.append(np.asarray(view, np.uint8))
    return found


def write(path: Path) -> None:
    """Encodes the clip as H.264, which all browsers play."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "28", "preset": "slow"}
        for sample in SAMPLES:
            photo = emotion.read_image(sample.path)
            for view in views(photo, round(SECONDS_EACH * RATE_HZ)):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        out.mux(stream.encode(None))


if __name__ == "__main__":
    write(CLIP)
