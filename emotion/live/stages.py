"""What each step of a live frame costs, one after the other on one thread.

Decoding and encoding as a connection does them (VP8), the analysis as a stream sees it: a search of
the whole picture four times a second, looks at the known faces in between.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
from aiortc.codecs.vpx import Vp8Decoder
from aiortc.mediastreams import VIDEO_CLOCK_RATE

from emotion.imaging.files import i420
from emotion.live.aiortc_encoder import PlainVp8Encoder
from emotion.live.frames import annotated, pixels_of, to_rgb
from emotion.tracking import DETECT_INTERVAL_FRAMES, MAX_REFINED_PER_FRAME, FaceTracker
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.types import Floats, Image

FRAME_PATH = ("to RGB", "analysis", "draw")
"""What is ours of a frame's way; the rest is the video's coding."""


@dataclass(frozen=True, slots=True)
class FrameStages:
    """took_ms: of each step, one value a frame, in the order of the steps, ``"frame path"`` (the
    sum of ``FRAME_PATH``) last. faces: how many were followed, in the mean. kbit_s: sent back."""

    took_ms: dict[str, Floats]
    faces: float
    kbit_s: float


def frame_stages(analyzer: StreamAnalyzer, packets: Sequence[bytes], rate_hz: int) -> FrameStages:
    """Sends a camera's VP8 packets, at least one, through all steps.

    The first second, in which everything is made, is not counted where there is more than that.
    """
    took: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        took[name].append(1000 * (time.perf_counter() - begun))

    decoder, encoder = Vp8Decoder(), PlainVp8Encoder()
    tracker = FaceTracker(
        analyzer,
        max_refined_per_frame=MAX_REFINED_PER_FRAME,
        detect_interval_frames=DETECT_INTERVAL_FRAMES,
    )
    sent = seen = 0
    for index, packet in enumerate(packets):
        data: Any = SimpleNamespace(data=packet, timestamp=index * VIDEO_CLOCK_RATE // rate_hz)
        with timed("decode"):
            (frame,) = decoder.decode(data)
        if not isinstance(frame, av.VideoFrame):
            raise TypeError(f"expected a video frame, got {type(frame).__name__}")
        with timed("to RGB"):
            image = to_rgb(pixels_of(frame))
        with timed("analysis"):
            faces = tracker.update(image, index / rate_hz)
        with timed("draw"):
            drawn = annotated(frame, faces)
        with timed("encode"):
            payloads, _ = encoder.encode(drawn)
        sent += sum(len(payload) for payload in payloads)
        seen += len(faces)
    first = rate_hz if len(packets) > rate_hz else 0
    values = {name: np.array(each[first:], np.float32) for name, each in took.items()}
    values["frame path"] = np.sum([values[name] for name in FRAME_PATH], axis=0)
    return FrameStages(values, seen / len(packets), 8 * sent * rate_hz / len(packets) / 1000)


def vp8_packets(pictures: Iterable[Image], rate_hz: int) -> list[bytes]:
    """RGB pictures of one even size as a camera's VP8, a key frame every two seconds."""
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
    """So many pictures of the image moving gently, once round in four seconds."""
    height, width = image.shape[:2]
    for index in range(count):
        turn = np.pi * index / (2 * rate_hz)
        move = np.array(
            [[1, 0, width / 20 * np.sin(turn)], [0, 1, height / 20 * np.sin(2 * turn)]], np.float32
        )
        yield np.asarray(
            cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )


def crowd(face: Image, size: tuple[int, int], count: int) -> Image:
    """A picture of that (height, width) with the face's picture in it so many times, on grey."""
    height, width = size
    columns = int(np.ceil(np.sqrt(count * width / height)))
    rows = -(-count // columns)
    side = int(0.86 * min(width / columns, height / rows))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    picture = np.full((height, width, 3), 96, np.uint8)
    for index in range(count):
        top = int((index // columns + 0.5) * height / rows - side / 2)
        left = int((index % columns + 0.5) * width / columns - side / 2)
        picture[top : top + side, left : left + side] = small
    return picture
