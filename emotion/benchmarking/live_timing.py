"""The stages of a live stream of 640x480 frames that show one face or many."""

from __future__ import annotations

from typing import Any

from emotion.analyzer import Analyzer
from emotion.benchmarking.live_stages import frame_stages
from emotion.benchmarking.stages import FRAME_SIZE
from emotion.benchmarking.synthetic_camera import crowd, sway, vp8_packets
from emotion.benchmarking.timing import peak_memory, percentiles
from emotion.types import Image

RATE_HZ = 30


def time_live_frames(
    analyzer: Analyzer, image: Image, face_count: int, repeats: int
) -> dict[str, Any]:
    """Times each stage of a live frame that shows the image's largest face several times.

    Args:
        analyzer: The models.
        image: RGB uint8 (H, W, 3); one without a face is used whole.
        face_count: How often the face is in the frame.
        repeats: Frames that count, after one second of warm-up.

    Returns:
        ``faces`` (as asked), ``followed`` (tracked faces a frame, mean), and ``stages`` as of
        ``time_stages``; the stages take turns frame by frame, so one memory peak stands for all.
    """
    found = analyzer.detect(image)
    if found:
        x1, y1, x2, y2 = found[0].xyxy
        side, middle = 1.8 * max(x2 - x1, y2 - y1), ((x1 + x2) / 2, (y1 + y2) / 2)
        left, top = (max(round(float(v - side / 2)), 0) for v in middle)
        face = image[top : top + round(side), left : left + round(side)]
        image = crowd(face, FRAME_SIZE, face_count)
    packets = vp8_packets(sway(image, RATE_HZ, RATE_HZ + max(repeats, 1)), RATE_HZ)
    measured = frame_stages(analyzer, packets, RATE_HZ)
    peak = peak_memory()
    rows = [
        {"stage": name, **percentiles(values.tolist()), **peak}
        for name, values in measured.took_ms.items()
    ]
    return {"faces": face_count, "followed": round(measured.faces, 1), "stages": rows}
