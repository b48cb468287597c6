"""The crop: what the classifier sees is where the face is, whatever its size, place and roll."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.expression.crop import crop_face, crop_matrix, to_input
from emotion.geometry.affine import eye_roll, map_boxes
from emotion.models.spec import CropRule
from emotion.types import Detection

SIZE = (48, 48)
PLAIN = CropRule(scale=0.5**0.5, shift_y=0.0, upright=False)
"""Of a square box the box itself."""


def detection(x1: float, y1: float, x2: float, y2: float, angle: float = 0.0) -> Detection:
    """A detection whose eyes are turned by ``angle`` (radians, clockwise) about its centre."""
    center = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    arm = 0.2 * (x2 - x1) * np.array([math.cos(angle), math.sin(angle)])
    points = np.stack([center - arm, center + arm]).astype(np.float32)
    return Detection(np.array([x1, y1, x2, y2], np.float32), 0.9, points)


def test_a_plain_crop_is_the_box_itself() -> None:
    image = np.random.default_rng(0).integers(0, 256, (100, 120, 3), np.uint8)
    crop = crop_face(image, detection(30, 20, 78, 68), PLAIN, SIZE)
    np.testing.assert_array_equal(crop, image[20:68, 30:78])


def test_the_crop_is_a_square_by_the_diagonal() -> None:
    matrix = crop_matrix(detection(10, 10, 70, 90), CropRule(scale=1.2, shift_y=0.0), SIZE)
    side = 1.2 * 100
    assert matrix[0, 0] == pytest.approx(48 / side)
    assert matrix[1, 1] == pytest.approx(48 / side)


def test_a_negative_shift_moves_the_crop_up() -> None:
    found = detection(100, 100, 200, 200)
    up = crop_matrix(found, CropRule(scale=1.0, shift_y=-0.1), SIZE)
    plain = crop_matrix(found, CropRule(scale=1.0, shift_y=0.0), SIZE)
    # What was at the crop's centre lies lower in it now.
    assert (up @ [150, 150, 1])[1] > (plain @ [150, 150, 1])[1]


@pytest.mark.parametrize("degrees", [-45, -20, 0, 20, 45])
def test_upright_crops_of_a_turned_picture_are_alike(degrees: int) -> None:
    image = np.full((300, 300, 3), 90, np.uint8)
    cv2.circle(image, (130, 140), 6, (255, 255, 255), -1)
    cv2.circle(image, (170, 140), 6, (255, 255, 255), -1)
    cv2.rectangle(image, (135, 170), (165, 178), (20, 20, 20), -1)
    rule = CropRule()
    straight = crop_face(image, detection(100, 100, 200, 200), rule, SIZE)
    # OpenCV's angle is counterclockwise, ours clockwise.
    turn = cv2.getRotationMatrix2D((149.5, 149.5), -degrees, 1.0)
    turned = np.asarray(cv2.warpAffine(image, turn, (300, 300), borderValue=(90, 90, 90)), np.uint8)
    found = detection(100, 100, 200, 200, math.radians(degrees))
    crop = crop_face(turned, found, rule, SIZE)
    assert np.abs(crop.astype(int) - straight).mean() < 4


@given(st.floats(-180, 180))
def test_the_crops_size_is_the_same_for_every_roll(degrees: float) -> None:
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]])
    box = map_boxes(np.array([[-36, -50, 36, 50]], np.float32), turn)[0]
    x1, y1, x2, y2 = box.tolist()
    matrix = crop_matrix(detection(x1, y1, x2, y2, angle), CropRule(), SIZE)
    side = 48 / math.hypot(matrix[0, 0], matrix[0, 1])
    assert side == pytest.approx(0.76 * math.hypot(72, 100), rel=1e-4)


def test_a_face_that_the_picture_cuts_is_cropped_as_a_whole_one() -> None:
    whole = detection(100, -40, 200, 100)
    cut = replace(whole, xyxy=np.array([100, 0, 200, 100], np.float32), unclipped=whole.xyxy)
    np.testing.assert_array_equal(
        crop_matrix(cut, CropRule(), SIZE), crop_matrix(whole, CropRule(), SIZE)
    )


@pytest.mark.parametrize("scale", [1, 3, 8])
def test_a_large_face_is_averaged_not_sampled(scale: int) -> None:
    """A fine checkerboard must become grey, not a pattern."""
    side = 96 * scale
    board = (np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = np.repeat(board[:, :, None], 3, axis=2)
    crop = crop_face(image, detection(0, 0, side, side), PLAIN, SIZE)
    assert np.abs(crop.astype(int) - 127).max() <= 2


def test_a_face_of_a_picture_too_wide_for_opencv_is_cropped_as_any_other() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (80, 200, 3), np.uint8)
    part = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    wide = np.zeros((80, 40_000, 3), np.uint8)
    wide[:, 36_000:36_200] = part
    here, there = (detection(x + 60, 10, x + 110, 60, 0.3) for x in (0, 36_000))
    np.testing.assert_allclose(
        crop_face(wide, there, CropRule(), SIZE).astype(int),
        crop_face(part, here, CropRule(), SIZE).astype(int),
        atol=2,
    )


def test_large_and_small_versions_of_a_face_give_the_same_crop() -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (96, 96, 3), np.uint8)
    small = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    large = np.asarray(cv2.resize(small, (960, 960), interpolation=cv2.INTER_CUBIC), np.uint8)
    a = crop_face(small, detection(20, 20, 68, 68), CropRule(), SIZE).astype(int)
    b = crop_face(large, detection(200, 200, 680, 680), CropRule(), SIZE).astype(int)
    assert np.abs(a - b).mean() < 2


@settings(max_examples=80, deadline=None)
@given(
    box=st.tuples(*[st.floats(-50, 150, width=32)] * 4),
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    angle=st.floats(-3.1, 3.1),
)
def test_any_box_gives_a_crop_of_the_right_shape(
    box: tuple[float, ...], height: int, width: int, angle: float
) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    x1, x2 = sorted((box[0], box[2]))
    y1, y2 = sorted((box[1], box[3]))
    crop = crop_face(image, detection(x1, y1, x2, y2, angle), CropRule(), SIZE)
    assert crop.shape == (*SIZE, 3)
    assert crop.dtype == np.uint8


def test_roll_without_landmarks_is_none() -> None:
    assert eye_roll(None) == 0.0
    assert eye_roll(np.zeros((2, 2), np.float32)) == 0.0
    assert eye_roll(np.array([[0, 0], [1, 1]])) == pytest.approx(math.pi / 4)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1), (48, 48, 3), (7, 90), (200, 130, 3)])
def test_any_crop_becomes_gray_of_the_right_size(shape: tuple[int, ...]) -> None:
    crop = np.full(shape, 77, np.uint8)
    gray = to_input(crop, SIZE)
    assert gray.shape == SIZE
    assert gray.dtype == np.uint8
    assert np.all(gray == 77)


@pytest.mark.parametrize(
    "crop",
    [np.zeros((4, 4)), np.zeros((0, 4), np.uint8), np.zeros((4, 4, 2), np.uint8)],
)
def test_other_crops_are_refused(crop: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a"):
        to_input(crop, SIZE)
