"""The time of each step of a live frame, at a given size and number of faces.

    python benchmarks/live_stages.py --size 1280x720 --faces 3 --frames 300

Prints what ``emotion benchmark`` prints for one and ten faces at 640x480: median and 95th
percentile in milliseconds, one step after the other on one thread
(``emotion/benchmarking/live_stages.py``).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the portraits of the tests

import emotion  # noqa: E402 - after the path above
from emotion.benchmarking.live_stages import frame_stages  # noqa: E402
from emotion.benchmarking.synthetic_camera import crowd, sway, vp8_packets  # noqa: E402
from emotion.benchmarking.timing import percentiles  # noqa: E402
from tests.browser import harness  # noqa: E402

RATE_HZ = 30


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--faces", type=int, default=1)
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    width, height = (int(side) for side in options.size.split("x"))
    portrait = harness.portraits()[0]
    middle = portrait[:, (portrait.shape[1] - portrait.shape[0]) // 2 :][:, : portrait.shape[0]]
    picture = crowd(middle, (height, width), options.faces)
    packets = vp8_packets(sway(picture, RATE_HZ, RATE_HZ + options.frames), RATE_HZ)
    seen = frame_stages(emotion.load_analyzer(), packets, RATE_HZ)
    print(
        f"{options.size}, {options.frames} frames, {seen.faces:.1f} faces followed, "
        f"{seen.kbit_s:.0f} kbit/s back"
    )
    print("| step | median ms | 95 % ms |")
    print("|---|---|---|")
    for name, values in seen.took_ms.items():
        found = percentiles(values.tolist())
        print(f"| {name} | {found['median_ms']:.2f} | {found['p95_ms']:.2f} |")


if __name__ == "__main__":
    main()
