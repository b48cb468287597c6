"""The time of each stage of a live frame, one after the other on one thread.

Decoding and encoding as a connection does them (VP8), the analysis as in a stream: full-frame
detection four times a second, ROI refinement of the known faces in between.
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

from emotion.live.aiortc_patches.vp8_settings import TunedVp8Encoder
from emotion.live.av_frames import annotated_frame, copy_pixels, to_rgb
from emotion.tracking import DETECT_INTERVAL_FRAMES, MAX_REFINED_PER_FRAME, FaceTracker
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.types import Floats

FRAME_PATH = ("to RGB", "analysis", "draw")
"""Our own stages; the rest is the video's coding."""


@dataclass(frozen=True, slots=True)
class FrameStages:
    """What the stages took.

    Attributes:
        took_ms: For each stage, in order, one value per frame; ``"frame path"``, the sum of
            ``FRAME_PATH``, is last.
        faces: Faces tracked, mean over all frames.
        kbit_s: Bit rate of the returned video.
    """

    took_ms: dict[str, Floats]
    faces: float
    kbit_s: float


def frame_stages(analyzer: StreamAnalyzer, packets: Sequence[bytes], rate_hz: int) -> FrameStages:
    """Sends encoded frames through all stages.

    The first second, in which everything is created, is not counted if there is more.

    Args:
        analyzer: Detector and classifier.
        packets: At least one VP8 frame.
        rate_hz: Frames per second.
    """
    took: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        started_s = time.perf_counter()
        yield
        took[name].append(1000 * (time.perf_counter() - started_s))

    decoder, encoder = Vp8Decoder(), TunedVp8Encoder()
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
            image = to_rgb(copy_pixels(frame))
        with timed("analysis"):
            faces = tracker.update(image, index / rate_hz)
        with timed("draw"):
            drawn = annotated_frame(frame, faces)
        with timed("encode"):
            payloads, _ = encoder.encode(drawn)
        sent += sum(len(payload) for payload in payloads)
        seen += len(faces)
    first = rate_hz if len(packets) > rate_hz else 0
    values = {name: np.array(each[first:], np.float32) for name, each in took.items()}
    values["frame path"] = np.sum([values[name] for name in FRAME_PATH], axis=0)
    return FrameStages(values, seen / len(packets), 8 * sent * rate_hz / len(packets) / 1000)
