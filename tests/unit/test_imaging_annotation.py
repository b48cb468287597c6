"""Annotation: the input is unchanged, nothing is drawn outside, the colours are legible."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.imaging.annotation import (
    FACE_COLORS,
    annotate,
    annotate_into,
    annotate_planes,
    face_color,
    ink_color,
)
from emotion.imaging.yuv import copy_planes, halve_planes, rgb_to_i420, split_planes
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS, Face


def face(x1: float, y1: float, x2: float, y2: float, top: int = 3, p: float = 0.93) -> Face:
    probabilities = np.full(7, (1 - p) / 6, np.float32)
    probabilities[top] = p
    box = np.array([x1, y1, x2, y2], np.float32)
    return Face(xyxy=box, score=0.9, probabilities=probabilities)


def gray_image(height: int = 240, width: int = 320, value: int = 120) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def drawn(image: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Where the result differs from the image, bool (H, W)."""
    changed: np.ndarray = np.any(image != result, axis=2)
    return changed


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    boxes=st.lists(st.tuples(*[st.floats(-40, 130, width=32)] * 4), max_size=5),
    labels=st.booleans(),
)
def test_any_box_in_any_picture_can_be_drawn(
    height: int, width: int, boxes: list[tuple[float, float, float, float]], labels: bool
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    before = image.copy()
    faces = [face(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in boxes]
    result = annotate(image, faces, labels=labels)
    assert np.array_equal(image, before)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert not np.shares_memory(result, image)


def test_no_face_changes_nothing() -> None:
    image = gray_image()
    assert np.array_equal(annotate(image, []), image)


def test_the_box_has_the_faces_color_on_all_four_sides() -> None:
    image = gray_image()
    result = annotate(image, [face(100, 80, 200, 190)])
    for x, y in ((150, 80), (150, 189), (100, 130), (199, 130)):
        assert tuple(result[y, x]) == face_color(0), (x, y)


@pytest.mark.parametrize(
    "box", [(0, 0, 60, 60), (260, 0, 320, 60), (0, 180, 60, 240), (260, 180, 320, 240)]
)
def test_in_every_corner_box_and_whole_tag_are_inside(box: tuple[int, int, int, int]) -> None:
    image = gray_image()
    result = annotate(image, [face(*box)])
    ink = np.array(ink_color(face_color(0)))
    text = (np.abs(result.astype(int) - ink).max(axis=2) < 8) & drawn(image, result)
    assert text.sum() > 60, "the tag's text is there"
    ground = (result == face_color(0)).all(axis=2)
    assert ground.sum() > 600, "the tag's ground is there"


def test_a_face_over_the_whole_picture_still_gets_its_tag() -> None:
    image = gray_image()
    result = annotate(image, [face(0, 0, 320, 240)])
    assert (result == face_color(0)).all(axis=2).sum() > 2 * (320 + 240) + 600


def test_labels_can_be_left_out() -> None:
    image = gray_image()
    with_label = drawn(image, annotate(image, [face(100, 80, 200, 190)]))
    without = drawn(image, annotate(image, [face(100, 80, 200, 190)], labels=False))
    assert without.sum() < with_label.sum()
    assert without[:78].any(), "the number stays above the box"


def test_the_percentage_is_that_of_the_label() -> None:
    # Held by hysteresis while another expression is a little more probable.
    probabilities = np.array([0, 0, 0, 0.42, 0, 0, 0.48], np.float32)
    box = np.array([60, 60, 200, 200], np.float32)
    raw = Face(xyxy=box, score=0.9, probabilities=probabilities)
    held = TrackedFace(
        xyxy=box,
        score=0.9,
        probabilities=probabilities,
        track_id=1,
        raw=raw,
        observed_s=0.0,
        label_index=EMOTIONS.index("happy"),
    )
    agreed = replace(raw, probabilities=np.array([0, 0, 0, 0.42, 0, 0, 0.38], np.float32))
    assert np.array_equal(annotate(gray_image(), [held]), annotate(gray_image(), [agreed]))


def test_numbers_choose_the_colors() -> None:
    image = gray_image()
    result = annotate(image, [face(100, 80, 200, 190)], numbers=[4])
    assert tuple(result[189, 150]) == face_color(3)
    with pytest.raises(ValueError, match="one number"):
        annotate(image, [face(0, 0, 9, 9)], numbers=[1, 2])


def test_close_faces_keep_their_tags_apart() -> None:
    image = gray_image(480, 640)
    faces = [face(100 + 30 * i, 200, 128 + 30 * i, 230) for i in range(6)]
    result = annotate(image, faces)
    for index in range(6):
        area = (result == face_color(index)).all(axis=2).sum()
        assert area > 4 * 28, f"face {index + 1} is hidden"


def test_in_a_crowd_the_numbers_hide_no_face() -> None:
    image = gray_image(900, 1200)
    faces = [
        face(60 + 120 * (i % 9), 60 + 165 * (i // 9), 120 + 120 * (i % 9), 130 + 165 * (i // 9))
        for i in range(45)
    ]
    changed = drawn(image, annotate(image, faces, labels=False))
    for item in faces:
        x1, y1, x2, y2 = (int(v) for v in item.xyxy)
        assert not changed[y1 + 6 : y2 - 6, x1 + 6 : x2 - 6].any()
        assert changed[y1 - 30 : y1 - 6, x1 - 6 : x2 + 6].any(), "its number is above it"


def test_without_room_above_and_below_a_number_stands_beside_its_face() -> None:
    image = gray_image(100, 400)
    result = drawn(image, annotate(image, [face(150, 0, 230, 100)], labels=False))
    assert not result[10:90, 160:220].any()
    assert result[:, 240:].any()


def test_in_place_drawing_equals_the_copy_and_refuses_read_only() -> None:
    image = gray_image()
    expected = annotate(image, [face(10, 10, 90, 90)])
    for canvas in (image.copy(), np.asfortranarray(image), np.repeat(image, 2, axis=1)[:, ::2]):
        annotate_into(canvas, [face(10, 10, 90, 90)])
        assert np.array_equal(canvas, expected)
    image.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        annotate_into(image, [])


def test_what_is_no_rgb_image_is_refused() -> None:
    with pytest.raises(ValueError, match="RGB"):
        annotate(np.zeros((4, 4), np.uint8), [])


def test_lines_and_text_grow_with_the_picture() -> None:
    def share(scale: int) -> float:
        image = gray_image(240 * scale, 320 * scale)
        box = (100 * scale, 80 * scale, 200 * scale, 190 * scale)
        return float(drawn(image, annotate(image, [face(*box)])).mean())

    assert share(8) == pytest.approx(share(2), rel=0.35)


# Machado, Oliveira and Fernandes 2009, full strength; on linear RGB.
COLOR_VISION = {
    "usual": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
    "tritanopia": np.array([
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]),
}  # fmt: skip


def linear(color: tuple[int, int, int]) -> np.ndarray:
    value = np.array(color) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("sight", COLOR_VISION)
def test_colors_of_following_faces_are_told_apart(sight: str) -> None:
    assert face_color(len(FACE_COLORS)) == FACE_COLORS[0]
    seen = np.clip(np.array([linear(color) for color in FACE_COLORS]) @ COLOR_VISION[sight].T, 0, 1)
    lab = cv2.cvtColor(seen[None].astype(np.float32), cv2.COLOR_LRGB2LAB)[0]
    following = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert following.min() > 25, "CIE 1976 distance; 2.3 can just be noticed"


@pytest.mark.parametrize("color", FACE_COLORS)
def test_text_on_every_color_can_be_read(color: tuple[int, int, int]) -> None:
    weights = np.array([0.2126, 0.7152, 0.0722])
    dark, light = sorted(float(linear(c) @ weights) for c in (color, ink_color(color)))
    assert (light + 0.05) / (dark + 0.05) >= 3, "WCAG's bound for large text"


def test_a_frame_s_planes_show_what_an_image_shows() -> None:
    image = np.full((240, 320, 3), (90, 140, 120), np.uint8)
    faces = [face(41, 61, 140, 181), face(201, 90, 300, 211, top=4)]
    planes = rgb_to_i420(image)
    before = planes.copy()
    annotate_planes(split_planes(planes), faces)
    shown = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420).astype(int)
    apart = np.abs(shown - annotate(image, faces)).max(axis=2)
    # Tags are placed at even coordinates, and colours have half the resolution.
    assert np.percentile(apart, 96) <= 8
    assert tuple(shown[120, 41]) == pytest.approx(face_color(0), abs=24)
    untouched = np.ones((240, 320), bool)
    untouched[30:215, 35:306] = False
    for plane, old, step in zip(split_planes(planes), split_planes(before), (1, 2, 2), strict=True):
        kept = untouched[::step, ::step]
        assert np.array_equal(plane[kept], old[kept])


def test_planes_in_a_mirror_and_at_half_of_their_size() -> None:
    planes = split_planes(np.random.default_rng(1).integers(0, 255, (3 * 31, 82), np.uint8))
    target = split_planes(np.zeros((3 * 31, 82), np.uint8))
    copy_planes(target, planes)
    for plane, seen in zip(planes, target, strict=True):
        assert np.array_equal(plane, seen)
    copy_planes(target, planes, mirror=True)
    for plane, seen in zip(planes, target, strict=True):
        assert np.array_equal(plane[:, ::-1], seen)
    assert [plane.shape for plane in halve_planes(planes)] == [(30, 40), (15, 20), (15, 20)]
    even = split_planes(np.full((3 * 20, 80), 77, np.uint8))
    even[0][:, :40] = 177
    brightness, *colors = halve_planes(even)
    assert (brightness[:, :20] == 177).all()
    assert (brightness[:, 20:] == 77).all()
    assert all((color == 77).all() for color in colors)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 45),
    width=st.integers(1, 45),
    boxes=st.lists(st.tuples(*[st.floats(-40, 130, width=32)] * 4), max_size=5),
)
def test_any_box_can_be_drawn_on_planes(
    height: int, width: int, boxes: list[tuple[float, float, float, float]]
) -> None:
    planes = np.full((3 * height, 2 * width), 128, np.uint8)
    faces = [face(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in boxes]
    annotate_planes(split_planes(planes), faces)
    assert bool((planes != 128).any()) == bool(faces)
