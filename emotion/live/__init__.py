"""A live stream: frames in, annotated frames out, and the newest result for whoever asks.

``LiveProcessor`` holds all state of one viewer; the models behind it are shared. Nothing here knows
the page or the transport: frames are ``av.VideoFrame``, whoever delivers them.
"""

from emotion.live.processor import LiveProcessor
from emotion.live.record import SessionRecord
from emotion.live.settings import LiveSettings, SettingsHolder
from emotion.live.snapshot import LiveSnapshot
from emotion.live.viewers import VIEWERS, NoRoomError

__all__ = [
    "VIEWERS",
    "LiveProcessor",
    "LiveSettings",
    "LiveSnapshot",
    "NoRoomError",
    "SessionRecord",
    "SettingsHolder",
]
