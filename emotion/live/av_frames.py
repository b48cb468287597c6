"""Conversions between a stream's ``av.VideoFrame``s and arrays, and annotated frames.

Cameras deliver I420 planes in FFmpeg's memory (see ``emotion.imaging.yuv``). The functions here
read and write that memory directly: PyAV's own array conversions go row by row, and its
``reformat`` re-plans a conversion for each frame, either at many times the cost. Stateless; safe
to use from several threads, each on its own frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import av
import cv2
import numpy as np

from emotion.imaging.annotation import annotate, annotate_planes
from emotion.imaging.yuv import (
    Planes,
    copy_planes,
    halve_planes,
    i420_to_rgb,
    rgb_to_i420,
    split_planes,
)
from emotion.tracking import TrackedFace
from emotion.types import Image


def i420_planes(frame: av.VideoFrame) -> Planes | None:
    """Views of the frame's planes, valid as long as the frame lives.

    Returns:
        None for any other pixel format, and for odd sizes, where the colour planes are not exactly
        half as large.
    """
    if frame.format.name != "yuv420p" or frame.width % 2 or frame.height % 2:
        return None
    return _views(frame)


def copy_pixels(frame: av.VideoFrame) -> Image:
    """A copy of the frame's pixels outside FFmpeg's memory, in the cheapest form.

    Returns:
        Packed I420, uint8 (3 H / 2, W), where the frame has such planes, otherwise RGB, uint8
        (H, W, 3). ``to_rgb`` takes both.
    """
    planes = i420_planes(frame)
    if planes is None:
        return np.array(frame.to_ndarray(format="rgb24"), np.uint8)
    packed = np.empty((frame.height * 3 // 2, frame.width), np.uint8)
    copy_planes(split_planes(packed), planes)
    return packed


def to_rgb(pixels: Image) -> Image:
    """RGB uint8 (H, W, 3) of what ``copy_pixels`` returned."""
    return pixels if pixels.ndim == 3 else i420_to_rgb(pixels)


def annotated_frame(
    frame: av.VideoFrame,
    faces: Sequence[TrackedFace],
    *,
    mirror: bool = False,
    labels: bool = True,
    half: bool = False,
) -> av.VideoFrame:
    """A new frame with the faces drawn, with the same pts and time base.

    Args:
        frame: Left unchanged.
        faces: Boxes in pixels of ``frame``.
        mirror: Flip the image left to right; the labels stay readable.
        labels: See ``annotate_into``.
        half: Return half the size, rounded down to even sides.
    """
    if mirror:
        faces = [_mirror_face(face, frame.width) for face in faces]
    if half:
        faces = [replace(face, xyxy=np.asarray(face.xyxy / 2, np.float32)) for face in faces]
    numbers = [face.track_id for face in faces]
    planes = i420_planes(frame)
    if planes is not None:
        planes = halve_planes(planes) if half else planes
        drawn = _frame_of_planes(planes, frame, mirror=mirror)
        annotate_planes(_views(drawn), faces, numbers=numbers, labels=labels)
        return drawn
    image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    image = image[:, ::-1] if mirror else image
    if half:
        size_wh = (frame.width // 4 * 2, frame.height // 4 * 2)
        image = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return _frame_of_rgb(annotate(image, faces, numbers=numbers, labels=labels), frame)


def restamp(shown: av.VideoFrame, timing: av.VideoFrame) -> av.VideoFrame:
    """A copy of the frame ``shown`` with the pts and time base of the frame ``timing``."""
    planes = i420_planes(shown)
    if planes is not None:
        return _frame_of_planes(planes, timing)
    return _frame_of_rgb(np.asarray(shown.to_ndarray(format="rgb24"), np.uint8), timing)


def _mirror_face(face: TrackedFace, width: int) -> TrackedFace:
    """The face in the mirrored image of that width."""
    x1, y1, x2, y2 = face.xyxy
    return replace(face, xyxy=np.array([width - x2, y1, width - x1, y2], np.float32))


def _frame_of_rgb(image: Image, timing: av.VideoFrame) -> av.VideoFrame:
    """A new frame of an RGB image, with the other's pts and time base."""
    height, width = image.shape[:2]
    if not height % 2 and not width % 2:
        return _frame_of_planes(split_planes(rgb_to_i420(image)), timing)
    # OpenCV converts even sizes only.
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    frame.pts, frame.time_base = timing.pts, timing.time_base
    return frame


def _frame_of_planes(
    planes: Planes, timing: av.VideoFrame, *, mirror: bool = False
) -> av.VideoFrame:
    """A new frame with a copy of the planes, with the other's pts and time base."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    frame.pts, frame.time_base = timing.pts, timing.time_base
    copy_planes(_views(frame), planes, mirror=mirror)
    return frame


def _views(frame: av.VideoFrame) -> Planes:
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        for plane in frame.planes
    )
    height, width = frame.height, frame.width
    half = (slice(height // 2), slice(width // 2))
    return y[:height, :width], u[half], v[half]
