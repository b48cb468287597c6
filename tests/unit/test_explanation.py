"""Heat maps over a face: colours, names of regions."""

import numpy as np
import pytest

from emotion.app.explanation import overlay, region_name
from emotion.expression.occlusion import GRID

LANDMARKS = np.array([[0.32, 0.4], [0.68, 0.4], [0.5, 0.56], [0.5, 0.76]], np.float32)


def test_for_is_orange_against_is_blue_and_nothing_is_grey() -> None:
    picture = np.full((70, 70, 3), (90, 120, 150), np.uint8)
    before = picture.copy()
    effect = np.zeros((GRID, GRID), np.float32)
    effect[1, 1], effect[5, 5] = 2.0, -2.0
    shown = overlay(picture, effect, 2.0).astype(int)
    np.testing.assert_array_equal(picture, before)
    assert shown.shape == picture.shape
    red, _, blue = shown[15, 15]
    assert red > blue + 50
    red, _, blue = shown[55, 55]
    assert blue > red + 50
    assert np.ptp(shown[5, 65]) <= 2
    weak = overlay(picture, effect, 20.0).astype(int)
    assert np.ptp(weak[15, 15]) < np.ptp(shown[15, 15])


@pytest.mark.parametrize(
    ("row", "column", "name"),
    [
        (5, 3, "the mouth"),
        (2, 2, "the eye on the left"),
        (2, 4, "the eye on the right"),
        (3, 3, "the nose"),
        (0, 0, "the upper left"),
        (0, 3, "the upper middle"),
        (6, 6, "the lower right"),
        (4, 6, "the right"),
    ],
)
def test_a_region_is_named_by_the_nearest_part_of_the_face(
    row: int, column: int, name: str
) -> None:
    assert region_name(row, column, LANDMARKS) == name


@pytest.mark.parametrize("landmarks", [None, LANDMARKS[:2]])
def test_without_landmarks_the_place_is_named(landmarks: np.ndarray | None) -> None:
    assert region_name(3, 3, landmarks) == "the middle"
    assert region_name(5, 1, landmarks) == "the lower left"
