"""A live stream: frames in, annotated frames out, and the latest result for whoever asks.

``LiveProcessor`` holds all state of one viewer; the models behind it are shared. Nothing here knows
the page or, apart from ``aiortc_patches``, the transport: frames are ``av.VideoFrame``.
"""

from emotion.live.admission import ADMISSION, ServerFullError
from emotion.live.history import LiveHistory
from emotion.live.processor import LiveProcessor
from emotion.live.settings import LiveSettings, SettingsHolder
from emotion.live.snapshot import LiveSnapshot

__all__ = [
    "ADMISSION",
    "LiveHistory",
    "LiveProcessor",
    "LiveSettings",
    "LiveSnapshot",
    "ServerFullError",
    "SettingsHolder",
]
