"""How many viewers one server carries, with replayed clients in place of browsers.

    python benchmarks/live_viewers.py --viewers 1 4 6 --rate 30 --seconds 30

The server is a process of its own with the page's media path (aiortc, streamlit-webrtc's tracks,
the live processor and the default model) but without Streamlit. The clients, in this process, send
a video that was encoded once, so they cost little. Every frame shows its number (``time_code.py``):
the delay is the time between sending a number and receiving a frame that shows it.

For the viewers, over the last ``--seconds`` after ``--warm-up``: frames received per second, fresh
ones (with another number than the frame before), the median and 95th percentile of the delay, and
the median of the last ten seconds, which tells whether it grows. For the server: analyses per
second and viewer, share of one core, memory, queue lengths at the end, and the level of load
shedding. On two cores or more the server is pinned to one and the clients to the rest
(``--server-cores`` gives it more). ``--plain`` leaves the libraries unpatched, ``--no-analysis``
leaves the model out, and ``--lost`` drops packets on their way to the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import VIDEO_CLOCK_RATE
from aiortc.rtcdtlstransport import RTCDtlsTransport

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.live_server import cpu_s, memory_mb  # noqa: E402 - after the path above
from benchmarks.time_code import film, read_number  # noqa: E402
from emotion.live.aiortc_patches.bounded_queues import patch_receiver  # noqa: E402


class Replay(MediaStreamTrack):
    """Sends the video in a loop; ``sent_s`` holds when each frame number was last sent."""

    kind = "video"

    def __init__(self, packets: Sequence[bytes], rate_hz: int, offset: int) -> None:
        super().__init__()
        self._packets, self._rate_hz = packets, rate_hz
        # The video starts with a keyframe; each viewer starts there, a little after the others.
        self._begun_s = time.monotonic() + offset / rate_hz / 7
        self._index = 0
        self.sent_s = np.full(len(packets), np.nan)

    async def recv(self) -> av.Packet[Any]:
        """The next packet, at its time; late ones follow at once, none is dropped."""
        await asyncio.sleep(self._begun_s + self._index / self._rate_hz - time.monotonic())
        number = self._index % len(self._packets)
        packet = av.Packet(self._packets[number])
        packet.pts = round(self._index * VIDEO_CLOCK_RATE / self._rate_hz)
        packet.time_base = Fraction(1, VIDEO_CLOCK_RATE)
        self.sent_s[number] = time.monotonic()
        self._index += 1
        return packet


@dataclass
class Viewer:
    """A client, with (time, number, delay) of each frame that came back."""

    connection: RTCPeerConnection
    source: Replay
    seen: list[tuple[float, int, float]] = field(default_factory=list)
    unread: int = 0

    async def watch(self, track: MediaStreamTrack) -> None:
        """Records every returned frame until the track ends."""
        with contextlib.suppress(Exception):
            while True:
                frame = await track.recv()
                now = time.monotonic()
                assert isinstance(frame, av.VideoFrame)
                plane = frame.planes[0]
                luma = np.frombuffer(bytes(plane), np.uint8).reshape(frame.height, plane.line_size)
                number = read_number(luma[:, : frame.width])
                if number is None:
                    self.unread += 1
                else:
                    self.seen.append((now, number, now - float(self.source.sent_s[number])))


class Server:
    """The server's process; a request and its answer are one JSON line each."""

    def __init__(self, options: argparse.Namespace, cores: set[int] | None) -> None:
        command = [sys.executable, str(ROOT / "benchmarks" / "live_server.py")]
        command += ["--plain"] * options.plain + ["--no-analysis"] * options.no_analysis
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "STREAMLIT_LOGGER_LEVEL": "error"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if cores:
            os.sched_setaffinity(self.process.pid, cores)

    def ask(self, **request: object) -> dict[str, object]:
        """Sends a request and waits for the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, object] = json.loads(self.process.stdout.readline())
        return answer


def drop_packets(share: float) -> None:
    """Drops that share of the clients' video packets at random, before they are sent."""
    send, chance = RTCDtlsTransport._send_rtp, random.Random(0)

    async def send_some(transport: RTCDtlsTransport, data: bytes) -> None:
        # Small packets are the RTCP feedback, which is not dropped.
        if len(data) < 300 or chance.random() >= share:
            await send(transport, data)

    RTCDtlsTransport._send_rtp = send_some  # type: ignore[assignment, method-assign]


async def connect(server: Server, source: Replay) -> Viewer:
    """Connects a viewer whose stream goes to the server and back."""
    connection = RTCPeerConnection()
    viewer = Viewer(connection, source)
    tasks = []

    @connection.on("track")
    def on_track(track: MediaStreamTrack) -> None:
        tasks.append(asyncio.ensure_future(viewer.watch(track)))

    connection.addTrack(source)
    # As browsers do, unlike aiortc: a frame is complete with its last packet.
    patch_receiver(connection.getReceivers()[0])
    await connection.setLocalDescription(await connection.createOffer())
    local = connection.localDescription
    loop = asyncio.get_running_loop()
    answer = await loop.run_in_executor(None, lambda: server.ask(sdp=local.sdp, type=local.type))
    await connection.setRemoteDescription(
        RTCSessionDescription(sdp=str(answer["sdp"]), type=str(answer["type"]))
    )
    return viewer


def report(viewers: Sequence[Viewer], seconds: float, ended: float) -> str:
    """One line of the table: means over the viewers, delays over all their frames."""
    received, fresh = [], []
    delays: list[float] = []
    recent: list[float] = []
    for viewer in viewers:
        part = [each for each in viewer.seen if ended - each[0] <= seconds]
        numbers = [number for _, number, _ in part]
        received.append(len(part) / seconds)
        changes = sum(a != b for a, b in itertools.pairwise(numbers))
        fresh.append(changes / seconds)
        delays += [delay for _, _, delay in part]
        recent += [delay for at, _, delay in part if ended - at <= 10]
    if not delays or not recent:
        return "nothing came back"
    middle, high = (1000 * float(np.nanpercentile(delays, p)) for p in (50, 95))
    last = 1000 * float(np.nanmedian(recent))
    return (
        f"{np.mean(received):.1f} ({min(received):.1f}) | {np.mean(fresh):.1f} | "
        f"{middle:.0f} | {high:.0f} | {last:.0f}"
    )


def delay_over_time(viewers: Sequence[Viewer], begun: float, ended: float, each_s: float) -> str:
    """The median delay in each interval of ``each_s`` seconds, in milliseconds."""
    spans = np.arange(begun, ended, each_s)
    delays = [
        [delay for viewer in viewers for at, _, delay in viewer.seen if span <= at < span + each_s]
        for span in spans
    ]
    return " ".join(f"{1000 * np.nanmedian(part):.0f}" if part else "-" for part in delays)


async def measure(
    options: argparse.Namespace, packets: Sequence[bytes], count: int, cores: set[int] | None
) -> None:
    """Connects ``count`` viewers, measures them and prints their line."""
    server = Server(options, cores)
    viewers: list[Viewer] = []
    try:
        for index in range(count):
            # One after the other, as visitors do.
            viewer = await connect(server, Replay(packets, options.rate, index))
            viewers.append(viewer)
        await asyncio.sleep(options.warm_up)
        pid = server.process.pid
        loop = asyncio.get_running_loop()
        before = await loop.run_in_executor(None, lambda: server.ask(state=True))
        cpu_before, begun = cpu_s(pid), time.monotonic()
        await asyncio.sleep(options.seconds)
        ended = time.monotonic()
        busy = (cpu_s(pid) - cpu_before) / (ended - begun)
        line = report(viewers, options.seconds, ended)
        state = await loop.run_in_executor(None, lambda: server.ask(state=True))
        analyzed = int(str(state.pop("analyzed"))) - int(str(before["analyzed"]))
        print(
            f"| {count} | {line} | {analyzed / count / (ended - begun):.1f} | {100 * busy:.0f} % | "
            f"{memory_mb(pid):.0f} MB | {json.dumps(state)} |",
            flush=True,
        )
        if options.each:
            delays = delay_over_time(viewers, begun, ended, options.each)
            print(f"delay every {options.each:.0f} s: {delays}")
    finally:
        for viewer in viewers:
            await viewer.connection.close()
        server.process.terminate()
        server.process.wait()


def main() -> None:
    """Measures each number of viewers in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 4, 6])
    parser.add_argument("--rate", type=int, default=30, help="frames a second of each camera")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--each", type=float, help="the delay's median every so many seconds")
    parser.add_argument("--warm-up", type=float, default=8.0)
    parser.add_argument("--lost", type=float, default=0.0, help="share of the packets to lose")
    parser.add_argument("--plain", action="store_true", help="the libraries' own queues")
    parser.add_argument("--no-analysis", action="store_true")
    parser.add_argument("--server-cores", type=int, default=1, help="0: no pinning at all")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    if options.lost:
        drop_packets(options.lost)
    packets = film(options.rate, width, height)
    cores = sorted(os.sched_getaffinity(0))
    pinned = None
    if 0 < options.server_cores < len(cores):
        pinned = set(cores[: options.server_cores])
        os.sched_setaffinity(0, set(cores[options.server_cores :]))
    print(f"{options.size} at {options.rate}; load of the machine: {os.getloadavg()[0]:.1f}")
    heads = "viewers|received (least)|fresh|delay|95th|last 10 s|analysed|core|memory|end"
    print(f"| {heads.replace('|', ' | ')} |\n{'|---' * len(heads.split('|'))}|", flush=True)
    for count in options.viewers:
        asyncio.run(measure(options, packets, count, pinned))


if __name__ == "__main__":
    main()
