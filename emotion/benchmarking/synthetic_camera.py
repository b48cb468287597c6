"""A synthetic camera: moving images of one or many faces, encoded as a browser would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain

import av
import cv2
import numpy as np

from emotion.imaging.yuv import rgb_to_i420
from emotion.types import Image

_SWAY_PERIOD_S = 4


def vp8_packets(images: Iterable[Image], rate_hz: int) -> list[bytes]:
    """Images encoded as a camera's VP8 stream, with a keyframe every two seconds.

    Args:
        images: At least one, RGB uint8 (H, W, 3), all of the same even size.
        rate_hz: Frames per second.
    """
    rest = iter(images)
    first = next(rest)
    encoder = av.CodecContext.create("libvpx", "w")
    if not isinstance(encoder, av.VideoCodecContext):
        raise TypeError(f"expected a video encoder, got {type(encoder).__name__}")
    encoder.height, encoder.width = first.shape[:2]
    encoder.pix_fmt, encoder.bit_rate = "yuv420p", 1_000_000
    encoder.time_base, encoder.gop_size = Fraction(1, rate_hz), 2 * rate_hz
    encoder.options = {"cpu-used": "-8", "deadline": "realtime", "lag-in-frames": "0"}
    packets: list[bytes] = []
    for index, image in enumerate(chain([first], rest)):
        frame = av.VideoFrame.from_ndarray(rgb_to_i420(image), format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, rate_hz)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def sway(image: Image, rate_hz: int, count: int) -> Iterator[Image]:
    """``count`` frames of the image moving gently, a full turn every four seconds."""
    height, width = image.shape[:2]
    for index in range(count):
        angle = 2 * np.pi * index / (_SWAY_PERIOD_S * rate_hz)
        move = np.array(
            [[1, 0, width / 20 * np.sin(angle)], [0, 1, height / 20 * np.sin(2 * angle)]],
            np.float32,
        )
        yield np.asarray(
            cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )


def crowd(face: Image, size: tuple[int, int], count: int) -> Image:
    """A grey image with ``count`` copies of a face image in a grid.

    Args:
        face: RGB uint8, square.
        size: (height, width) of the result.
        count: Copies.
    """
    height, width = size
    columns = int(np.ceil(np.sqrt(count * width / height)))
    rows = -(-count // columns)
    side = int(0.86 * min(width / columns, height / rows))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    image = np.full((height, width, 3), 96, np.uint8)
    for index in range(count):
        top = int((index // columns + 0.5) * height / rows - side / 2)
        left = int((index % columns + 0.5) * width / columns - side / 2)
        image[top : top + side, left : left + side] = small
    return image
