"""A video whose every frame shows its number, to measure delays by.

The number is drawn as black and white fields along the lower edge, so it survives video coding and
resizing, whatever happens to the timestamps on the way.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the portraits of the tests

from emotion.benchmarking.synthetic_camera import vp8_packets  # noqa: E402 - after the path above
from tests.browser import harness  # noqa: E402

BITS = 9
STRIP = 1 / 15  # height of the fields, as a fraction of the frame's


def draw_number(picture: harness.Picture, number: int) -> None:
    """Draws the number into an RGB frame, in place: white, black, its bits, their parity."""
    height, width = picture.shape[:2]
    bits = [number >> place & 1 for place in range(BITS)]
    fields = [1, 0, *bits, sum(bits) % 2]
    edges = np.linspace(0, width, len(fields) + 1).round().astype(int)
    for value, left, right in zip(fields, edges, edges[1:], strict=False):
        picture[round(height * (1 - STRIP)) :, left:right] = 255 * value


def read_number(luma: npt.NDArray[np.uint8]) -> int | None:
    """The number in a frame's luma (H, W); None if it cannot be read."""
    height, width = luma.shape
    row = luma[round(height * (1 - STRIP / 2))].astype(int)
    fields = BITS + 3
    middles = ((np.arange(fields) + 0.5) * width / fields).astype(int)
    seen = row[middles] > 127
    bits = seen[2:-1]
    if not seen[0] or seen[1] or bits.sum() % 2 != seen[-1]:
        return None
    return int((bits << np.arange(BITS)).sum())


def swaying(rate_hz: int, count: int) -> Iterator[harness.Picture]:
    """``count`` frames of a moving face, once around in four seconds."""
    portrait = harness.portraits()[0]
    for index in range(count):
        turn = 2 * np.pi * index / (4 * rate_hz)
        x, y = round(40 * (1 + np.sin(turn))), round(30 * (1 + np.cos(turn)))
        yield portrait[y : y + harness.HEIGHT, x : x + harness.WIDTH].copy()


def pictures(rate_hz: int, count: int = 1 << BITS) -> Iterator[harness.Picture]:
    """The moving face, each frame with its number."""
    for index, view in enumerate(swaying(rate_hz, count)):
        draw_number(view, index)
        yield view


def film(rate_hz: int, width: int, height: int) -> list[bytes]:
    """The numbered frames, scaled to that size, as VP8 packets."""
    sized = (np.asarray(cv2.resize(view, (width, height)), np.uint8) for view in pictures(rate_hz))
    packets = vp8_packets(sized, rate_hz)
    if len(packets) != 1 << BITS:
        raise RuntimeError(f"expected a packet for each frame, got {len(packets)}")
    return packets


def camera_film(path: Path, rate_hz: int, count: int = 128) -> Path:
    """Writes numbered frames as a .y4m file that Chromium's fake camera plays in a loop."""
    size = f"W{harness.WIDTH} H{harness.HEIGHT}"
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 {size} F{rate_hz}:1 Ip A1:1 C420mpeg2\n".encode())
        for view in pictures(rate_hz, count):
            frame = av.VideoFrame.from_ndarray(view, format="rgb24").reformat(format="yuv420p")
            file.write(b"FRAME\n" + frame.to_ndarray().tobytes())
    return path
