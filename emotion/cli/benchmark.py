"""``emotion benchmark``: time and memory of each stage on this machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion.analyzer import Analyzer
from emotion.cli.common import ModelChoice, add_model_arguments, analyzer_of, choice_of
from emotion.expression.crop import crop_face
from emotion.imaging.annotation import annotate_into
from emotion.imaging.files import read_image
from emotion.types import Image

SAMPLE = Path(__file__).parent.parent / "app" / "samples" / "collins.jpg"
FRAME_SIZE = (480, 640)
LIVE_FACES = (1, 10)
RATE_HZ = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--photo", type=Path, default=SAMPLE, help="a photo with a face")
    parser.add_argument("--repeats", type=int, default=60, help="runs of each stage (default 60)")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the table and writes the JSON."""
    cv2.setNumThreads(options.threads)
    started = time.perf_counter()
    analyzer = analyzer_of(options)
    load_s = time.perf_counter() - started
    # Before the rest: Linux counts what this process has grown to by then as the other's peak too.
    first = first_result(options.photo, choice_of(options))
    image = frame_of(read_image(options.photo.read_bytes()))
    result: dict[str, Any] = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "threads": options.threads,
        "load_s": round(load_s, 3),
        "stages": stages(analyzer, image, options.repeats),
        "live": [live(analyzer, image, count, options.repeats) for count in LIVE_FACES],
        "first_result": first,
        **_peak(),
    }
    _print(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def frame_of(image: Image) -> Image:
    """A 640x480 frame that shows the picture whole, on grey."""
    height, width = FRAME_SIZE
    scale = min(height / image.shape[0], width / image.shape[1])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((height, width, 3), 96, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def stages(analyzer: Analyzer, image: Image, repeats: int) -> list[dict[str, Any]]:
    """Each step of one 640x480 frame: median and 95th percentile in milliseconds, and the largest
    resident memory of the process up to its end in megabytes."""
    detections = analyzer.detect(image)
    faces = analyzer.faces(image, detections)
    rule, size = analyzer.spec.crop, analyzer.spec.input_size
    crops = [crop_face(image, d, rule, size) for d in detections]
    one = crops[:1] or [np.zeros(size, np.uint8)]
    canvas = image.copy()
    steps: list[tuple[str, Callable[[], object]]] = [
        ("detect", lambda: analyzer.detect(image)),
        (f"crop ({len(crops)})", lambda: [crop_face(image, d, rule, size) for d in detections]),
        ("classify (1)", lambda: analyzer.classify(one)),
        ("classify (10)", lambda: analyzer.classify(one * 10)),
        ("draw", lambda: annotate_into(canvas, faces)),
        ("analyze, whole", lambda: analyzer.analyze(image)),
    ]
    return [{"stage": name, **timing(step, repeats), **_peak()} for name, step in steps]


def live(analyzer: Analyzer, image: Image, faces: int, repeats: int) -> dict[str, Any]:
    """Milliseconds of each step of a live 640x480 frame, with so many times the largest face.

    Without a face in the photo its picture is taken as it is. repeats: frames, after a second. The
    steps take turns frame by frame, so that the peak of memory after them is one for all.
    """
    from emotion.benchmarking.live_stages import frame_stages
    from emotion.benchmarking.synthetic_camera import crowd, sway, vp8_packets

    found = analyzer.detect(image)
    if found:
        x1, y1, x2, y2 = found[0].xyxy
        side, middle = 1.8 * max(x2 - x1, y2 - y1), ((x1 + x2) / 2, (y1 + y2) / 2)
        left, top = (max(round(float(v - side / 2)), 0) for v in middle)
        image = crowd(image[top : top + round(side), left : left + round(side)], FRAME_SIZE, faces)
    packets = vp8_packets(sway(image, RATE_HZ, RATE_HZ + max(repeats, 1)), RATE_HZ)
    seen = frame_stages(analyzer, packets, RATE_HZ)
    peak = _peak()
    rows = [
        {"stage": name, **_percentiles(values.tolist()), **peak}
        for name, values in seen.took_ms.items()
    ]
    return {"faces": faces, "followed": round(seen.faces, 1), "stages": rows}


def timing(step: Callable[[], object], repeats: int) -> dict[str, float]:
    """Milliseconds of a step, after three runs to warm up."""
    for _ in range(3):
        step()
    times = []
    for _ in range(max(repeats, 1)):
        started = time.perf_counter()
        step()
        times.append((time.perf_counter() - started) * 1000)
    return _percentiles(times)


def _percentiles(times_ms: list[float]) -> dict[str, float]:
    middle, high = np.percentile(times_ms, [50, 95])
    return {"median_ms": round(float(middle), 2), "p95_ms": round(float(high), 2)}


def first_result(photo: Path, choice: ModelChoice) -> dict[str, float]:
    """A whole ``emotion analyze PHOTO`` in a process of its own: seconds, and peak megabytes.

    choice: the model, head and detector that it answers with, and its threads.
    """
    given = [f"--{name}={value}" for name, value in asdict(choice).items() if value is not None]
    command = [sys.executable, "-m", "emotion", "analyze", str(photo), *given]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"seconds": round(seconds, 2), "peak_memory_mb": round(_megabytes(peak), 0)}


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far."""
    return _megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _peak() -> dict[str, float]:
    return {"peak_memory_mb": round(peak_memory_mb(), 0)}


def _megabytes(peak: int) -> float:
    return peak / (2**20 if sys.platform == "darwin" else 1024)  # macOS counts bytes, Linux KiB


def _print(result: dict[str, Any]) -> None:
    _print_stages("stage", result["stages"])
    for live in result["live"]:
        faces = "1 face" if live["faces"] == 1 else f"{live['faces']} faces"
        print()
        _print_stages(f"live, {faces}", live["stages"])
    first = result["first_result"]
    print(
        f"\nmodels loaded in {result['load_s']:.2f} s; command line's first result after "
        f"{first['seconds']:.2f} s with {first['peak_memory_mb']:.0f} MB; "
        f"this process took {result['peak_memory_mb']:.0f} MB at most"
    )


def _print_stages(head: str, rows: list[dict[str, Any]]) -> None:
    print(f"{head:<18}{'median ms':>10}{'95 % ms':>10}{'peak MB':>10}")
    for row in rows:
        times = f"{row['median_ms']:>10.2f}{row['p95_ms']:>10.2f}"
        print(f"{row['stage']:<18}{times}{row['peak_memory_mb']:>10.0f}")
