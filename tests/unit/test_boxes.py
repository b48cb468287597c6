"""Overlaps and clipping of boxes."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.geometry.boxes import clip_boxes, overlaps
from emotion.types import Floats

coordinates = st.floats(-2000, 2000, width=32)
box_arrays = hnp.arrays(np.float32, st.tuples(st.integers(0, 12), st.just(4)), elements=coordinates)


@pytest.mark.parametrize(
    ("first", "second", "iou", "inside"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1, 1),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3, 1 / 2),
        ((0, 0, 4, 4), (1, 1, 2, 2), 1 / 16, 1),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0, 0),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0, 0),
    ],
)
def test_overlaps(
    first: tuple[int, ...], second: tuple[int, ...], iou: float, inside: float
) -> None:
    values = overlaps(np.array(first, np.float32), np.array([second], np.float32))
    assert [float(v[0]) for v in values] == pytest.approx([iou, inside])


@given(box_arrays, st.integers(1, 1500), st.integers(1, 1500))
def test_clipping_stays_inside_and_is_idempotent(boxes: Floats, height: int, width: int) -> None:
    once = clip_boxes(boxes, height, width)
    assert once.dtype == np.float32
    assert (once >= 0).all()
    assert (once[:, [0, 2]] <= width).all()
    assert (once[:, [1, 3]] <= height).all()
    np.testing.assert_array_equal(clip_boxes(once, height, width), once)


@given(st.integers(1, 900), st.integers(1, 900))
def test_clipping_leaves_an_inner_box_alone(height: int, width: int) -> None:
    inner = np.array([[0, 0, width, height], [width / 4, 0, width / 2, height / 3]], np.float32)
    np.testing.assert_array_equal(clip_boxes(inner, height, width), inner)
