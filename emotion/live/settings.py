"""What a viewer may change while the stream runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """mirror: the picture as in a mirror. labels: names and percents on the boxes, or numbers only.
    smoothing: see ``FaceTracker``; 1 is the tuned calm. paused: the picture stands still and
    nothing is analysed, while the connection stays."""

    mirror: bool = False
    labels: bool = True
    smoothing: float = 1.0
    paused: bool = False


class SettingsHolder:
    """The newest settings of one viewer: written by the page, read by the stream's threads.

    Replacing a reference is atomic in Python, so no lock is needed.
    """

    def __init__(self, settings: LiveSettings | None = None) -> None:
        self.settings = settings or LiveSettings()
