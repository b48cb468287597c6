"""The steps of a live frame, timed one after the other on one thread.

Decoding and encoding as a connection does them (VP8); the analysis as a stream does it, with
full-frame detection four times a second and ROI refinement of the known faces in between.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
from aiortc.codecs.vpx import Vp8Decoder
from aiortc.mediastreams import VIDEO_CLOCK_RATE

from emotion.analyzer import Analyzer
from emotion.benchmarking.stages import FRAME_SIZE
from emotion.benchmarking.synthetic_camera import face_grid, swaying, vp8_packets
from emotion.benchmarking.timing import peak_memory, percentiles
from emotion.live.aiortc_encoder import PlainVp8Encoder
from emotion.live.frames import annotated, pixels_of, to_rgb
from emotion.tracking import AT_ONCE, SEARCH_ONE_IN, FaceTracker
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.types import Floats, Image

FRAME_PATH = ("to RGB", "analysis", "draw")
"""The steps between decoding and encoding, whose sum is the frame path."""

RATE_HZ = 30


@dataclass(frozen=True, slots=True)
class FrameStages:
    """What a stream's frames cost.

    Attributes:
        took_ms: For each step, in order, the milliseconds of every frame (N,); last
            ``"frame path"``, the sum of the steps of ``FRAME_PATH``.
        faces: Tracked faces a frame, mean.
        kbit_s: Bit rate of the encoded video, kbit/s.
    """

    took_ms: dict[str, Floats]
    faces: float
    kbit_s: float


def frame_stages(analyzer: StreamAnalyzer, packets: Sequence[bytes], rate_hz: int) -> FrameStages:
    """Sends a camera's frames through all steps.

    Args:
        analyzer: The models.
        packets: The camera's VP8, a frame each; at least one.
        rate_hz: Frames per second.

    Returns:
        The times, without the first second's if there are more: it is the warm-up.
    """
    took: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        took[name].append(1000 * (time.perf_counter() - begun))

    decoder, encoder = Vp8Decoder(), PlainVp8Encoder()
    tracker = FaceTracker(analyzer, at_once=AT_ONCE, search_one_in=SEARCH_ONE_IN)
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


def time_live_frames(
    analyzer: Analyzer, image: Image, face_count: int, repeats: int
) -> dict[str, Any]:
    """Times each step of a live frame that shows the image's largest face several times.

    Args:
        analyzer: The models.
        image: RGB uint8 (H, W, 3); one without a face is used whole.
        face_count: How often the face is in the frame.
        repeats: Frames that count, after one second of warm-up.

    Returns:
        ``faces`` (as asked), ``followed`` (tracked faces a frame, mean), and ``stages`` as of
        ``time_stages``; the steps take turns frame by frame, so one memory peak stands for all.
    """
    found = analyzer.detect(image)
    if found:
        x1, y1, x2, y2 = found[0].xyxy
        side, middle = 1.8 * max(x2 - x1, y2 - y1), ((x1 + x2) / 2, (y1 + y2) / 2)
        left, top = (max(round(float(v - side / 2)), 0) for v in middle)
        face = image[top : top + round(side), left : left + round(side)]
        image = face_grid(face, FRAME_SIZE, face_count)
    packets = vp8_packets(swaying(image, RATE_HZ, RATE_HZ + max(repeats, 1)), RATE_HZ)
    measured = frame_stages(analyzer, packets, RATE_HZ)
    peak = peak_memory()
    rows = [
        {"stage": name, **percentiles(values.tolist()), **peak}
        for name, values in measured.took_ms.items()
    ]
    return {"faces": face_count, "followed": round(measured.faces, 1), "stages": rows}
