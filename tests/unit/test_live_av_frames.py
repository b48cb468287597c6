"""Conversions of a stream's frames, and annotated frames."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.imaging.yuv import rgb_to_i420
from emotion.live.av_frames import annotated_frame, copy_pixels, i420_planes, restamp, to_rgb
from emotion.tracking import TrackedFace
from emotion.types import Face, Image


def frame_of(image: Image, format_name: str = "yuv420p", pts: int = 3000) -> av.VideoFrame:
    if format_name == "yuv420p":
        frame = av.VideoFrame.from_ndarray(rgb_to_i420(image), format="yuv420p")
    else:
        frame = av.VideoFrame.from_ndarray(image, format=format_name)
    frame.pts, frame.time_base = pts, Fraction(1, 90_000)
    return frame


def face(x1: float, y1: float, x2: float, y2: float) -> TrackedFace:
    xyxy = np.array([x1, y1, x2, y2], np.float32)
    raw = Face(xyxy=xyxy, score=0.9, probabilities=np.full(7, 1 / 7, np.float32))
    return TrackedFace(
        xyxy=xyxy,
        score=0.9,
        probabilities=raw.probabilities,
        track_id=1,
        raw=raw,
        label_index=1,
        observed_s=0.0,
    )


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(3).integers(0, 255, (height, width, 3), np.uint8)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 80))
def test_planes_are_the_frame_s_own_whatever_its_rows(height: int, width: int) -> None:
    # FFmpeg pads rows to an alignment: most widths leave a remainder.
    image = noise(2 * height, 2 * width)
    frame = frame_of(image)
    packed = rgb_to_i420(image)
    assert np.array_equal(frame.to_ndarray(), packed)
    assert np.array_equal(copy_pixels(frame), packed)
    planes = i420_planes(frame)
    assert planes is not None
    planes[2][-1, -1] ^= 255
    assert frame.to_ndarray().reshape(-1)[-1] == packed.reshape(-1)[-1] ^ 255


@pytest.mark.parametrize("format_name", ["rgb24", "gray", "yuv444p"])
def test_other_frames_come_as_rgb(format_name: str) -> None:
    image = np.full((21, 33, 3), 90, np.uint8)
    frame = frame_of(image, "rgb24").reformat(format=format_name)
    assert i420_planes(frame) is None
    pixels = copy_pixels(frame)
    assert pixels.shape == (21, 33, 3)
    assert to_rgb(pixels) is pixels
    assert np.abs(pixels.astype(int) - 90).max() <= 2
    assert pixels.flags.owndata, "not FFmpeg's memory"


def test_a_picture_s_pixels_are_a_copy_and_its_colors_stay() -> None:
    image = np.full((48, 64, 3), (200, 90, 40), np.uint8)
    frame = frame_of(image)
    pixels = copy_pixels(frame)
    planes = i420_planes(frame)
    assert planes is not None
    planes[0][:] = 0
    assert np.abs(to_rgb(pixels).astype(int) - image).max() <= 4


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("format_name", ["yuv420p", "rgb24"])
def test_half_of_the_size_has_its_box_where_the_face_is(format_name: str, mirror: bool) -> None:
    image = np.full((240, 322, 3), 128, np.uint8)
    frame = frame_of(image, format_name)
    there = face(200, 100, 300, 200)
    small = annotated_frame(frame, [there], mirror=mirror, labels=False, half=True)
    assert (small.width, small.height) == (160, 120)
    assert (small.pts, small.time_base) == (frame.pts, frame.time_base)
    changed = np.abs(small.to_ndarray(format="rgb24").astype(int) - 128).max(axis=2) > 40
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    left, right = (10, 61) if mirror else (99, 150)
    assert columns[0] == pytest.approx(left, abs=4)
    assert columns[-1] == pytest.approx(right, abs=4)
    assert rows[-1] == pytest.approx(100, abs=4)
    assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - 128).max() <= 2, "unchanged"


@pytest.mark.parametrize(("format_name", "size"), [("yuv420p", (48, 66)), ("rgb24", (47, 65))])
def test_a_restamped_frame_has_the_pixels_of_one_and_the_time_of_the_other(
    format_name: str, size: tuple[int, int]
) -> None:
    shown = frame_of(noise(*size), format_name)
    now = frame_of(noise(32, 32), pts=9000)
    frame = restamp(shown, now)
    assert (frame.pts, frame.time_base) == (9000, now.time_base)
    assert np.array_equal(frame.to_ndarray(), shown.to_ndarray())
