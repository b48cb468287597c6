"""What a map shows of a picture, at any scale."""

import numpy as np
import pytest

from emotion.geometry.affine import Affine
from emotion.geometry.pyramid import Pyramid


def scan_matrix(left: float, top: float, scale: float) -> Affine:
    """The map to a view whose first pixel lies at (left, top), ``scale`` times the image's size."""
    return np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])


def test_a_view_samples_pixels_where_the_boxes_say() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 30:40] = 200
    seen = Pyramid(image).warp(scan_matrix(30, 10, 2.0), (20, 20))
    # Bilinear enlargement blends the outermost half pixel with the black around.
    assert (seen[1:-1, 1:-1] == 200).all()
    shrunk = Pyramid(image).warp(scan_matrix(0, 0, 0.1), (4, 6))
    assert shrunk[1, 3, 0] > 100
    assert shrunk[3, 0, 0] == 0


def test_shrinking_averages_fine_stripes() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, ::2] = 200
    seen = Pyramid(image).warp(scan_matrix(0, 0, 1 / 8), (8, 8))
    np.testing.assert_allclose(seen[1:-1, 1:-1].astype(int), 100, atol=1)


def test_a_view_beyond_the_picture_is_black() -> None:
    image = np.full((30, 30, 3), 255, np.uint8)
    assert not Pyramid(image).warp(scan_matrix(500, -400, 1.0), (16, 16)).any()
    assert not Pyramid(image).warp(scan_matrix(-500, 400, 1.0), (16, 16)).any()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4000), (4000, 1), (2, 3), (31, 33)])
def test_odd_and_tiny_pictures_shrink_to_the_end(height: int, width: int) -> None:
    image = np.full((height, width, 3), 255, np.uint8)
    scale = 1 / max(height, width)
    assert Pyramid(image).warp(scan_matrix(0, 0, scale), (32, 32)).shape == (32, 32, 3)
    level, scale_x, scale_y = Pyramid(image).level(1 / scale)
    assert max(level.shape[:2]) == 1
    assert 1 <= width * scale_x < 2
    assert 1 <= height * scale_y < 2
