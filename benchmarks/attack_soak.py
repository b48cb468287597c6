"""Soak test of the page under attack: ordinary visitors beside attackers, for some minutes.

    python benchmarks/attack_soak.py --minutes 10 --visitors 20

Of the ordinary visitors three fifths look at photos, a fifth streams, a fifth analyses clips, each
again and again with a pause. Attackers do what ``tests.attacks`` and ``tests.server`` do, one after
the other. All is over HTTP and WebSockets, without browsers, which would need more processor time
than the server. Printed are the times of ordinary visitors' answers, the longest time that the
server took to answer ``/health``, and the memory of the server with its workers before and
after. The exit status is 1 if an ordinary visitor got an error.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the tests' server, attacks and visitors

import emotion  # noqa: E402 - after the path above
from benchmarks.live_server import memory_mb  # noqa: E402
from emotion.samples import SAMPLES  # noqa: E402
from tests import attacks  # noqa: E402
from tests.browser import harness  # noqa: E402
from tests.clips import of_a_sample  # noqa: E402
from tests.visitor import Visitor  # noqa: E402

MEGABYTE = bytes(1 << 20)
PAUSE_S = 5.0
STREAM_S = 15.0
QUIET_S = 45.0


class Soak:
    """What the visitors saw so far; safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stop = threading.Event()
        self.times_s: dict[str, list[float]] = {}
        self.errors: list[str] = []
        self.attacks: Counter[str] = Counter()
        self._lock = threading.Lock()

    def ordinary(self, kind: str, visit: Callable[[str], float]) -> None:
        """Repeats a visit until the end; each returns the seconds that its answer took."""
        while not self.stop.is_set():
            try:
                taken_s = visit(self.url)
                with self._lock:
                    self.times_s.setdefault(kind, []).append(taken_s)
            except Exception as error:  # noqa: BLE001 - any is what the soak looks for
                frames = traceback.extract_tb(error.__traceback__)
                line = [frame.lineno for frame in frames if frame.filename == __file__][-1]
                text = f"{kind}, line {line}: {type(error).__name__}: {str(error)[:200]}"
                with self._lock:
                    self.errors.append(text)
            self.stop.wait(PAUSE_S * random.uniform(0.5, 1.5))

    def attack(self, number: int) -> None:
        """Makes one attack after the other until the end; their own failures are welcome."""
        order = random.Random(number)
        while not self.stop.is_set():
            made = order.choice(ATTACKS)
            with contextlib.suppress(Exception):
                made(self.url)
            with self._lock:
                self.attacks[made.__name__] += 1
            self.stop.wait(1.0)


def photo(url: str) -> float:
    """A visitor with a photo; the time from the upload's end to the faces."""
    with Visitor(url) as visitor:
        visitor.run()
        began_s = time.monotonic()
        shown = visitor.show(random.choice(SAMPLES).read(), "photo.jpg", timeout_s=120)
        if "emotion-bars" not in shown:
            raise RuntimeError(f"no face on the page: {shown[-300:]}")
        return time.monotonic() - began_s


CLIP = of_a_sample()


def clip(url: str) -> float:
    """A visitor with a clip; the time from pressing the button to the annotated video."""
    with Visitor(url, page="video") as visitor:
        visitor.run()
        visitor.show(CLIP, "clip.mp4", timeout_s=120)
        began_s = time.monotonic()
        shown = visitor.press("Analyse", timeout_s=300)
        while "Annotated video" not in shown:
            shown = "".join(visitor.messages(300))
        return time.monotonic() - began_s


class Portrait(MediaStreamTrack):
    """A camera that shows one of the samples at 15 fps."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        pixels = emotion.read_image(random.choice(SAMPLES).read())
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        self._frame = frame.reformat(640, 480, "yuv420p")
        self._count = 0

    async def recv(self) -> av.VideoFrame:
        """The next frame."""
        await asyncio.sleep(1 / 15)
        self._count += 1
        self._frame.pts, self._frame.time_base = 6000 * self._count, Fraction(1, 90_000)
        return self._frame


def stream(url: str) -> float:
    """A visitor with a camera; the time from the offer to the first returned frame.

    Waits where the server is full.
    """
    with Visitor(url, page="webcam") as visitor:
        while "all are in use" in visitor.run():
            time.sleep(3)
        return asyncio.run(_streamed(visitor))


async def _streamed(visitor: Visitor) -> float:
    connection = RTCPeerConnection()
    try:
        connection.addTrack(Portrait())
        await connection.setLocalDescription(await connection.createOffer())
        began_s = time.monotonic()
        sdp = connection.localDescription.sdp
        shown = await asyncio.to_thread(visitor.offer, sdp, (), 60.0)
        for _ in range(10):
            if visitor.answer or "all are in use" in shown:
                break
            shown = "".join(await asyncio.to_thread(lambda: list(visitor.messages(60.0))))
        if not visitor.answer:
            return 0.0  # somebody else was faster
        answer = json.loads(visitor.answer)
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        (receiver,) = connection.getReceivers()
        await asyncio.wait_for(receiver.track.recv(), 30)
        taken_s = time.monotonic() - began_s
        until_s = time.monotonic() + STREAM_S
        while time.monotonic() < until_s:
            await asyncio.wait_for(receiver.track.recv(), 30)
        return taken_s
    finally:
        await connection.close()


WARM = [photo, photo, photo, photo, clip, clip, stream, stream]

# Attacks. Each file is built once.
_FILES = {
    "webp": attacks.huge_webp(),
    "png": attacks.huge_png(),
    "scans": attacks.jpeg_of_many_scans(),
    "postscript": attacks.postscript_clip("/nowhere"),
}


def pixel_bomb(url: str) -> None:
    """A small picture of 64 million pixels."""
    with Visitor(url) as visitor:
        visitor.show(_FILES[random.choice(["webp", "png"])], "a.png", timeout_s=120)


def slow_photo(url: str) -> None:
    """A JPEG of 36 s; its visitor waits, or leaves at once."""
    with Visitor(url) as visitor:
        visitor.show(_FILES["scans"], "a.jpg", timeout_s=random.choice([1, 120]))


def postscript(url: str) -> None:
    """A clip that is a program."""
    with Visitor(url, page="video") as visitor:
        visitor.show(_FILES["postscript"], "a.gif", timeout_s=120)


def foreign_page(url: str) -> None:
    """Sessions from another origin."""
    for _ in range(20):
        with contextlib.suppress(Exception):
            Visitor(url, origin="http://evil.example")


def many_uploads(url: str) -> None:
    """More uploads than a session may hold."""
    with Visitor(url) as visitor:
        visitor.run()
        for _ in range(6):
            visitor.upload(120 * MEGABYTE)


def silent_connections(url: str) -> None:
    """Sessions that do nothing."""
    with contextlib.ExitStack() as crowd:
        for _ in range(100):
            crowd.enter_context(Visitor(url))
        time.sleep(3)


def garbage_offers(url: str) -> None:
    """Offers that lead to no connection."""
    for sdp in ("v=0\r\ngarbage\r\n", "x" * 3_300_000):
        with Visitor(url, page="webcam") as visitor:
            visitor.run()
            visitor.offer(sdp)


ATTACKS = [
    pixel_bomb, slow_photo, postscript, foreign_page, many_uploads, silent_connections,
    garbage_offers,
]  # fmt: skip


def all_memory_mb(server: harness.Server) -> float:
    """Resident memory of the server and its workers."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task").glob("*/children")
    pids = {pid, *(int(child) for file in children for child in file.read_text().split())}
    return sum(memory_mb(each) for each in pids)


_WATCH = """
import sys, time, urllib.request
print("ready", flush=True)
while True:
    began_s = time.monotonic()
    urllib.request.urlopen(sys.argv[1] + "/health", timeout=60).read()
    print(time.monotonic() - began_s, flush=True)
    time.sleep(0.25)
"""


class HealthWatch:
    """Asks for the server's health four times a second, in a process of its own.

    The threads of this one wait for each other, which is not the server's doing.
    """

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-c", _WATCH, url]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.answered_s: list[float] = []
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        self._lines.readline()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.answered_s.extend(float(line) for line in self._lines)

    def stop(self) -> bool:
        """Ends it; returns whether it was still there, for it ends with the first error."""
        alive = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        self._reader.join()
        return alive


def run(server: harness.Server, minutes: float, visitors: int, attackers: int) -> int:
    """Runs the soak and prints its results; returns the exit status."""
    # Warm: each pool has all of its workers, and each has done some work.
    warm = [threading.Thread(target=visit, args=(server.url,)) for visit in WARM]
    for thread in warm:
        thread.start()
    for thread in warm:
        thread.join()
    time.sleep(QUIET_S)
    before_mb, soak = all_memory_mb(server), Soak(server.url)
    kinds = {"stream": stream, "clip": clip, "photo": photo}
    counts = {"stream": visitors // 5, "clip": visitors // 5}
    counts["photo"] = visitors - sum(counts.values())
    threads = [
        threading.Thread(target=soak.ordinary, args=(kind, kinds[kind]), daemon=True)
        for kind, count in counts.items()
        for _ in range(count)
    ]
    threads += [
        threading.Thread(target=soak.attack, args=(number,), daemon=True)
        for number in range(attackers)
    ]
    watch = HealthWatch(server.url)
    for thread in threads:
        thread.start()
    time.sleep(60 * minutes)
    if not watch.stop():
        soak.errors.append("health: no answer")
    soak.stop.set()
    for thread in threads:
        thread.join(120)
    time.sleep(QUIET_S)  # until the memory is given back
    after_mb = all_memory_mb(server)
    print("| visitors | visits | median | slowest |\n|---|---|---|---|")
    for kind, times_s in soak.times_s.items():
        median = statistics.median(times_s)
        print(f"| {counts[kind]} {kind} | {len(times_s)} | {median:.2f} s | {max(times_s):.2f} s |")
    print(f"attacks: {dict(soak.attacks)}")
    health_s = sorted(watch.answered_s)
    print(
        f"health: {len(health_s)} answers, median {statistics.median(health_s):.3f} s, 99th of 100 "
        f"{health_s[int(0.99 * len(health_s))]:.2f} s, slowest {health_s[-1]:.2f} s"
    )
    print(f"memory with workers: {before_mb:.0f} MB before, {after_mb:.0f} MB after")
    print(f"errors of ordinary visitors: {len(soak.errors)}", *soak.errors[:20], sep="\n  ")
    print(f"tracebacks in the server's log: {Counter(server.tracebacks())}")
    return bool(soak.errors)


def main() -> None:
    """Runs the soak test."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--attackers", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log_file = Path(folder) / "server.log"
        with harness.serve(log_file) as server:
            sys.exit(run(server, options.minutes, options.visitors, options.attackers))


if __name__ == "__main__":
    main()
