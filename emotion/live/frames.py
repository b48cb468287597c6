"""Small conversions between a stream's frames, its pictures and what is drawn on them.

A camera's frames come as planes of brightness and colour (I420) in FFmpeg's memory. What is done to
them here reads and writes that memory itself: PyAV's own ways to and from arrays go row by row, and
its ``reformat`` plans a conversion anew for each frame, either at many times the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import av
import cv2
import numpy as np

from emotion.imaging.annotation import annotate, annotate_planes
from emotion.imaging.canvas import Planes, fill, halved, split
from emotion.imaging.files import from_i420, i420
from emotion.tracking import TrackedFace
from emotion.types import Image


def planes_of(frame: av.VideoFrame) -> Planes | None:
    """Views of the frame's planes, good while it is not changed; None where it has others.

    A camera's frames have them, but for one of odd size: there the colours are no plain half.
    """
    if frame.format.name != "yuv420p" or frame.width % 2 or frame.height % 2:
        return None
    return _views(frame)


def pixels_of(frame: av.VideoFrame) -> Image:
    """The frame's pixels, apart from FFmpeg's memory: ``i420``'s array, or RGB; see ``to_rgb``."""
    planes = planes_of(frame)
    if planes is None:
        return np.array(frame.to_ndarray(format="rgb24"), np.uint8)
    packed = np.empty((frame.height * 3 // 2, frame.width), np.uint8)
    fill(split(packed), planes)
    return packed


def to_rgb(pixels: Image) -> Image:
    """RGB uint8 (H, W, 3) of what ``pixels_of`` took."""
    return pixels if pixels.ndim == 3 else from_i420(pixels)


def annotated(
    frame: av.VideoFrame,
    faces: Sequence[TrackedFace],
    *,
    mirror: bool = False,
    labels: bool = True,
    half: bool = False,
) -> av.VideoFrame:
    """A new frame with the faces drawn, and mirrored if wanted; same pts and time base.

    half: in half of the size, to even numbers.
    """
    if mirror:
        faces = [mirrored(face, frame.width) for face in faces]
    if half:
        faces = [replace(face, xyxy=np.asarray(face.xyxy / 2, np.float32)) for face in faces]
    numbers = [face.track_id for face in faces]
    planes = planes_of(frame)
    if planes is not None:
        planes = halved(planes) if half else planes
        made = _with_planes(frame, planes, mirror=mirror)
        annotate_planes(_views(made), faces, numbers=numbers, labels=labels)
        return made
    image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    image = image[:, ::-1] if mirror else image
    if half:
        size = (frame.width // 4 * 2, frame.height // 4 * 2)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return like(frame, annotate(image, faces, numbers=numbers, labels=labels))


def again(frame: av.VideoFrame, shown: av.VideoFrame) -> av.VideoFrame:
    """What was shown in an earlier frame, with this one's pts and time base."""
    planes = planes_of(shown)
    if planes is not None:
        return _with_planes(frame, planes)
    return like(frame, np.asarray(shown.to_ndarray(format="rgb24"), np.uint8))


def like(frame: av.VideoFrame, picture: Image) -> av.VideoFrame:
    """The picture as a frame with the other's pts and time base."""
    height, width = picture.shape[:2]
    if not height % 2 and not width % 2:
        return _with_planes(frame, split(i420(picture)))
    # OpenCV knows half of the size for the colours only.
    made = av.VideoFrame.from_ndarray(picture, format="rgb24")
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


def mirrored(face: TrackedFace, width: int) -> TrackedFace:
    """The face in the mirrored picture of that width."""
    x1, y1, x2, y2 = face.xyxy
    return replace(face, xyxy=np.array([width - x2, y1, width - x1, y2], np.float32))


def _with_planes(frame: av.VideoFrame, planes: Planes, *, mirror: bool = False) -> av.VideoFrame:
    """A new frame with a copy of the planes and the other's pts and time base."""
    height, width = planes[0].shape
    made = av.VideoFrame(width, height, "yuv420p")
    made.pts, made.time_base = frame.pts, frame.time_base
    fill(_views(made), planes, mirror=mirror)
    return made


def _views(frame: av.VideoFrame) -> Planes:
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        for plane in frame.planes
    )
    height, width = frame.height, frame.width
    half = (slice(height // 2), slice(width // 2))
    return y[:height, :width], u[half], v[half]
