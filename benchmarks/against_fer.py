"""The time of one face's analysis beside that of the ``fer`` package, in the same minutes.

    python3 -m venv /tmp/fer && /tmp/fer/bin/pip install "fer==25.10" "opencv-contrib-python<5"
    python benchmarks/against_fer.py --fer-python /tmp/fer/bin/python

``fer`` needs TensorFlow, so it runs in an environment of its own; the two take turns for several
rounds, on the same 640x480 frames of a moving face. Ours is timed as in a stream (``FaceTracker``)
and with full-frame detection in every frame (``analyze``); theirs is ``FER().detect_emotions``.
Prints median milliseconds per frame; each uses its default number of threads.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the portraits of the tests

import emotion  # noqa: E402 - after the path above
from benchmarks.time_code import pictures  # noqa: E402
from emotion.tracking import FaceTracker  # noqa: E402
from emotion.types import Image  # noqa: E402

RATE_HZ = 30

_THEIRS = """
import json, sys, time
import numpy as np
from fer.fer import FER
frames = np.load(sys.argv[1])[..., ::-1].copy()  # fer takes BGR
fer = FER()
for line in sys.stdin:
    times, found = [], 0
    for frame in frames:
        begun = time.perf_counter()
        found += len(fer.detect_emotions(frame))
        times.append(1000 * (time.perf_counter() - begun))
    print('TIMES ' + json.dumps([times, found]), flush=True)
"""


def run_fer_once(process: subprocess.Popen[str]) -> tuple[list[float], int]:
    """Has ``fer`` analyse all frames: milliseconds of each, and how many faces were found."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("TIMES "):
            times, found = json.loads(line.removeprefix("TIMES "))
            return times, found
    raise RuntimeError("fer ended without a result")


def time_frames(analyze: Callable[[Image, float], object], frames: list[Image]) -> list[float]:
    """Milliseconds of each frame."""
    times = []
    for index, frame in enumerate(frames):
        begun = time.perf_counter()
        analyze(frame, index / RATE_HZ)
        times.append(1000 * (time.perf_counter() - begun))
    return times


def main() -> None:
    """Measures both in turns and prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fer-python", required=True, help="an interpreter that has fer")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    frames = list(pictures(RATE_HZ, options.frames))
    analyzer = emotion.load_analyzer()
    ours: list[float] = []
    whole: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frames.npy"
        np.save(file, np.stack(frames))
        process = subprocess.Popen(
            [options.fer_python, "-c", _THEIRS, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        run_fer_once(process)
        time_frames(FaceTracker(analyzer).update, frames)
        for _ in range(options.rounds):
            ours += time_frames(FaceTracker(analyzer).update, frames)
            whole += time_frames(lambda frame, _: analyzer.analyze(frame), frames)
            times, found = run_fer_once(process)
            theirs += times
        process.terminate()
        process.wait()
    base = statistics.median(theirs)
    print(f"fer found {found} faces in {len(frames)} frames")
    print("| | median ms | fer's time / this |")
    print("|---|---|---|")
    for name, values in (
        ("in a stream", ours),
        ("every frame searched", whole),
        ("fer", theirs),
    ):
        half = statistics.median(values)
        print(f"| {name} | {half:.1f} | {base / half:.1f} |")


if __name__ == "__main__":
    main()
