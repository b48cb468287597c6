"""Tiles of a large picture and the letterbox."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.detection.base import Candidates
from emotion.detection.tiling import (
    Region,
    Tiling,
    cut_by_tile,
    fills,
    letterbox,
    map_candidates,
    tiles,
    warp_region,
    with_margin,
)
from emotion.geometry.affine import invert
from emotion.geometry.pyramid import Pyramid


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_tiles_cover_the_picture_and_stay_inside(height: int, width: int) -> None:
    parts = np.array(tiles(height, width, Tiling(side=640, above=1000, max_tiles=12)))
    assert 1 <= len(parts) <= 12
    assert parts.min() >= 0
    assert (parts[:, 2] <= width).all()
    assert (parts[:, 3] <= height).all()
    assert len({(x2 - x1, y2 - y1) for x1, y1, x2, y2 in parts.tolist()}) == 1
    for low, high, length in ((0, 2, width), (1, 3, height)):
        spans = sorted({(int(p[low]), int(p[high])) for p in parts})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        for (start, end), (following, _) in pairwise(spans):
            assert end - following >= 0.2 * (end - start) - 1  # they share a fifth


def test_a_small_picture_is_one_tile() -> None:
    assert tiles(480, 640, Tiling(side=640, above=1000, max_tiles=12)) == [Region(0, 0, 640, 480)]


def test_tiles_are_no_larger_than_the_overlap_needs() -> None:
    assert tiles(1080, 1440, Tiling(side=960, above=1000, max_tiles=12)) == [
        Region(0, 0, 800, 600),
        Region(640, 0, 1440, 600),
        Region(0, 480, 800, 1080),
        Region(640, 480, 1440, 1080),
    ]


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=40, deadline=None)
def test_the_input_fits_and_its_scale_leads_back(height: int, width: int) -> None:
    image = np.full((height, width, 3), 200, np.uint8)
    view, scale = letterbox(image, 320, 32)
    assert view.shape[0] % 32 == 0
    assert view.shape[1] % 32 == 0
    assert max(view.shape) <= 320
    rows, columns = round(height * scale[1]), round(width * scale[0])
    assert (view[:rows, :columns] == 200).all()
    assert not view[rows:].any()
    assert not view[:, columns:].any()
    assert not np.shares_memory(view, image) or view.shape == image.shape


def test_a_small_picture_is_enlarged_on_request() -> None:
    image = np.full((100, 200, 3), 200, np.uint8)
    view, scale = letterbox(image, 960, 32, enlarge=1.5)
    assert view.shape == (160, 320, 3)
    assert scale.tolist() == [1.5, 1.5]
    assert view[149, 299].tolist() == [200] * 3
    assert not view[150:].any()
    shape = letterbox(np.zeros((480, 800, 3), np.uint8), 960, 32, enlarge=1.5)[0].shape
    assert shape == (576, 960, 3)


def test_a_margin_is_black_and_its_faces_lie_in_the_picture() -> None:
    image = np.full((100, 200, 3), 200, np.uint8)
    region = with_margin((100, 200))
    assert region == Region(-100, -50, 300, 150)
    view, matrix = warp_region(Pyramid(image), region, 160, 32)
    assert view.shape == (96, 160, 3)  # 80 rows, rounded up
    assert view[40, 80].tolist() == [200] * 3
    assert not view[:, :38].any()
    assert not view[62:].any()
    boxes = np.array([[40, 20, 120, 60]], np.float32)
    found = Candidates(boxes, boxes.reshape(1, 2, 2), np.ones(1, np.float32))
    moved = map_candidates(found, invert(matrix))
    np.testing.assert_allclose(moved.boxes, [[0, 0, 200, 100]], atol=1e-4)
    np.testing.assert_allclose(moved.landmarks, [[[0, 0], [200, 100]]], atol=1e-4)


def test_what_fills_a_picture() -> None:
    boxes = np.array([[0, 0, 39, 39], [0, 0, 40, 40], [50, 0, 250, 120]], np.float32)
    assert fills(boxes, (100, 300)).tolist() == [False, True, True]


def test_faces_cut_by_an_inner_edge_are_left_to_the_next_tile() -> None:
    rows = [[0, 0, 50, 50], [350, 100, 400, 150], [360, 100, 420, 150], [100, 100, 150, 150]]
    boxes = np.array(rows, np.float32)
    cut = cut_by_tile(boxes, Region(0, 0, 400, 400), (400, 800), 2.0)
    assert cut.tolist() == [False, True, True, False]
    assert not cut_by_tile(boxes, Region(0, 0, 800, 400), (400, 800), 2.0).any()
