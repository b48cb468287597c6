"""A jitter buffer that delivers frames without waiting for the next one or for a lost packet.

aiortc's jitter buffer

1. delivers a frame when the first packet of the next one has arrived: at 30 frames per second every
   frame is a thirtieth of a second late. But a frame's last packet says that it is the last, by its
   marker bit (RFC 3550, 5.1; RFC 7741, 4.1 for VP8; RFC 6184, 5.1 for H.264).
2. delivers one frame per packet. Frames that piled up behind a late packet never drain as long as
   each frame fits into one packet: the delay stays.
3. waits for a lost packet until 512 others have arrived. At half a megabit per second that is up to
   eight seconds of a frozen picture. Here a packet is given up after ``LOSS_TIMEOUT_S`` (``nack``
   asks for it repeatedly until then) and a keyframe is requested. A keyframe that has already
   arrived ends the waiting at once.

With 3 of 100 packets lost on their way to the server, frames were back after 12 ms (95th percentile
19) instead of 44 (310), measured with ``benchmarks/live_viewers.py --lost .03``. The same change as
a patch for aiortc: ``docs/upstream``.

Tested with aiortc 1.16.0 (``aiortc.jitterbuffer``). Not thread-safe: a buffer belongs to its
receiver's event loop.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import VIDEO_CLOCK_RATE
from aiortc.rtp import RtpPacket

from emotion.live.aiortc_patches.keyframes import is_keyframe
from emotion.live.aiortc_patches.nack import LOSS_TIMEOUT_S

_SEQUENCE_NUMBERS, _TIMESTAMPS = 1 << 16, 1 << 32  # where RTP's counters wrap around


class CompleteFrame(JitterFrame):
    """An encoded frame of which all packets have arrived.

    Attributes:
        following: Further frames that are complete too. aiortc's interface passes one frame at a
            time, so they travel with the first.
        after_gap: Frames before this one are missing, so that it may not be decodable.
    """

    def __init__(self, packets: list[RtpPacket], *, after_gap: bool) -> None:
        data = b"".join(packet._data for packet in packets)  # type: ignore[attr-defined]
        super().__init__(data, packets[0].timestamp)
        self._rtp_timestamp = packets[0].timestamp
        self.after_gap = after_gap
        self.following: list[CompleteFrame] = []

    def with_following(self) -> Iterator[CompleteFrame]:
        """The frame, then those following.

        aiortc's receiver changes the first one's timestamp; the others are changed accordingly.
        """
        yield self
        for frame in self.following:
            offset = (frame._rtp_timestamp - self._rtp_timestamp) % _TIMESTAMPS
            frame.timestamp = self.timestamp + offset
            yield frame


class LowLatencyJitterBuffer(JitterBuffer):
    """aiortc's jitter buffer for video with another rule for what is delivered, see the module.

    A position is an offset in packets from the oldest sequence number that is still expected.

    Args:
        capacity: Packets held, a power of 2.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity, is_video=True)
        self._delivered_timestamp: int | None = None
        self._torn_timestamp: int | None = None  # of a frame whose beginning may be lost
        self._after_gap = self._needs_keyframe = False

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Stores a packet.

        Returns:
            Whether to request a keyframe, and the first frame that is complete now, if any, with
            those following.
        """
        if self._is_outdated(packet):
            return False, None
        self._needs_keyframe = False
        overflow, frame = super().add(packet)
        if overflow and isinstance(frame, CompleteFrame):
            frame.after_gap = True
        elif overflow:
            self._after_gap = True
        return overflow or self._needs_keyframe, frame

    def _is_outdated(self, packet: RtpPacket) -> bool:
        """Whether the packet belongs to frames already delivered or given up.

        aiortc would start over with one that is a hundred behind, as it must where the sender's
        sequence numbers start over; such packets have newer timestamps.
        """
        if self._origin is None or self._delivered_timestamp is None:
            return False
        behind = (self._origin - packet.sequence_number) % _SEQUENCE_NUMBERS
        newer = (packet.timestamp - self._delivered_timestamp) % _TIMESTAMPS
        return 0 < behind < self.capacity and not 0 < newer < _TIMESTAMPS / 2

    def _remove_frame(self, sequence_number: int) -> CompleteFrame | None:
        """Overrides aiortc's rule: called with each packet, returns what is complete."""
        first = self._pop_frame()
        position = None
        if first is None and (gap_end := self._end_of_gap(sequence_number)) is not None:
            position = self._keyframe_position(sequence_number)
            if position is None and self._timed_out(gap_end, sequence_number):
                position = gap_end
        if position is not None:
            self._skip_to(position)
            first = self._pop_frame()
        if first is not None:
            while (frame := self._pop_frame()) is not None:
                first.following.append(frame)
        return first

    def _at(self, position: int) -> RtpPacket | None:
        if self._origin is None or position >= self.capacity:
            return None
        return self._packets[(self._origin + position) % self.capacity]

    def _pop_frame(self) -> CompleteFrame | None:
        """Takes out the oldest frame if it is complete."""
        packets: list[RtpPacket] = []
        while (packet := self._at(len(packets))) is not None:
            if not packets and self._is_discardable(packet):
                self.remove(1)
                continue
            if packets and packet.timestamp != packets[0].timestamp:
                return self._deliver(packets)
            packets.append(packet)
            if packet.marker:
                return self._deliver(packets)
        return None

    def _is_discardable(self, packet: RtpPacket) -> bool:
        """Whether the packet belongs to a torn frame, or is padding without content."""
        torn = packet.timestamp == self._torn_timestamp
        return torn or not packet._data  # type: ignore[attr-defined]

    def _deliver(self, packets: list[RtpPacket]) -> CompleteFrame:
        self.remove(len(packets))
        self._delivered_timestamp = packets[0].timestamp
        frame = CompleteFrame(packets, after_gap=self._after_gap)
        self._after_gap = False
        return frame

    def _end_of_gap(self, newest: int) -> int | None:
        """The position of the first packet behind the first gap; None without a gap."""
        if self._origin is None:
            return None
        end = (newest - self._origin) % _SEQUENCE_NUMBERS
        if end >= self.capacity:
            return None  # the newest packet has been delivered
        missing = next((at for at in range(end) if self._at(at) is None), None)
        if missing is None:
            return None
        return next((at for at in range(missing, end) if self._at(at) is not None), end)

    def _timed_out(self, position: int, newest: int) -> bool:
        """Whether the newest packet was sent ``LOSS_TIMEOUT_S`` after the one at the position."""
        first, last = self._at(position), self._packets[newest % self.capacity]
        if first is None or last is None:
            return False
        elapsed = (last.timestamp - first.timestamp) % _TIMESTAMPS
        return LOSS_TIMEOUT_S * VIDEO_CLOCK_RATE <= elapsed < _TIMESTAMPS / 2

    def _keyframe_position(self, newest: int) -> int | None:
        """The position of the newest packet's frame if that is a complete keyframe."""
        sent = self._packets[newest % self.capacity]
        if self._origin is None or sent is None:
            return None
        first = last = (newest - self._origin) % _SEQUENCE_NUMBERS
        while first and (packet := self._at(first - 1)) and packet.timestamp == sent.timestamp:
            first -= 1
        while (packet := self._at(last)) and packet.timestamp == sent.timestamp:
            if packet.marker:
                return first if self._starts_keyframe(first) else None
            last += 1
        return None

    def _starts_keyframe(self, position: int) -> bool:
        packet = self._at(position)
        return packet is not None and is_keyframe(packet._data)  # type: ignore[attr-defined]

    def _skip_to(self, position: int) -> None:
        """Drops what is before the position, and the frame there where its start may be lost."""
        keyframe = self._starts_keyframe(position)
        packet = self._at(position)
        self.remove(position)
        if packet is not None and not keyframe:
            self._delivered_timestamp = self._torn_timestamp = packet.timestamp
        self._after_gap = True
        self._needs_keyframe = not keyframe
