"""What each step of a live frame costs, one after the other on one thread.

    python benchmarks/live_stages.py --size 640x480 --frames 300

Decoding and encoding as aiortc does it (VP8, its settings), the analysis with the default model on
a face that sways, as a stream sees it: a search of the whole picture four times a second, looks at
the known face in between. Median and 95th percentile in milliseconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aiortc.codecs.vpx import Vp8Decoder, Vp8Encoder, vp8_depayload  # noqa: E402 - after the path

import emotion  # noqa: E402
from benchmarks.live_viewers import film  # noqa: E402
from emotion.drawing import annotate_into  # noqa: E402
from emotion.tracking import FaceTracker  # noqa: E402

RATE_HZ = 30


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    packets = film(RATE_HZ, width, height)[: options.frames]
    took: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        took[name].append(1000 * (time.perf_counter() - begun))

    decoder, encoder = Vp8Decoder(), Vp8Encoder()
    tracker = FaceTracker(emotion.load_analyzer())
    sent = 0
    for index, packet in enumerate(packets):
        data: Any = SimpleNamespace(data=packet, timestamp=index * 90_000 // RATE_HZ)
        with timed("decode"):
            (frame,) = decoder.decode(data)
        assert isinstance(frame, av.VideoFrame)
        with timed("to RGB"):
            image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
        with timed("analysis"):
            faces = tracker.update(image, index / RATE_HZ)
        with timed("copy and draw"):
            canvas = image.copy()
            annotate_into(canvas, faces, numbers=[face.number for face in faces])
        with timed("from RGB"):
            drawn = av.VideoFrame.from_ndarray(canvas, format="rgb24").reformat(format="yuv420p")
        drawn.pts, drawn.time_base = data.timestamp, Fraction(1, 90_000)
        with timed("encode"):
            payloads, _ = encoder.encode(drawn)
        sent += sum(len(vp8_depayload(payload)) for payload in payloads)
    print(
        f"{options.size}, {len(packets)} frames, {8 * sent * RATE_HZ / len(packets) / 1000:.0f} "
        "kbit/s back"
    )
    print("| step | median ms | 95 % ms |")
    print("|---|---|---|")
    for name, values in took.items():
        middle, high = np.percentile(values, [50, 95])
        print(f"| {name} | {middle:.2f} | {high:.2f} |")


if __name__ == "__main__":
    main()
