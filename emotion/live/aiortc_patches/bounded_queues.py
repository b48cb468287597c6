"""Bounded queues in place of aiortc's: late frames are dropped, so no backlog builds up.

Three of aiortc's queues that a frame passes through have no bound; when the server is slower than
the cameras, frames pile up in them and the delay grows without limit:

1. ``rtcrtpreceiver.RemoteStreamTrack._queue``: decoded frames that nobody has taken yet.
2. ``contrib.media.RelayStreamTrack._queue``: frames for our track, and from it to the
   encoder, which is where they pile up first.
3. ``rtcrtpreceiver.RTCRtpReceiver``'s decoder queue: encoded frames before the decoder's thread. An
   encoded frame needs those before it, so frames cannot be dropped singly: when ``MAX_ENCODED`` are
   waiting, all of them are dropped, as are those that follow until a keyframe comes, and the sender
   is asked for one.

The same receivers get ``LowLatencyJitterBuffer`` and ``RepeatingNackGenerator``. Audio is left
alone: a gap would be heard. A fourth queue, of streamlit-webrtc's asynchronous mode, is not in use
(see ``emotion/app/widgets/camera.py``). Dropped frames are counted for
``emotion.live.load_shedding``. Late frames are also dropped in front of the analysis, see
``emotion.live.latest_worker``.

Tested with aiortc 1.16.0 (``aiortc.rtcrtpreceiver``, ``aiortc.contrib.media``).
"""

from __future__ import annotations

import asyncio
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any

from aiortc import rtcrtpreceiver
from aiortc.contrib import media
from aiortc.jitterbuffer import JitterFrame

from emotion.live.aiortc_patches.jitter_buffer import CompleteFrame, LowLatencyJitterBuffer
from emotion.live.aiortc_patches.keyframes import is_keyframe
from emotion.live.aiortc_patches.nack import RepeatingNackGenerator
from emotion.live.load_shedding import SHEDDER

MAX_ENCODED = 15
"""Half a second at 30 frames per second: a short stall is not worth dropping frames."""

_DECODER_QUEUE = "_RTCRtpReceiver__decoder_queue"
_DECODER_ERROR = "_RTCRtpReceiver__decoder_error"
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_NACK_GENERATOR = "_RTCRtpReceiver__nack_generator"
_installed = False


class LatestItemQueue(asyncio.Queue[Any]):
    """Holds one item: the next replaces it, except for None, the end of a stream."""

    def _put(self, item: Any) -> None:
        if self._queue:  # type: ignore[attr-defined]
            self._queue.clear()  # type: ignore[attr-defined]
            self._count_drop()
        self._queue.append(item)  # type: ignore[attr-defined]

    def _count_drop(self) -> None:
        SHEDDER.frame_dropped()


class DecodedFrameQueue(LatestItemQueue):
    """The first queue behind the decoder, where received frames are counted for load shedding."""

    _burst_left = 0

    def expect_burst(self, count: int) -> None:
        """Drops among the next ``count`` frames are not counted: the network held them up."""
        self._burst_left = count

    def _put(self, item: Any) -> None:
        SHEDDER.frame_received()
        super()._put(item)
        self._burst_left = max(self._burst_left - 1, 0)

    def _count_drop(self) -> None:
        if not self._burst_left:
            super()._count_drop()


class EncodedFrameQueue(queue.Queue[Any]):
    """(codec, encoded frame) before the decoder; when ``MAX_ENCODED`` wait, all are dropped.

    None ends the decoder and is never dropped.

    Args:
        keyframe_needed: Set to make aiortc request a keyframe from the sender.
        on_burst: Called with the number of frames that a late packet held up and that arrive at
            once now; they may wait beside ``MAX_ENCODED`` others.
    """

    def __init__(self, keyframe_needed: threading.Event, on_burst: Callable[[int], None]) -> None:
        super().__init__()
        self._keyframe_needed = keyframe_needed
        self._on_burst = on_burst
        self._until_keyframe = False
        self._burst = 0

    def _put(self, item: Any) -> None:
        if item is None:
            self.queue.append(item)
            return
        codec, first = item
        self._burst = min(self._burst, len(self.queue))
        if len(self.queue) >= MAX_ENCODED + self._burst:
            self.queue.clear()
            self._until_keyframe = True
            SHEDDER.frame_dropped()
        before = len(self.queue)
        for frame in first.with_following() if isinstance(first, CompleteFrame) else (first,):
            self._put_frame(codec, frame)
        if (together := len(self.queue) - before) > 1:
            self._burst += together
            self._on_burst(together)

    def _put_frame(self, codec: Any, frame: JitterFrame) -> None:
        if isinstance(frame, CompleteFrame) and frame.after_gap:
            self._until_keyframe = True
        if self._until_keyframe and not is_keyframe(frame.data):
            self._keyframe_needed.set()
            return
        self._until_keyframe = False
        self.queue.append((codec, frame))


def install_bounded_queues() -> None:
    """Patches aiortc for all connections created from now on; a second call does nothing.

    Raises:
        RuntimeError: This aiortc is built differently; nothing is changed then.
    """
    global _installed
    if _installed:
        return
    _check()
    remote_init = rtcrtpreceiver.RemoteStreamTrack.__init__
    relay_init = media.RelayStreamTrack.__init__
    receiver_init = rtcrtpreceiver.RTCRtpReceiver.__init__

    def remote(self: Any, *args: Any, **kwargs: Any) -> None:
        remote_init(self, *args, **kwargs)
        if self.kind == "video":
            self._queue = DecodedFrameQueue()

    def relay(self: Any, *args: Any, **kwargs: Any) -> None:
        relay_init(self, *args, **kwargs)
        if self.kind == "video" and self._queue is not None:
            self._queue = LatestItemQueue()

    def receiver(self: Any, kind: str, *args: Any, **kwargs: Any) -> None:
        receiver_init(self, kind, *args, **kwargs)
        if kind == "video":
            patch_receiver(self)

    rtcrtpreceiver.RemoteStreamTrack.__init__ = remote  # type: ignore[method-assign]
    media.RelayStreamTrack.__init__ = relay  # type: ignore[method-assign]
    rtcrtpreceiver.RTCRtpReceiver.__init__ = receiver  # type: ignore[method-assign]
    _installed = True


def patch_receiver(receiver: Any) -> None:
    """Gives one video receiver the bounded decoder queue, jitter buffer and NACK generator."""
    known = weakref.ref(receiver)

    def on_burst(count: int) -> None:
        track = getattr(known(), "track", None)
        frames = getattr(track, "_queue", None)
        if isinstance(frames, DecodedFrameQueue):
            frames.expect_burst(count)

    decoder_error = getattr(receiver, _DECODER_ERROR)
    setattr(receiver, _DECODER_QUEUE, EncodedFrameQueue(decoder_error, on_burst))
    capacity = getattr(receiver, _JITTER_BUFFER).capacity
    setattr(receiver, _JITTER_BUFFER, LowLatencyJitterBuffer(capacity))
    setattr(receiver, _NACK_GENERATOR, RepeatingNackGenerator())


def _check() -> None:
    """Raises unless the attributes replaced above exist."""
    names = rtcrtpreceiver.RTCRtpReceiver.__init__.__code__.co_names
    track = rtcrtpreceiver.RemoteStreamTrack("video")
    proxy = media.RelayStreamTrack(media.MediaRelay(), track, True)
    if not (
        isinstance(getattr(track, "_queue", None), asyncio.Queue)
        and isinstance(getattr(proxy, "_queue", None), asyncio.Queue)
        and {_DECODER_QUEUE, _DECODER_ERROR, _JITTER_BUFFER, _NACK_GENERATOR} <= set(names)
    ):
        raise RuntimeError("expected the queues of aiortc 1.16, got another implementation")
