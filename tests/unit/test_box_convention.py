"""BlazeFace's squares and the boxes from the hairline to the chin."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.detection.blazeface.box_convention import (
    HEIGHT,
    RAISED,
    WIDTH,
    face_boxes,
    square_of,
)
from emotion.types import Detection
from tests.boxes import face


@given(
    st.floats(-180, 180), st.floats(20, 400), st.floats(0, 640), st.floats(0, 480)
)  # fmt: skip
def test_squares_and_boxes_are_each_others_way_back(
    degrees: float, side: float, x: float, y: float
) -> None:
    known = face(x, y, side, side, math.radians(degrees))
    assert known.landmarks is not None
    box = face_boxes(known.xyxy[None], known.landmarks[None])[0]
    back = square_of(Detection(xyxy=box, score=1.0, landmarks=known.landmarks))
    np.testing.assert_allclose(back, known.xyxy, atol=1e-3 * side + 1e-2)


def test_an_upright_square_becomes_a_higher_box_above_it() -> None:
    known = face(100, 100, 50, 50)
    assert known.landmarks is not None
    x1, y1, x2, y2 = face_boxes(known.xyxy[None], known.landmarks[None])[0].tolist()
    assert (x2 - x1, y2 - y1) == pytest.approx((50 * WIDTH, 50 * HEIGHT))
    assert (y1 + y2) / 2 == pytest.approx(100 - 50 * RAISED)
    without = square_of(Detection(xyxy=np.array([x1, y1, x2, y2], np.float32), score=1.0))
    np.testing.assert_allclose(without, known.xyxy, atol=1e-3)
