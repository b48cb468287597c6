"""The server of ``live_viewers.py``: the page's media path without Streamlit.

Reads one JSON object per line. An offer (``sdp``, ``type``) is answered with an answer; ``state``
with the lengths of the libraries' queues, the level of load shedding and the analyses so far.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used, all threads together (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Resident memory of a process in MB (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def threads(pid: int) -> int:
    """Number of threads of a process (Linux)."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def queue_lengths(receivers: Iterable[Any], relayed: Iterable[Any]) -> dict[str, int]:
    """The present length of the longest queue of each kind in aiortc."""
    # Not by gc.get_objects: LiteRT refuses to run while anything else refers to its interpreter.
    receivers = list(receivers)
    decoders = [each._RTCRtpReceiver__decoder_queue.qsize() for each in receivers]
    received = [each.track._queue.qsize() for each in receivers]
    relays = [each._queue.qsize() for each in relayed if each._queue is not None]
    return {
        "decoder": max(decoders, default=0),
        "received": max(received, default=0),
        "relay": max(relays, default=0),
    }


class NoFaces:
    """Stands in for the analyzer and never finds a face."""

    min_score = 0.5

    def detect(self, *_: Any, **__: Any) -> tuple[()]:
        """No faces."""
        return ()

    refine = faces = detect


async def serve(options: argparse.Namespace) -> None:
    """Answers requests until stdin is closed."""
    import cv2
    from aiortc import RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaRelay
    from streamlit_webrtc.process import VideoProcessTrack

    import emotion
    from emotion.live import LiveProcessor

    if not options.plain:
        from emotion.live.aiortc_patches.bounded_queues import install_bounded_queues
        from emotion.live.aiortc_patches.vp8_settings import install_vp8_settings

        cv2.setNumThreads(1)
        install_vp8_settings()
        install_bounded_queues()
    from emotion.live.load_shedding import SHEDDER

    analyzer: Any = NoFaces() if options.no_analysis else emotion.load_analyzer()
    relay = MediaRelay()
    connections: list[RTCPeerConnection] = []
    processors: list[LiveProcessor] = []
    relayed: list[Any] = []
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        if "sdp" not in request:
            analyzed = sum(each.snapshot().analyzed for each in processors)
            receivers = [each for one in connections for each in one.getReceivers()]
            queues = queue_lengths(receivers, relayed)
            state = {**queues, "level": SHEDDER.level, "analyzed": analyzed}
            print(json.dumps(state), flush=True)
            continue
        connection = RTCPeerConnection()
        connections.append(connection)

        @connection.on("track")
        def on_track(track: Any, connection: RTCPeerConnection = connection) -> None:
            # As streamlit_webrtc.webrtc does it for SENDRECV with async_processing=False.
            processors.append(LiveProcessor(analyzer))
            relayed.append(relay.subscribe(track))
            processed = VideoProcessTrack(track=relayed[-1], processor=processors[-1])
            relayed.append(relay.subscribe(processed))
            connection.addTrack(relayed[-1])

        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=request["sdp"], type=request["type"])
        )
        await connection.setLocalDescription(await connection.createAnswer())
        local = connection.localDescription
        print(json.dumps({"sdp": local.sdp, "type": local.type}), flush=True)


def main() -> None:
    """Runs until standard input is closed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plain", action="store_true", help="the libraries' own queues, encoder")
    parser.add_argument("--no-analysis", action="store_true")
    options = parser.parse_args()
    # The page's event loop: Streamlit uses uvloop if it is installed.
    make_loop = import_module("uvloop").new_event_loop if find_spec("uvloop") else None
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(serve(options))


if __name__ == "__main__":
    main()
