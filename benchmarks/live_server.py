"""The server of ``live_viewers.py``: the page's media path, without Streamlit around it.

Reads one JSON line at a time: an offer (``sdp``, ``type``) is answered with an answer, ``state``
with the frames that wait in the libraries' queues and the load's level.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used, all its threads together (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Memory that a process holds, in MB (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def threads(pid: int) -> int:
    """How many threads a process has (Linux)."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def waiting() -> dict[str, int]:
    """The longest of each kind of the libraries' queues now."""
    from aiortc.contrib.media import RelayStreamTrack
    from aiortc.rtcrtpreceiver import RemoteStreamTrack, RTCRtpReceiver

    found = {"decoder": 0, "received": 0, "relay": 0}
    for each in gc.get_objects():
        if isinstance(each, RTCRtpReceiver):
            queued = each._RTCRtpReceiver__decoder_queue.qsize()  # type: ignore[attr-defined]
            found["decoder"] = max(found["decoder"], queued)
        elif isinstance(each, RemoteStreamTrack):
            found["received"] = max(found["received"], each._queue.qsize())
        elif isinstance(each, RelayStreamTrack) and each._queue is not None:
            found["relay"] = max(found["relay"], each._queue.qsize())
    return found


class Silent:
    """In place of the analyzer: nobody is ever there."""

    min_score = 0.5

    def detect(self, *_: Any, **__: Any) -> tuple[()]:
        """Nobody."""
        return ()

    refine = faces = detect


async def serve(options: argparse.Namespace) -> None:
    """Answers until its input ends."""
    from aiortc import RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaRelay
    from streamlit_webrtc.process import VideoProcessTrack

    import emotion
    from emotion.live import LiveProcessor

    if not options.plain:
        from emotion.live.aiortc_queues import keep_only_the_newest

        keep_only_the_newest()
    from emotion.live.load import LOAD

    analyzer: Any = Silent() if options.no_analysis else emotion.load_analyzer()
    relay = MediaRelay()
    connections = []
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        question = json.loads(line)
        if "sdp" not in question:
            print(json.dumps({**waiting(), "level": LOAD.level}), flush=True)
            continue
        connection = RTCPeerConnection()
        connections.append(connection)

        @connection.on("track")
        def on_track(track: Any, connection: RTCPeerConnection = connection) -> None:
            # As streamlit_webrtc.webrtc does it for SENDRECV with async_processing=False.
            processed = VideoProcessTrack(
                track=relay.subscribe(track), processor=LiveProcessor(analyzer)
            )
            connection.addTrack(relay.subscribe(processed))

        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=question["sdp"], type=question["type"])
        )
        await connection.setLocalDescription(await connection.createAnswer())
        local = connection.localDescription
        print(json.dumps({"sdp": local.sdp, "type": local.type}), flush=True)


def main() -> None:
    """Runs until standard input is closed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plain", action="store_true", help="the libraries' own queues")
    parser.add_argument("--no-analysis", action="store_true")
    options = parser.parse_args()
    # Interpreter and loop as in the page: postScriptGC is off there, nothing to freeze here.
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
