"""Small conversions between a stream's frames, its pictures and what is drawn on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import av
import numpy as np

from emotion.canvas import mirrored as mirrored_planes
from emotion.drawing import annotate, annotate_planes
from emotion.images import i420
from emotion.tracking import TrackedFace
from emotion.types import Image


def planes_of(frame: av.VideoFrame) -> Image | None:
    """The frame's I420 planes, uint8 (3 H / 2, W), a copy; None where it has others.

    A camera's frames have them, but for one of odd size: there the colours are no plain half.
    """
    if frame.format.name != "yuv420p" or frame.width % 2 or frame.height % 2:
        return None
    return np.asarray(frame.to_ndarray(), np.uint8)


def of_planes(frame: av.VideoFrame, planes: Image) -> av.VideoFrame:
    """The planes as a frame with the other's pts and time base."""
    made = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


def annotated(
    frame: av.VideoFrame, faces: Sequence[TrackedFace], *, mirror: bool = False, labels: bool = True
) -> av.VideoFrame:
    """A new frame with the faces drawn, and mirrored if wanted; same pts and time base."""
    if mirror:
        faces = [mirrored(face, frame.width) for face in faces]
    numbers = [face.number for face in faces]
    planes = planes_of(frame)
    if planes is not None:
        planes = mirrored_planes(planes) if mirror else planes
        annotate_planes(planes, faces, numbers=numbers, labels=labels)
        return of_planes(frame, planes)
    image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    image = image[:, ::-1] if mirror else image
    return like(frame, annotate(image, faces, numbers=numbers, labels=labels))


def again(frame: av.VideoFrame, shown: av.VideoFrame) -> av.VideoFrame:
    """What was shown in an earlier frame, with this one's pts and time base."""
    planes = planes_of(shown)
    if planes is not None:
        return of_planes(frame, planes)
    return like(frame, np.asarray(shown.to_ndarray(format="rgb24"), np.uint8))


def like(frame: av.VideoFrame, picture: Image) -> av.VideoFrame:
    """The picture as a frame with the other's pts and time base."""
    height, width = picture.shape[:2]
    if not height % 2 and not width % 2:
        return of_planes(frame, i420(picture))
    # OpenCV knows half of the size for the colours only.
    made = av.VideoFrame.from_ndarray(picture, format="rgb24")
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


def mirrored(face: TrackedFace, width: int) -> TrackedFace:
    """The face in the mirrored picture of that width."""
    x1, y1, x2, y2 = face.xyxy
    return replace(face, xyxy=np.array([width - x2, y1, width - x1, y2], np.float32))
