"""One face's analysis beside what the ``fer`` package takes for it, in the same minutes.

    python3 -m venv /tmp/fer && /tmp/fer/bin/pip install "fer==25.10" "opencv-contrib-python<5"
    python benchmarks/against_fer.py --fer-python /tmp/fer/bin/python

``fer`` brings TensorFlow, so it runs in an environment of its own; the two take turns, in several
rounds. The same 640x480 frames: a face that sways. Ours is timed as the stream uses it
(``FaceTracker``) and with a full search of every frame (``analyze``); theirs is
``FER().detect_emotions``. Median milliseconds a frame, each on the threads it takes by itself.
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
sys.path.insert(0, str(ROOT))  # shares the portraits with the tests

import emotion  # noqa: E402 - after the path above
from benchmarks.time_code import pictures  # noqa: E402
from emotion.tracking import FaceTracker  # noqa: E402
from emotion.types import Image  # noqa: E402

RATE_HZ = 30

_THEIRS = """
import json, sys, time
import numpy as np
from fer.fer import FER
frames = np.load(sys.argv[1])[..., ::-1].copy()  # they take BGR
fer = FER()
for line in sys.stdin:
    times, found = [], 0
    for frame in frames:
        begun = time.perf_counter()
        found += len(fer.detect_emotions(frame))
        times.append(1000 * (time.perf_counter() - begun))
    print('TIMES ' + json.dumps([times, found]), flush=True)
"""


def ask(process: subprocess.Popen[str]) -> tuple[list[float], int]:
    """Milliseconds of each frame, and how many faces were found in all."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("TIMES "):
            times, found = json.loads(line.removeprefix("TIMES "))
            return times, found
    raise RuntimeError("fer ended without an answer")


def timed(analyze: Callable[[Image, float], object], frames: list[Image]) -> list[float]:
    """Milliseconds of each frame."""
    times = []
    for index, frame in enumerate(frames):
        begun = time.perf_counter()
        analyze(frame, index / RATE_HZ)
        times.append(1000 * (time.perf_counter() - begun))
    return times


def main() -> None:
    """Takes turns and prints the medians."""
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
        ask(process)
        timed(FaceTracker(analyzer).update, frames)
        for _ in range(options.rounds):
            ours += timed(FaceTracker(analyzer).update, frames)
            whole += timed(lambda frame, _: analyzer.analyze(frame), frames)
            times, found = ask(process)
            theirs += times
        process.terminate()
        process.wait()
    base = statistics.median(theirs)
    print(f"fer found {found} faces in {len(frames)} frames")
    print("| | median ms | fer takes so many times as long |")
    print("|---|---|---|")
    for name, values in (("in a stream", ours), ("every frame searched", whole), ("fer", theirs)):
        half = statistics.median(values)
        print(f"| {name} | {half:.1f} | {base / half:.1f} |")


if __name__ == "__main__":
    main()
