"""A camera's video made of one picture: the input of the live measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain

import av
import cv2
import numpy as np

from emotion.benchmarking.stages import GRAY
from emotion.imaging.files import i420
from emotion.types import Image


def vp8_packets(pictures: Iterable[Image], rate_hz: int) -> list[bytes]:
    """Encodes pictures as a camera's video.

    Args:
        pictures: RGB uint8 (H, W, 3), all of one size with even sides; at least one.
        rate_hz: Frames per second.

    Returns:
        VP8, a packet for each frame, with a key frame every two seconds.
    """
    rest = iter(pictures)
    first = next(rest)
    encoder = av.CodecContext.create("libvpx", "w")
    if not isinstance(encoder, av.VideoCodecContext):
        raise TypeError(f"expected a video encoder, got {type(encoder).__name__}")
    encoder.height, encoder.width = first.shape[:2]
    encoder.pix_fmt, encoder.bit_rate = "yuv420p", 1_000_000
    encoder.time_base, encoder.gop_size = Fraction(1, rate_hz), 2 * rate_hz
    encoder.options = {"cpu-used": "-8", "deadline": "realtime", "lag-in-frames": "0"}
    packets: list[bytes] = []
    for index, picture in enumerate(chain([first], rest)):
        frame = av.VideoFrame.from_ndarray(i420(picture), format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, rate_hz)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def swaying(image: Image, rate_hz: int, count: int) -> Iterator[Image]:
    """Moves an image gently on a closed path, once around in four seconds.

    Args:
        image: RGB uint8 (H, W, 3).
        rate_hz: Frames per second.
        count: Number of frames.

    Yields:
        RGB uint8 (H, W, 3); what leaves the frame is replaced by its edge.
    """
    height, width = image.shape[:2]
    for index in range(count):
        turn = np.pi * index / (2 * rate_hz)
        move = np.array(
            [[1, 0, width / 20 * np.sin(turn)], [0, 1, height / 20 * np.sin(2 * turn)]], np.float32
        )
        yield np.asarray(
            cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )


def face_grid(face: Image, size: tuple[int, int], count: int) -> Image:
    """Repeats a picture of a face on a regular grid, on gray.

    Args:
        face: RGB uint8 (h, w, 3).
        size: Height and width of the result.
        count: How often the face is in it.

    Returns:
        RGB uint8 of that size.
    """
    height, width = size
    columns = int(np.ceil(np.sqrt(count * width / height)))
    rows = -(-count // columns)
    side = int(0.86 * min(width / columns, height / rows))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    picture = np.full((height, width, 3), GRAY, np.uint8)
    for index in range(count):
        top = int((index // columns + 0.5) * height / rows - side / 2)
        left = int((index % columns + 0.5) * width / columns - side / 2)
        picture[top : top + side, left : left + side] = small
    return picture
