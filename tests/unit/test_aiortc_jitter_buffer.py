"""The low-latency jitter buffer: frames leave with their last packet; lost packets are given up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, pairwise
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RtpPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.live.aiortc_patches import jitter_buffer as ours
from emotion.live.aiortc_patches.bounded_queues import MAX_ENCODED, EncodedFrameQueue
from emotion.live.aiortc_patches.keyframes import is_keyframe
from emotion.live.aiortc_patches.nack import RepeatingNackGenerator

STEP = 3000
"""RTP ticks between frames at 30 frames per second."""

FIRST_NUMBER, FIRST_STAMP = 65_500, (1 << 32) - 5 * STEP
"""Both counters wrap around within the test streams."""


def stream(sizes: list[int], *, marked: bool = True) -> list[list[RtpPacket]]:
    """Packets of frames with these packet counts; the payload is the frame's index and its own."""
    frames: list[list[RtpPacket]] = []
    number = FIRST_NUMBER
    for index, size in enumerate(sizes):
        frames.append([])
        for place in range(size):
            packet = RtpPacket(
                payload_type=97,
                sequence_number=number % (1 << 16),
                timestamp=(FIRST_STAMP + STEP * index) % (1 << 32),
                marker=int(marked and place == size - 1),
            )
            packet._data = bytes([index % 256, place])  # type: ignore[attr-defined]
            frames[-1].append(packet)
            number += 1
    return frames


def flat(frames: list[list[RtpPacket]]) -> list[RtpPacket]:
    return list(chain.from_iterable(frames))


def data_of(frame: list[RtpPacket]) -> bytes:
    return b"".join(packet._data for packet in frame)  # type: ignore[attr-defined]


def feed(
    buffer: JitterBuffer, packets: list[RtpPacket], *, asks: int = 0
) -> list[ours.CompleteFrame]:
    """All frames that leave, in order. asks: how many keyframe requests are expected."""
    seen: list[ours.CompleteFrame] = []
    for packet in packets:
        asked, frame = buffer.add(packet)
        asks -= asked
        if frame is not None:
            assert isinstance(frame, ours.CompleteFrame)
            seen += frame.with_following()
    assert not asks
    return seen


def handed_on(frames: list[list[RtpPacket]], waiting: EncodedFrameQueue) -> Iterator[None]:
    """Passes frames through the buffer into the decoder's queue; yields after each packet."""
    buffer = ours.LowLatencyJitterBuffer(512)
    for packet in flat(frames):
        _, frame = buffer.add(packet)
        if frame is not None:
            waiting.put((SimpleNamespace(name="VP8"), frame))
        yield


def as_vp8(packet: RtpPacket, *, key: bool) -> None:
    """Makes the packet the first of a VP8 frame; its last byte stays."""
    start = b"\0\0\0\x9d\x01\x2a" if key else b"\1\0\0\0\0\0"
    packet._data = start + packet._data[-1:]  # type: ignore[attr-defined]


def test_aiortc_still_waits_for_the_next_frame() -> None:
    """If this fails, aiortc has fixed it: remove ours, and measure with live_viewers."""
    buffer = JitterBuffer(capacity=16, is_video=True)
    first, second = stream([2, 1])
    assert [buffer.add(packet)[1] for packet in first] == [None, None]
    assert buffer.add(second[0])[1] is not None


def test_a_frame_leaves_with_its_last_packet() -> None:
    buffer = ours.LowLatencyJitterBuffer(16)
    for frame in stream([3, 1, 2, 1, 1, 4]):
        assert feed(buffer, frame[:-1]) == []
        (seen,) = feed(buffer, frame[-1:])
        assert (seen.data, seen.timestamp) == (data_of(frame), frame[0].timestamp)
        assert not seen.after_gap


def test_without_marks_a_frame_leaves_with_the_next() -> None:
    frames = stream([3, 1, 2], marked=False)
    seen = feed(ours.LowLatencyJitterBuffer(16), flat(frames))
    assert [frame.data for frame in seen] == [data_of(frame) for frame in frames[:-1]]


def test_padding_after_a_frame_is_no_frame() -> None:
    first, padding, second = stream([2, 3, 2])
    for packet in padding:
        packet.timestamp, packet.marker = first[0].timestamp, 0
        packet._data = b""  # type: ignore[attr-defined]
    seen = feed(ours.LowLatencyJitterBuffer(16), [*first, *padding, *second])
    assert [frame.data for frame in seen] == [data_of(first), data_of(second)]


def test_frames_behind_a_late_packet_leave_with_it_and_keep_their_timestamps() -> None:
    frames = stream([1] * 9)
    late = frames.pop(1)
    buffer = ours.LowLatencyJitterBuffer(16)
    assert len(feed(buffer, flat(frames))) == 1
    _, first = buffer.add(late[0])
    assert isinstance(first, ours.CompleteFrame)
    first.timestamp = 70_000  # as aiortc's receiver does
    assert [frame.timestamp for frame in first.with_following()] == [
        70_000 + STEP * n for n in range(8)
    ]
    assert [frame.data[0] for frame in first.with_following()] == list(range(1, 9))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_lost_packet_is_waited_for_half_a_second(place: int) -> None:
    frames = stream([3] * 30)
    lost = frames[4].pop(place)
    buffer = ours.LowLatencyJitterBuffer(512)
    before = feed(buffer, flat(frames[:19]))
    assert [frame.data[0] for frame in before] == [0, 1, 2, 3]
    after = feed(buffer, flat(frames[19:]), asks=1)
    # If a frame's last packet was lost, the next frame's first may have been too: it is dropped.
    begun = 6 if place == 2 else 5
    assert [frame.data[0] for frame in after] == list(range(begun, 30))
    assert [frame.after_gap for frame in after] == [True] + [False] * (29 - begun)
    for _ in range(2):
        assert feed(buffer, [lost]) == [], "too late"


def test_a_very_late_packet_changes_nothing() -> None:
    frames = stream([3] * 100)
    buffer = ours.LowLatencyJitterBuffer(512)
    assert len(feed(buffer, flat(frames[:90]))) == 90
    # aiortc resets its buffer for a packet that is a hundred behind.
    assert feed(buffer, [*frames[3], frames[40][1]]) == []
    assert [frame.data[0] for frame in feed(buffer, flat(frames[90:]))] == list(range(90, 100))


@pytest.mark.parametrize("jump", [600, -3000])
def test_when_sequence_numbers_restart_a_keyframe_is_requested(jump: int) -> None:
    buffer = ours.LowLatencyJitterBuffer(512)
    frames = stream([2] * 20)
    feed(buffer, flat(frames[:10]))
    later = flat(frames[10:])
    for packet in later:
        packet.sequence_number = (packet.sequence_number + jump) % (1 << 16)
    asked, seen = False, []
    for packet in later:
        asks, frame = buffer.add(packet)
        asked |= asks
        if frame is not None:
            assert isinstance(frame, ours.CompleteFrame)
            seen.append(frame)
    assert asked
    assert [frame.data[0] for frame in seen] == list(range(10, 20))
    assert [frame.after_gap for frame in seen] == [True] + [False] * 9


def test_padding_costs_no_more_than_other_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, at = [0], ours.LowLatencyJitterBuffer._at

    def counted(buffer: ours.LowLatencyJitterBuffer, place: int) -> RtpPacket | None:
        looked[0] += 1
        return at(buffer, place)

    monkeypatch.setattr(ours.LowLatencyJitterBuffer, "_at", counted)
    frame, padding = stream([2, 4])
    for packet in padding:
        packet.timestamp, packet.marker = frame[0].timestamp, 0
        packet._data = b""  # type: ignore[attr-defined]
    assert len(feed(ours.LowLatencyJitterBuffer(512), [*frame, *padding])) == 1
    assert looked[0] < 50


def test_a_complete_keyframe_behind_a_gap_leaves_at_once() -> None:
    frames = stream([2] * 40)
    for index, frame in enumerate(frames):
        as_vp8(frame[0], key=index == 12)
    for index in (5, 9, 14):  # of the second frame only the last packet
        del frames[index][index == 9]
    buffer = ours.LowLatencyJitterBuffer(512)
    before = feed(buffer, flat(frames[:13]))
    assert [frame.data for frame in before] == [
        data_of(frame) for frame in (*frames[:5], frames[12])
    ]
    assert [frame.after_gap for frame in before] == 5 * [False] + [True]
    (after,) = feed(buffer, flat(frames[13:14]))
    assert not after.after_gap


@pytest.mark.parametrize("key", [True, False])
def test_the_frame_right_behind_a_gap_is_kept_if_it_is_a_keyframe(key: bool) -> None:
    frames = stream([1] * 5 + [2] * 30)
    for index, frame in enumerate(frames):
        as_vp8(frame[0], key=key and index == 5)
    del frames[4]
    # Its last packet arrives after the gap was given up.
    end = frames[4].pop()
    buffer = ours.LowLatencyJitterBuffer(512)
    assert len(feed(buffer, flat(frames[:4]))) == 4
    assert feed(buffer, flat(frames[4:20]), asks=not key) == []
    seen = feed(buffer, [end])
    whole = [data_of([*frames[4], end])] if key else []
    assert [frame.data for frame in seen] == whole + [data_of(frame) for frame in frames[5:20]]
    assert [frame.after_gap for frame in seen] == [True] + [False] * (len(seen) - 1)


@pytest.mark.parametrize("came", ["late", "never"])
def test_after_a_gap_the_decoder_waits_for_a_keyframe(came: str) -> None:
    ask = threading.Event()
    bursts: list[int] = []
    waiting = EncodedFrameQueue(ask, bursts.append)
    frames = stream([1] * 60)
    for index, (packet,) in enumerate(frames):
        # A VP8 keyframe first, and one a second later.
        as_vp8(packet, key=index in (0, 30))
        packet._data += bytes([index])  # type: ignore[attr-defined]
    lost = frames.pop(5)
    if came == "late":
        frames.insert(12, lost)
    shown = []
    for _ in handed_on(frames, waiting):
        while not waiting.empty():
            shown.append(waiting.get_nowait()[1].data[-1])
    if came == "late":
        assert (shown, bursts) == (list(range(60)), [8])
    else:
        # Frames that are dropped before the keyframe are not reported as a burst.
        assert (shown, bursts) == ([0, 1, 2, 3, 4, *range(30, 60)], [])
    assert ask.is_set() == (came == "never")


def test_a_burst_does_not_overflow_the_decoder_queue() -> None:
    bursts: list[int] = []
    waiting = EncodedFrameQueue(threading.Event(), bursts.append)
    frames = stream([1] * (MAX_ENCODED + 10))
    late = frames.pop(3)
    frames.insert(MAX_ENCODED, late)
    for _ in handed_on(frames, waiting):
        pass
    numbers = [waiting.get_nowait()[1].data[0] for _ in range(waiting.qsize())]
    assert numbers == list(range(MAX_ENCODED + 10))
    assert bursts == [MAX_ENCODED - 2]


def test_the_decoder_queue_is_bounded_in_a_burst_too() -> None:
    ask = threading.Event()
    waiting = EncodedFrameQueue(ask, lambda count: None)
    frames = stream([1] * 100)
    late = frames.pop(3)
    frames.insert(MAX_ENCODED, late)
    most = max(waiting.qsize() for _ in handed_on(frames, waiting))
    assert most <= 2 * MAX_ENCODED
    assert ask.is_set()


@pytest.mark.parametrize(("library", "codec"), [("libvpx", "VP8"), ("libx264", "H264")])
def test_a_keyframe_is_recognised_by_its_beginning(library: str, codec: str) -> None:
    encoder: Any = av.CodecContext.create(library, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base = Fraction(1, 30)
    fast = {"deadline": "realtime", "lag-in-frames": "0"}
    encoder.options = fast if codec == "VP8" else {"tune": "zerolatency"}
    told = []
    for index in range(4):
        picture = np.full((48, 64, 3), 40 * index, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, 30)
        told += [(p.is_keyframe, is_keyframe(bytes(p))) for p in encoder.encode(frame)]
    assert told == [(True, True)] + 3 * [(False, False)]
    assert not is_keyframe(b"\x00\x12\x34\x56\x78\x9a"), "the middle of a frame"
    assert not is_keyframe(b"\x00")
    assert not is_keyframe(b"")


@settings(max_examples=100, deadline=None)
@given(data=st.data(), sizes=st.lists(st.integers(1, 6), min_size=1, max_size=30))
def test_any_order_within_reach_gives_every_frame_once_in_its_order(
    data: st.DataObject, sizes: list[int]
) -> None:
    frames = stream(sizes)
    packets = flat(frames)
    # Each packet but the first arrives up to eight positions late.
    delays = data.draw(
        st.lists(st.integers(0, 8), min_size=len(packets) - 1, max_size=len(packets) - 1)
    )
    order = [0, *sorted(range(1, len(packets)), key=lambda place: place + delays[place - 1])]
    seen = feed(ours.LowLatencyJitterBuffer(512), [packets[place] for place in order])
    assert [frame.data for frame in seen] == [data_of(frame) for frame in frames]
    assert not any(frame.after_gap for frame in seen)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), sizes=st.lists(st.integers(1, 5), min_size=20, max_size=60))
def test_whatever_is_lost_only_complete_frames_leave_in_order_and_gaps_are_marked(
    data: st.DataObject, sizes: list[int]
) -> None:
    frames = stream(sizes)
    keys = data.draw(st.sets(st.integers(1, len(frames) - 1), max_size=4))
    for index, frame in enumerate(frames):
        as_vp8(frame[0], key=index in keys)
        frame[0]._data += bytes([index])  # type: ignore[attr-defined]
    packets = flat(frames)
    places = st.integers(1, len(packets) - 1)
    lost = data.draw(st.sets(places, max_size=12))
    delays = data.draw(st.dictionaries(places, st.integers(1, 40), max_size=12))
    order = sorted(range(len(packets)), key=lambda place: place + delays.get(place, 0))
    buffer = ours.LowLatencyJitterBuffer(512)
    seen: list[ours.CompleteFrame] = []
    asked = False
    for place in order:
        if place in lost:
            continue
        asks, left = buffer.add(packets[place])
        asked |= asks
        if isinstance(left, ours.CompleteFrame):
            seen += left.with_following()
    number = {data_of(frame): index for index, frame in enumerate(frames)}
    numbers = [number[frame.data] for frame in seen]  # an incomplete frame is not in the dictionary
    assert numbers == sorted(set(numbers))
    gaps = [later != earlier + 1 for earlier, later in pairwise([-1, *numbers])]
    assert [frame.after_gap for frame in seen] == gaps
    first_after = {number for number, gap in zip(numbers, gaps, strict=True) if gap}
    assert asked or first_after <= keys


def test_a_lost_packet_is_requested_again_until_it_arrives() -> None:
    packets = flat(stream([1] * 8))
    now = [0.0]
    asking, theirs = RepeatingNackGenerator(lambda: now[0]), NackGenerator()
    asked, asked_by_theirs = [], []
    for packet in packets[:2] + packets[3:]:
        now[0] += 0.04
        asked.append(asking.add(packet))
        asked_by_theirs.append(theirs.add(packet))
    # When the gap is noticed, and again after .1 s.
    assert asked == [False, False, True, False, False, True, False]
    assert asking.missing == {packets[2].sequence_number}
    # If this fails, aiortc has fixed it.
    assert asked_by_theirs == [False, False, True, False, False, False, False]
    asking.add(packets[2])
    assert not asking.missing


def test_a_packet_given_up_is_not_requested_any_more() -> None:
    packets = flat(stream([1] * 60))
    now = [0.0]
    asking = RepeatingNackGenerator(lambda: now[0])
    asked = []
    for packet in packets[:2] + packets[3:]:
        now[0] += 0.04
        asked.append(asking.add(packet))
    assert 4 <= sum(asked) <= 6
    assert not asking.missing
    assert not any(asked[20:])
