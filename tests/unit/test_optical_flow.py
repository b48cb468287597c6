"""A face carried on by its own corners, on a photograph that is moved exactly; no models."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.imaging.files import read_image
from emotion.samples import SAMPLES
from emotion.tracking.optical_flow import FaceFlow
from emotion.types import Detection, Image

BOX = np.array([170, 95, 350, 344], np.float32)  # of the face in the photograph
POINTS = np.array([[218, 191], [304, 187], [265, 232], [266, 279]], np.float32)
SEEN = Detection(xyxy=BOX, score=0.9, landmarks=POINTS, unclipped=BOX)
SIDE = 210.0  # of the face


@pytest.fixture(scope="module")
def photo() -> Image:
    (sample,) = (sample for sample in SAMPLES if sample.name == "hopper")
    return read_image(sample.read())


def moved(photo: Image, matrix: np.ndarray) -> Image:
    size = (photo.shape[1], photo.shape[0])
    shown = cv2.warpAffine(photo, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shown, np.uint8)


@pytest.mark.parametrize(
    ("shift", "degrees", "growth"),
    [((0, 0), 0, 1), ((40, -25), 0, 1), ((0, 0), 8, 1), ((0, 0), 0, 1.1), ((-15, 20), -6, 0.93)],
)
def test_a_motion_is_measured_within_a_hundredth_of_the_face(
    photo: Image, shift: tuple[float, float], degrees: float, growth: float
) -> None:
    middle = (float(BOX[0] + BOX[2]) / 2, float(BOX[1] + BOX[3]) / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, degrees, growth))
    matrix[:, 2] += np.array(shift)
    found = FaceFlow(photo, SEEN).follow(moved(photo, matrix))
    assert found is not None
    assert found.landmarks is not None
    # The pictures count pixel centres, the boxes their edges.
    truth = (POINTS - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    assert np.abs(found.landmarks - truth).max() < 0.01 * SIDE
    sides = found.unclipped_xyxy[2:] - found.unclipped_xyxy[:2]
    assert sides == pytest.approx(growth * (BOX[2:] - BOX[:2]), abs=0.01 * SIDE)
    assert (found.unclipped_xyxy[:2] + sides / 2) == pytest.approx(
        np.add(middle, shift), abs=0.01 * SIDE
    )
    assert found.score == SEEN.score


def test_what_is_no_motion_of_the_face_is_not_followed(photo: Image) -> None:
    flow = FaceFlow(photo, SEEN)
    hidden = photo.copy()
    hidden[95:344, 170:350] = 127
    half_hidden = photo.copy()
    half_hidden[150:344, 170:350] = np.random.default_rng(0).integers(0, 256, (194, 180, 3))
    for other in (hidden, half_hidden, photo[::-1].copy(), np.zeros_like(photo)):
        assert flow.follow(other) is None
    far = np.array([[1, 0, 120], [0, 1, 0]], np.float64)
    assert flow.follow(moved(photo, far)) is None


def test_an_even_surface_is_not_followed() -> None:
    even = np.full((512, 512, 3), 90, np.uint8)
    assert FaceFlow(even, SEEN).follow(even) is None


def test_a_face_that_leaves_the_picture_is_cut_by_it(photo: Image) -> None:
    image = photo[:, 200:].copy()
    whole = BOX - np.array([200, 0, 200, 0], np.float32)
    seen = Detection(xyxy=np.maximum(whole, 0), score=0.9, unclipped=whole)
    found = FaceFlow(image, seen).follow(image)
    assert found is not None
    assert found.xyxy == pytest.approx(seen.xyxy, abs=1)
    assert found.unclipped_xyxy == pytest.approx(whole, abs=1)
    assert found.landmarks is None


@given(
    box=st.tuples(*[st.floats(-80, 160)] * 4),
    size=st.tuples(st.integers(1, 90), st.integers(1, 120)),
    seed=st.integers(0, 9),
)
def test_any_box_is_followed_within_the_picture_or_not_at_all(
    box: tuple[float, ...], size: tuple[int, int], seed: int
) -> None:
    left, right = sorted(box[:2])
    top, bottom = sorted(box[2:])
    whole = np.array([left, top, right, bottom], np.float32)
    height, width = size
    limits = np.array([width, height, width, height], np.float32)
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    seen = Detection(xyxy=np.clip(whole, 0, limits), score=0.5, unclipped=whole)
    found = FaceFlow(image, seen).follow(image)
    if found is not None:
        assert (found.xyxy >= 0).all()
        assert (found.xyxy <= limits).all()
        assert found.unclipped_xyxy == pytest.approx(whole, abs=1)
