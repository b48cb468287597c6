"""A live stream: frames in, annotated frames out, and the newest result for whoever asks.

``LiveProcessor`` holds all state of one viewer; the models behind it are shared. Nothing here knows
the page or the transport: frames are ``av.VideoFrame``, whoever delivers them.
"""

from emotion.live.processor import LiveProcessor, LiveSnapshot
from emotion.live.settings import LiveSettings, SettingsHolder

__all__ = ["LiveProcessor", "LiveSettings", "LiveSnapshot", "SettingsHolder"]
