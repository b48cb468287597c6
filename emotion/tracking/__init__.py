"""Face tracking: stable track ids from frame to frame, at little cost, smoothed in time."""

from emotion.tracking.track import TrackedFace
from emotion.tracking.tracker import DETECT_INTERVAL_FRAMES, MAX_REFINED_PER_FRAME, FaceTracker

__all__ = ["DETECT_INTERVAL_FRAMES", "MAX_REFINED_PER_FRAME", "FaceTracker", "TrackedFace"]
