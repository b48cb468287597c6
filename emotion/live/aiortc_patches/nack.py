"""Requests for lost packets (NACK, RFC 4585, 6.2.1) that are repeated until they are answered.

aiortc asks for a lost packet once, and again only when another one is lost: when the request or its
answer is lost too, nothing more is done. Here the request is repeated every ``NACK_INTERVAL_S``,
until the jitter buffer gives the packet up after ``LOSS_TIMEOUT_S``.

Tested with aiortc 1.16.0 (``aiortc.rtcrtpreceiver.NackGenerator``).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RtpPacket

NACK_INTERVAL_S = 0.1
"""A requested packet arrives after one round trip, if it arrives at all."""

LOSS_TIMEOUT_S = 0.5
"""A packet that is missing for longer is given up, and a keyframe is requested instead."""


class RepeatingNackGenerator(NackGenerator):
    """Tracks missing packets and says when to ask for them.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last_request_s = clock()
        self._missing_since_s: dict[int, float] = {}

    def add(self, packet: RtpPacket) -> bool:
        """Registers a packet that arrived.

        Returns:
            Whether to ask for the packets in ``missing`` now. Those that the jitter buffer has
            given up are taken out.
        """
        request = super().add(packet)
        if not self.missing:
            self._missing_since_s.clear()
            return request
        now_s = self._clock()
        since_s = {number: self._missing_since_s.get(number, now_s) for number in self.missing}
        self._missing_since_s = since_s
        self.missing -= {n for n, lost_s in since_s.items() if now_s - lost_s > LOSS_TIMEOUT_S}
        due = now_s - self._last_request_s >= NACK_INTERVAL_S
        request = request or bool(self.missing and due)
        if request:
            self._last_request_s = now_s
        return request
