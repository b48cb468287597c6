"""Faces through time: who is who from frame to frame, found cheaply and answered calmly."""

from emotion.tracking.track import TrackedFace
from emotion.tracking.tracker import AT_ONCE, SEARCH_ONE_IN, FaceTracker

__all__ = ["AT_ONCE", "SEARCH_ONE_IN", "FaceTracker", "TrackedFace"]
