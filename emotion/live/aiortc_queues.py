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
mode, is not on our way (see ``emotion/app/webrtc.py``). ``tests/unit/test_aiortc_queues.py`` fails
when a later aiortc has bounds of its own, or has moved what is replaced here.
"""

from __future__ import annotations

import asyncio
import queue
import re
import threading
from typing import Any

from aiortc import rtcrtpreceiver
from aiortc.contrib import media
from aiortc.jitterbuffer import JitterFrame

from emotion.live.aiortc_jitter import AskAgain, EarlyJitterBuffer, WholeFrame
from emotion.live.load import LOAD

MAX_ENCODED = 15
"""Half a second at 30 frames a second: a hiccup of the machine is not worth a torn picture."""

_DECODER_QUEUE = "_RTCRtpReceiver__decoder_queue"
_DECODER_ERROR = "_RTCRtpReceiver__decoder_error"
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_ASKING = "_RTCRtpReceiver__nack_generator"
_UNITS = re.compile(b"\x00\x00\x01(.)", re.DOTALL)
_applied = False


class NewestQueue(asyncio.Queue[Any]):
    """Holds one item: the next takes its place. None, the end of a stream, is never left out."""

    def _put(self, item: Any) -> None:
        if self._queue:  # type: ignore[attr-defined]
            self._queue.clear()  # type: ignore[attr-defined]
            LOAD.dropped()
        self._queue.append(item)  # type: ignore[attr-defined]


class ReceivedQueue(NewestQueue):
    """The first queue after the decoder: what the load is measured against."""

    def _put(self, item: Any) -> None:
        LOAD.received()
        super()._put(item)


class EncodedQueue(queue.Queue[Any]):
    """(codec, encoded frame) before the decoder; where ``MAX_ENCODED`` wait, all of them go.

    ask: set to ask the sender for a key frame. None ends the decoder and is never left out.
    """

    def __init__(self, ask: threading.Event) -> None:
        super().__init__()
        self._ask = ask
        self._until_key = False

    def _put(self, item: Any) -> None:
        if item is None:
            self.queue.append(item)
            return
        codec, first = item
        frames = list(first.all()) if isinstance(first, WholeFrame) else [first]
        # What waited for one late packet comes at once: the network was slow, not we.
        LOAD.excuse(len(frames) - 1)
        if len(self.queue) >= MAX_ENCODED:
            self.queue.clear()
            self._until_key = True
            LOAD.dropped()
        for frame in frames:
            self._put_frame(codec, frame)

    def _put_frame(self, codec: Any, frame: JitterFrame) -> None:
        if isinstance(frame, WholeFrame) and frame.after_gap:
            self._until_key = True
        if self._until_key and not begins_anew(codec.name, frame.data):
            self._ask.set()
            return
        self._until_key = False
        self.queue.append((codec, frame))


def begins_anew(codec: str, data: bytes) -> bool:
    """Whether a frame can be decoded without those before it, as far as we can tell.

    VP8's first bit is 0 in a key frame, and its start code follows (RFC 6386, 9.1). In H.264 it
    has a slice of an IDR picture or the sequence's parameters (ITU-T H.264, 7.3.1 and table 7-1).
    """
    if codec == "VP8":
        return data[3:6] == b"\x9d\x01\x2a" and not data[0] & 1
    if codec == "H264":
        return any(unit[0] & 31 in (5, 7) for unit in _UNITS.findall(data))
    return True


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
    setattr(receiver, _DECODER_QUEUE, EncodedQueue(getattr(receiver, _DECODER_ERROR)))
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
