"""The queues that replace aiortc's: bounded, and a change of aiortc is noticed."""

from __future__ import annotations

import asyncio
import json
import queue
import subprocess
import sys
import threading
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, rtcrtpreceiver
from aiortc.contrib import media
from aiortc.jitterbuffer import JitterBuffer
from aiortc.mediastreams import MediaStreamError

from emotion.live.aiortc_patches import bounded_queues as ours
from emotion.live.aiortc_patches.jitter_buffer import LowLatencyJitterBuffer
from emotion.live.aiortc_patches.nack import RepeatingNackGenerator
from emotion.live.load_shedding import LoadShedder
from tests.coroutines import run_coroutine

PLAIN = """
import asyncio, json
from aiortc import RTCPeerConnection, rtcrtpreceiver
from aiortc.contrib import media
async def look():
    track = rtcrtpreceiver.RemoteStreamTrack("video")
    relay = media.MediaRelay().subscribe(track)
    connection = RTCPeerConnection()
    receiver = connection.addTransceiver("video").receiver
    encoded = receiver._RTCRtpReceiver__decoder_queue
    await connection.close()
    return [track._queue.maxsize, relay._queue.maxsize, encoded.maxsize]
print(json.dumps(asyncio.run(look())))
"""


@pytest.fixture(autouse=True)
def in_place() -> None:
    ours.install_bounded_queues()
    ours.install_bounded_queues()  # a second call changes nothing


def test_aiortc_still_has_no_bounds_of_its_own() -> None:
    """If this fails, aiortc has fixed it: remove our queues, and measure with live_viewers."""
    done = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0, 0, 0]


def test_a_connection_gets_the_replacements() -> None:
    async def look() -> tuple[Any, Any, Any, Any, Any, Any, Any]:
        track = rtcrtpreceiver.RemoteStreamTrack("video")
        sound = rtcrtpreceiver.RemoteStreamTrack("audio")
        relay: Any = media.MediaRelay().subscribe(track)
        connection = RTCPeerConnection()
        receiver: Any = connection.addTransceiver("video").receiver
        encoded = receiver._RTCRtpReceiver__decoder_queue
        jitter = receiver._RTCRtpReceiver__jitter_buffer
        heard: Any = connection.addTransceiver("audio").receiver
        await connection.close()
        heard = heard._RTCRtpReceiver__jitter_buffer
        asking = receiver._RTCRtpReceiver__nack_generator
        return track._queue, relay._queue, encoded, sound._queue, jitter, heard, asking

    received, relayed, encoded, sound, jitter, heard, asking = run_coroutine(look())
    assert type(received) is ours.DecodedFrameQueue
    assert type(relayed) is ours.LatestItemQueue
    assert type(encoded) is ours.EncodedFrameQueue
    assert type(sound) is asyncio.Queue
    assert type(jitter) is LowLatencyJitterBuffer
    assert jitter.capacity >= 512
    assert type(asking) is RepeatingNackGenerator
    assert type(heard) is JitterBuffer


def test_another_implementation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_installed", False)
    monkeypatch.setattr(ours, "_DECODER_QUEUE", "_RTCRtpReceiver__another_name")
    before = rtcrtpreceiver.RemoteStreamTrack.__init__
    with pytest.raises(RuntimeError, match=r"aiortc 1\.16"):
        ours.install_bounded_queues()
    assert rtcrtpreceiver.RemoteStreamTrack.__init__ is before


class Numbers(MediaStreamTrack):
    """A camera of 100 frames a second; a frame's pts is its number."""

    kind = "video"
    last = -1

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(0.01)
        self.last += 1
        if self.last == 200:
            raise MediaStreamError
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = self.last, Fraction(1, 100)
        return frame


def test_a_slow_consumer_gets_the_latest_frame_and_then_the_end() -> None:
    async def take() -> list[tuple[int, int, Fraction]]:
        source = Numbers()
        relay = media.MediaRelay()
        slow = relay.subscribe(relay.subscribe(source))
        seen = []
        try:
            while True:
                frame: Any = await slow.recv()
                seen.append((frame.pts, source.last, frame.time_base))
                await asyncio.sleep(0.1)
        except MediaStreamError:
            return seen

    seen = run_coroutine(asyncio.wait_for(take(), 60))
    numbers = [number for number, _, _ in seen]
    assert len(numbers) >= 5
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 100
    # With aiortc's queue the tenth frame taken would be number ten, a hundred behind.
    assert all(newest - number <= 3 for number, newest, _ in seen)
    assert {time_base for _, _, time_base in seen} == {Fraction(1, 100)}


def ignore_burst(count: int) -> None:
    """A callback for tests without bursts."""


def encoded(*, key: bool) -> tuple[Any, Any]:
    """What aiortc passes to its decoder thread."""
    data = b"\x10\x02\x00\x9d\x01\x2a" if key else b"\x11\x02\x00\x00\x00\x00"
    return SimpleNamespace(name="VP8"), SimpleNamespace(data=data)


def test_encoded_frames_are_never_dropped_singly() -> None:
    ask = threading.Event()
    waiting = ours.EncodedFrameQueue(ask, ignore_burst)
    waiting.put(encoded(key=True))
    for _ in range(ours.MAX_ENCODED - 1):
        waiting.put(encoded(key=False))
    assert waiting.qsize() == ours.MAX_ENCODED
    assert not ask.is_set()
    waiting.put(encoded(key=False))
    assert waiting.qsize() == 0
    assert ask.is_set()
    waiting.put(encoded(key=False))
    assert waiting.qsize() == 0
    key = encoded(key=True)
    waiting.put(key)
    waiting.put(encoded(key=False))
    assert waiting.get_nowait()[1] is key[1]
    assert waiting.qsize() == 1


def test_the_end_passes_a_decoder_that_waits_for_a_key_frame() -> None:
    waiting = ours.EncodedFrameQueue(threading.Event(), ignore_burst)
    for _ in range(ours.MAX_ENCODED + 2):
        waiting.put(encoded(key=False))
    with pytest.raises(queue.Empty):
        waiting.get(timeout=0.01)
    waiting.put(None)
    assert waiting.get(timeout=1) is None


def test_a_burst_after_a_late_packet_is_no_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    shedder = LoadShedder()
    monkeypatch.setattr(ours, "SHEDDER", shedder)
    taken = ours.DecodedFrameQueue()
    taken.expect_burst(4)
    for number in range(4):
        taken.put_nowait(number)
    assert shedder._dropped == 0
    taken.put_nowait(4)
    assert shedder._dropped == 1
    assert taken.get_nowait() == 4


def test_a_burst_is_reported_to_the_receivers_track() -> None:
    async def look() -> tuple[Any, Any]:
        connection = RTCPeerConnection()
        receiver: Any = connection.addTransceiver("video").receiver
        receiver._RTCRtpReceiver__decoder_queue._on_burst(2)  # before the track exists
        receiver._track = rtcrtpreceiver.RemoteStreamTrack("video")
        receiver._RTCRtpReceiver__decoder_queue._on_burst(3)
        await connection.close()
        return receiver.track._queue, receiver

    taken, _ = run_coroutine(look())
    assert taken._burst_left == 3
