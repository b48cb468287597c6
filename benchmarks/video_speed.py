"""Speed and memory of analysing a recording: the table alone, and with the annotated video.

    python benchmarks/video_speed.py
    python benchmarks/video_speed.py --seconds 3600 --fps 2
    python benchmarks/video_speed.py --fer /elsewhere/.venv/bin/python

The clip is H.264, 640x480 at 30 fps, with one moving face. Each run is the command line in a
process of its own, start and loading of the models included. ``--fer`` names a Python that has the
PyPI package ``fer``: its ``Video.analyze`` gets the clip's first ``--fer-seconds``, with its
defaults except that it writes no frames to disk, and its start does not count.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the portrait of the tests

from benchmarks.time_code import swaying  # noqa: E402 - after the path above
from tests.browser import harness  # noqa: E402

_LOOP = 4 * harness.RATE_HZ  # frames after which the motion repeats

_FER = """
import os, sys, tempfile, time
os.chdir(tempfile.mkdtemp())  # it writes files into the working directory
from fer.fer import FER
from fer.classes import Video
detector, video = FER(), Video(sys.argv[1], outdir="out")
begun = time.monotonic()
video.analyze(detector, display=False, save_frames=False, save_video=False, annotate_frames=False)
print("took", time.monotonic() - begun)
"""


def render(path: Path, seconds: float) -> None:
    """Writes the clip: one loop is encoded, and its packets are repeated as often as needed."""
    packets = []
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=harness.RATE_HZ)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = harness.WIDTH, harness.HEIGHT, "yuv420p"
        stream.options = {"preset": "veryfast", "bf": "0", "g": str(_LOOP)}
        for view in swaying(harness.RATE_HZ, _LOOP):
            packets += stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24"))
        packets += stream.encode(None)
        data = [(bytes(p), p.is_keyframe, p.time_base) for p in packets]
        for index in range(round(seconds * harness.RATE_HZ)):
            coded, is_key, time_base = data[index % _LOOP]
            packet = av.Packet(coded)
            packet.stream, packet.time_base, packet.is_keyframe = stream, time_base, is_key
            packet.pts = packet.dts = round(index / harness.RATE_HZ / time_base)
            out.mux(packet)


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of a command, which must succeed."""
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return time.monotonic() - begun, used.ru_maxrss / 1024


def fer_speed(python: str, clip: Path, seconds: float) -> float:
    """The speed of ``fer`` in multiples of real time."""
    done = subprocess.run(
        [python, "-c", _FER, str(clip)], check=True, capture_output=True, text=True
    )
    return seconds / float(done.stdout.rpartition("took")[2])


def main() -> None:
    """Renders the clip, measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of the clip")
    parser.add_argument("--fps", help="frames a second to analyse (default: every one)")
    parser.add_argument("--table-only", action="store_true", help="without the annotated video")
    parser.add_argument("--fer", metavar="PYTHON", help="a Python with the package fer")
    parser.add_argument("--fer-seconds", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        render(clip, options.seconds)
        command = [sys.executable, "-m", "emotion", "video", str(clip)]
        command += ["--fps", options.fps] if options.fps else []
        table = ["--csv", f"{folder}/out.csv"]
        kinds = {"table": table, "table and video": [*table, "--out", f"{folder}/out.mp4"]}
        if options.table_only:
            del kinds["table and video"]
        print("| result | seconds | times real time | peak MB |\n|---|---|---|---|")
        speeds = {}
        for kind, results in kinds.items():
            took_s, peak_mb = measured([*command, *results])
            speeds[kind] = options.seconds / took_s
            print(f"| {kind} | {took_s:.1f} | {speeds[kind]:.2f} | {peak_mb:.0f} |", flush=True)
        if options.fer:
            start = Path(folder) / "start.mp4"
            render(start, options.fer_seconds)
            theirs = fer_speed(options.fer, start, options.fer_seconds)
            ratio = speeds["table"] / theirs
            print(f"fer: {theirs:.2f} times real time; the table is {ratio:.1f} times as fast")


if __name__ == "__main__":
    main()
