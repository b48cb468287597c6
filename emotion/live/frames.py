"""Small conversions between a stream's frames, its pictures and what is drawn on them."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np

from emotion.images import i420
from emotion.tracking import TrackedFace
from emotion.types import Image


def like(frame: av.VideoFrame, picture: Image) -> av.VideoFrame:
    """The picture as a frame with the other's pts and time base."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2:  # OpenCV knows half of the size for the colours only
        made = av.VideoFrame.from_ndarray(picture, format="rgb24")
    else:
        made = av.VideoFrame.from_ndarray(i420(picture), format="yuv420p")
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


def mirrored(face: TrackedFace, width: int) -> TrackedFace:
    """The face in the mirrored picture of that width."""
    x1, y1, x2, y2 = face.xyxy
    return replace(face, xyxy=np.array([width - x2, y1, width - x1, y2], np.float32))
