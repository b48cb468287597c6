"""What a viewer may change while the stream runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """One viewer's settings; immutable.

    Attributes:
        mirror: Show the video mirrored.
        labels: Draw label and percentage on the boxes; False draws numbers only.
        smoothing: Strength of temporal smoothing, see ``FaceTracker``; 1 is the default.
        paused: Freeze the video and stop the analysis; the connection stays open.
    """

    mirror: bool = False
    labels: bool = True
    smoothing: float = 1.0
    paused: bool = False


class SettingsHolder:
    """One viewer's current settings: written by the page, read by the stream's threads.

    Replacing a reference is atomic in Python, so no lock is needed.
    """

    def __init__(self, settings: LiveSettings | None = None) -> None:
        self.settings = settings or LiveSettings()
