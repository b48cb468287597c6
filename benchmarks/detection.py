"""Time of face detectors on one frame and one thread.

    python -m benchmarks.detection [--detector NAME] [--repeats N]

Their accuracy is measured by ``emotion evaluate-detector``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from emotion.detection import Effort, SearchOptions, load_detector
from emotion.detection.loading import BLAZEFACE, HYBRID
from emotion.imaging.files import read_image
from emotion.training.detector.baselines import haar
from emotion.types import Image


def median_ms(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and minimum milliseconds of a call, after two warm-up calls."""
    times = []
    for i in range(repeats + 2):
        start = time.perf_counter()
        call()
        if i >= 2:
            times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times)), min(times)


def frame_with_a_face() -> Image:
    """A 640x480 frame with one face about 200 px high."""
    from matplotlib import get_data_path

    photo = read_image((Path(get_data_path()) / "sample_data/grace_hopper.jpg").read_bytes())
    frame = np.full((480, 640, 3), 90, dtype=np.uint8)
    frame[:, 64:576] = photo[60:540]
    return frame


def calls(frame: Image, named: list[str]) -> Iterator[tuple[str, Callable[[], object]]]:
    """The name and the call of each measurement."""
    cascade = load_detector(BLAZEFACE)
    faces = cascade.detect(frame)
    yield "BlazeFace cascade", lambda: cascade.detect(frame)
    hybrid = load_detector(HYBRID)
    photo = np.asarray(cv2.resize(frame, (4000, 3000), interpolation=cv2.INTER_LINEAR), np.uint8)
    yield "hybrid", lambda: hybrid.detect(frame)
    yield "hybrid, 4000 x 3000", lambda: hybrid.detect(photo)
    yield "BlazeFace cascade, following", lambda: cascade.refine(frame, faces)
    for name in named:
        other = load_detector(name)
        for effort in Effort:
            options = SearchOptions(effort=effort)
            yield f"{name}, {effort.value}", partial(other.detect, frame, options=options)
        yield f"{name}, following", partial(other.refine, frame, faces)
    alt2 = haar()
    yield "Haar alt2", lambda: alt2(frame)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--detector", action="append", default=[], help="a detector's name or folder"
    )
    parser.add_argument("--repeats", type=int, default=100)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print("| 640x480, one face, one thread | median ms | minimum ms |\n|---|---|---|")
    for name, call in calls(frame_with_a_face(), arguments.detector):
        repeats = max(arguments.repeats // 10, 3) if "Haar" in name else arguments.repeats
        median, least = median_ms(call, repeats)
        print(f"| {name} | {median:.1f} | {least:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
