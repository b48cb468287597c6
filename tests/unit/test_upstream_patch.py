"""The patch offered to aiortc: it applies to the tested version, and does what it says."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aiortc
import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_aiortc_jitter_buffer import data_of, flat, stream

PATCH = Path(__file__).parents[2] / "docs" / "upstream" / "aiortc-jitter-buffer.patch"


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """``rtcrtpreceiver`` of a patched copy of aiortc beside the installed one."""
    folder = tmp_path_factory.mktemp("upstream")
    source, patched = Path(aiortc.__file__).parent, folder / "patched_aiortc"
    shutil.copytree(source, folder / "src" / "aiortc")
    # Also where the temporary folder is inside a repository: the paths are relative to it.
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    subprocess.run(["git", "apply", str(PATCH)], cwd=folder, env=env, check=True)
    (folder / "src" / "aiortc").rename(patched)
    (patched / "__init__.py").unlink()  # not needed, and half a second
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("patched_aiortc.rtcrtpreceiver")
    for name in [name for name in sys.modules if name.startswith("patched_aiortc")]:
        del sys.modules[name]


def feed(buffer: Any, packets: list[RtpPacket]) -> tuple[list[tuple[bytes, int]], int]:
    """The frames that the buffer delivers as its receiver takes them, and the keyframe requests."""
    frames, requests = [], 0
    for packet in packets:
        request, frame = buffer.add(packet)
        requests += request
        while frame is not None:
            frames.append((frame.data, frame.timestamp))
            frame = buffer.next_video_frame()
    return frames, requests


def expected(frames: list[list[RtpPacket]]) -> list[tuple[bytes, int]]:
    return [(data_of(frame), frame[0].timestamp) for frame in frames]


def test_a_frame_leaves_with_its_last_packet(receiver: ModuleType) -> None:
    buffer = receiver.JitterBuffer(capacity=512, is_video=True)
    for frame in stream([3, 1, 2, 1, 1, 4]):
        assert feed(buffer, frame[:-1]) == ([], 0)
        assert feed(buffer, frame[-1:]) == (expected([frame]), 0)


def test_without_markers_a_frame_leaves_with_the_next(receiver: ModuleType) -> None:
    buffer = receiver.JitterBuffer(capacity=512, is_video=True)
    frames = stream([3, 1, 2], marked=False)
    assert feed(buffer, flat(frames)) == (expected(frames[:-1]), 0)


def test_all_frames_behind_a_late_packet_leave_with_it(receiver: ModuleType) -> None:
    frames = stream([1] * 9)
    buffer = receiver.JitterBuffer(capacity=512, is_video=True)
    assert feed(buffer, flat(frames[:1] + frames[2:])) == (expected(frames[:1]), 0)
    assert feed(buffer, frames[1]) == (expected(frames[1:]), 0)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_lost_packet_is_given_up_after_half_a_second(receiver: ModuleType, place: int) -> None:
    frames = stream([3] * 30)
    lost = frames[4].pop(place)
    buffer = receiver.JitterBuffer(capacity=512, is_video=True)
    assert feed(buffer, flat(frames[:19])) == (expected(frames[:4]), 0)
    begun = 6 if place == 2 else 5
    assert feed(buffer, flat(frames[19:])) == (expected(frames[begun:]), 1)
    assert feed(buffer, [lost, *frames[3]]) == ([], 0), "too late"


def test_padding_is_no_frame(receiver: ModuleType) -> None:
    first, padding, second = stream([2, 3, 2])
    for packet in padding:
        packet.timestamp, packet.marker = first[0].timestamp, 0
        packet._data = b""  # type: ignore[attr-defined]
    buffer = receiver.JitterBuffer(capacity=512, is_video=True)
    assert feed(buffer, [*first, *padding, *second]) == (expected([first, second]), 0)


def test_audio_is_buffered_as_before(receiver: ModuleType) -> None:
    ours, theirs = (
        module.JitterBuffer(capacity=16, prefetch=4)
        for module in (receiver, importlib.import_module("aiortc.rtcrtpreceiver"))
    )
    for packet in flat(stream([1] * 20)):
        (_, mine), (_, other) = ours.add(packet), theirs.add(packet)
        assert (mine and mine.data) == (other and other.data)
        assert ours.next_video_frame() is None


@settings(max_examples=50, deadline=None)
@given(data=st.data(), sizes=st.lists(st.integers(1, 5), min_size=20, max_size=60))
def test_whatever_is_lost_whole_frames_leave_in_their_order(
    receiver: ModuleType, data: st.DataObject, sizes: list[int]
) -> None:
    frames = stream(sizes)
    for index, frame in enumerate(frames):
        frame[0]._data += bytes([index])  # type: ignore[attr-defined]
    packets = flat(frames)
    places = st.integers(1, len(packets) - 1)
    lost = data.draw(st.sets(places, max_size=12))
    delays = data.draw(st.dictionaries(places, st.integers(1, 40), max_size=12))
    order = sorted(range(len(packets)), key=lambda place: place + delays.get(place, 0))
    buffer = receiver.JitterBuffer(capacity=512, is_video=True)
    seen, requests = feed(buffer, [packets[place] for place in order if place not in lost])
    number = {data_of(frame): index for index, frame in enumerate(frames)}
    numbers = [number[each] for each, _ in seen]  # an incomplete one is in no dictionary
    assert numbers == sorted(set(numbers))
    assert requests or numbers == list(range(len(numbers)))


def test_a_missing_packet_is_requested_again_until_it_is_given_up(
    receiver: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [10.0]
    monkeypatch.setattr(receiver.time, "monotonic", lambda: now[0])
    packets = flat(stream([1] * 60))
    generator = receiver.NackGenerator()
    requests = []
    for packet in packets[:2] + packets[3:]:
        now[0] += 0.04
        requests.append(generator.add(packet))
    assert requests[:7] == [False, False, True, False, False, True, False]
    assert 4 <= sum(requests) <= 6
    assert not any(requests[20:])
    assert not generator.missing
