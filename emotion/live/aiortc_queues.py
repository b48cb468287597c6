"""Queues of one in place of aiortc's endless ones, so that a stream is never behind.

Written for aiortc 1.16. Three of its queues on a frame's way have no bound; when the server is
slower than the cameras, frames pile up in them and the delay grows without end:

1. ``rtcrtpreceiver.RemoteStreamTrack._queue``: decoded frames that nobody took yet.
2. ``contrib.media.RelayStreamTrack._queue``: frames on their way to a track of ours, and from it
   to the encoder, which is where they pile up first.
3. ``rtcrtpreceiver.RTCRtpReceiver``'s decoder queue: encoded frames before the decoder's thread. A
   frame of VP8 needs those before it, so here nothing can be left out singly: when ``MAX_ENCODED``
   wait, all of them go, frames are passed by until a whole picture (key frame) comes, and the
   sender is asked for one.

The same connections get ``aiortc_jitter``'s buffer, which hands encoded frames on at once. For
sound nothing is changed: a gap is heard. A fourth queue, in streamlit-webrtc's asynchronous
mode, is not on our way (see ``emotion/app/widgets``). ``tests/unit/test_aiortc_queues.py`` fails
when a later aiortc has bounds of its own, or has moved what is replaced here.
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

from emotion.live.aiortc_jitter import AskAgain, EarlyJitterBuffer, WholeFrame, begins_anew
from emotion.live.load import LOAD

MAX_ENCODED = 15
"""Half a second at 30 frames a second: a hiccup of the machine is not worth a torn picture."""

_DECODER_QUEUE = "_RTCRtpReceiver__decoder_queue"
_DECODER_ERROR = "_RTCRtpReceiver__decoder_error"
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_ASKING = "_RTCRtpReceiver__nack_generator"
_applied = False


class NewestQueue(asyncio.Queue[Any]):
    """Holds one item: the next takes its place. None, the end of a stream, is never left out."""

    def _put(self, item: Any) -> None:
        if self._queue:  # type: ignore[attr-defined]
            self._queue.clear()  # type: ignore[attr-defined]
            self._left_out()
        self._queue.append(item)  # type: ignore[attr-defined]

    def _left_out(self) -> None:
        LOAD.dropped()


class ReceivedQueue(NewestQueue):
    """The first queue after the decoder: what the load is measured against."""

    _late = 0

    def excuse(self, count: int) -> None:
        """Of so many frames that come now, those left out are no overload: the network was slow."""
        self._late = count

    def _put(self, item: Any) -> None:
        LOAD.received()
        super()._put(item)
        self._late = max(self._late - 1, 0)

    def _left_out(self) -> None:
        if not self._late:
            super()._left_out()


class EncodedQueue(queue.Queue[Any]):
    """(codec, encoded frame) before the decoder; where ``MAX_ENCODED`` wait, all of them go.

    ask: set to ask the sender for a key frame. excuse: called with the number of frames that a late
    packet held up and that come at once now; beside them as many others may wait as ever. None ends
    the decoder and is never left out.
    """

    def __init__(self, ask: threading.Event, excuse: Callable[[int], None]) -> None:
        super().__init__()
        self._ask = ask
        self._excuse = excuse
        self._until_key = False
        self._held_up = 0

    def _put(self, item: Any) -> None:
        if item is None:
            self.queue.append(item)
            return
        codec, first = item
        self._held_up = min(self._held_up, len(self.queue))
        if len(self.queue) >= MAX_ENCODED + self._held_up:
            self.queue.clear()
            self._until_key = True
            LOAD.dropped()
        before = len(self.queue)
        for frame in first.all() if isinstance(first, WholeFrame) else (first,):
            self._put_frame(codec, frame)
        if (together := len(self.queue) - before) > 1:
            self._held_up += together
            self._excuse(together)

    def _put_frame(self, codec: Any, frame: JitterFrame) -> None:
        if isinstance(frame, WholeFrame) and frame.after_gap:
            self._until_key = True
        if self._until_key and not begins_anew(frame.data):
            self._ask.set()
            return
        self._until_key = False
        self.queue.append((codec, frame))


def keep_only_the_newest() -> None:
    """Puts the queues in place for all connections made from now on; a second call does nothing.

    Raises ``RuntimeError`` when this aiortc has other insides; nothing is changed then.
    """
    global _applied
    if _applied:
        return
    _check()
    remote_init = rtcrtpreceiver.RemoteStreamTrack.__init__
    relay_init = media.RelayStreamTrack.__init__
    receiver_init = rtcrtpreceiver.RTCRtpReceiver.__init__

    def remote(self: Any, *args: Any, **kwargs: Any) -> None:
        remote_init(self, *args, **kwargs)
        if self.kind == "video":
            self._queue = ReceivedQueue()

    def relay(self: Any, *args: Any, **kwargs: Any) -> None:
        relay_init(self, *args, **kwargs)
        if self.kind == "video" and self._queue is not None:
            self._queue = NewestQueue()

    def receiver(self: Any, kind: str, *args: Any, **kwargs: Any) -> None:
        receiver_init(self, kind, *args, **kwargs)
        if kind == "video":
            hand_on_at_once(self)

    rtcrtpreceiver.RemoteStreamTrack.__init__ = remote  # type: ignore[method-assign]
    media.RelayStreamTrack.__init__ = relay  # type: ignore[method-assign]
    rtcrtpreceiver.RTCRtpReceiver.__init__ = receiver  # type: ignore[method-assign]
    _applied = True


def hand_on_at_once(receiver: Any) -> None:
    """Has one receiver of video hand on encoded frames with their last packets."""
    known = weakref.ref(receiver)

    def excuse(count: int) -> None:
        track = getattr(known(), "track", None)
        taken = getattr(track, "_queue", None)
        if isinstance(taken, ReceivedQueue):
            taken.excuse(count)

    setattr(receiver, _DECODER_QUEUE, EncodedQueue(getattr(receiver, _DECODER_ERROR), excuse))
    capacity = getattr(receiver, _JITTER_BUFFER).capacity
    setattr(receiver, _JITTER_BUFFER, EarlyJitterBuffer(capacity))
    setattr(receiver, _ASKING, AskAgain())


def _check() -> None:
    """That the names above are still there."""
    names = rtcrtpreceiver.RTCRtpReceiver.__init__.__code__.co_names
    track = rtcrtpreceiver.RemoteStreamTrack("video")
    proxy = media.RelayStreamTrack(media.MediaRelay(), track, True)
    if not (
        isinstance(getattr(track, "_queue", None), asyncio.Queue)
        and isinstance(getattr(proxy, "_queue", None), asyncio.Queue)
        and {_DECODER_QUEUE, _DECODER_ERROR, _JITTER_BUFFER, _ASKING} <= set(names)
    ):
        raise RuntimeError("expected the queues of aiortc 1.16, got other insides")
