"""All figures of ``emotion benchmark``, as one report."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2

from emotion.analyzer import Analyzer
from emotion.benchmarking.stages import fit_into, time_stages
from emotion.benchmarking.timing import peak_memory, time_process
from emotion.imaging.files import read_image

LIVE_FACES = (1, 10)
"""Faces in the frames of the live measurements."""


def measure(
    load: Callable[[], Analyzer],
    photo: Path,
    *,
    model_options: Sequence[str],
    threads: int,
    repeats: int,
) -> dict[str, Any]:
    """Measures everything on this machine.

    Args:
        load: Loads the models, which is timed.
        photo: A photo with a face.
        model_options: The options of ``emotion analyze`` that choose the same models.
        threads: Threads of one call.
        repeats: Runs of each stage.

    Returns:
        The report, as JSON can hold it.
    """
    cv2.setNumThreads(threads)
    started = time.perf_counter()
    analyzer = load()
    load_s = time.perf_counter() - started
    # First, and before aiortc is loaded: Linux counts this process's size as the child's peak too.
    first_result = time_process(
        [sys.executable, "-m", "emotion", "analyze", str(photo), *model_options]
    )
    from emotion.benchmarking.live_timing import time_live_frames

    image = fit_into(read_image(photo.read_bytes()))
    return {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "threads": threads,
        "load_s": round(load_s, 3),
        "stages": time_stages(analyzer, image, repeats),
        "live": [time_live_frames(analyzer, image, count, repeats) for count in LIVE_FACES],
        "first_result": first_result,
        **peak_memory(),
    }


def as_text(report: dict[str, Any]) -> str:
    """The report as tables of fixed width and a closing sentence."""
    parts = [_stage_table("stage", report["stages"])]
    for live in report["live"]:
        faces = "1 face" if live["faces"] == 1 else f"{live['faces']} faces"
        parts.append(_stage_table(f"live, {faces}", live["stages"]))
    first = report["first_result"]
    parts.append(
        f"models loaded in {report['load_s']:.2f} s; command line's first result after "
        f"{first['seconds']:.2f} s with {first['peak_memory_mb']:.0f} MB; "
        f"this process took {report['peak_memory_mb']:.0f} MB at most"
    )
    return "\n\n".join(parts)


def _stage_table(title: str, rows: Sequence[dict[str, Any]]) -> str:
    lines = [f"{title:<18}{'median ms':>10}{'95 % ms':>10}{'peak MB':>10}"]
    for row in rows:
        times = f"{row['median_ms']:>10.2f}{row['p95_ms']:>10.2f}"
        lines.append(f"{row['stage']:<18}{times}{row['peak_memory_mb']:>10.0f}")
    return "\n".join(lines)
