"""Boxes in the order in which a page is read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.geometry.reading_order import reading_order


def square(x: float, y: float, side: float = 40) -> tuple[float, float, float, float]:
    return x, y, x + side, y + side


def test_rows_are_read_left_to_right_and_top_to_bottom() -> None:
    crowd = [square(100 * (i % 5), 100 * (i // 5) + 7 * (i % 3)) for i in range(45)]
    shuffled = np.random.default_rng(0).permutation(45)
    order = reading_order([crowd[i] for i in shuffled])
    assert [int(shuffled[i]) for i in order] == list(range(45))


@pytest.mark.parametrize(
    ("boxes", "order"),
    [
        ([], []),
        ([square(5, 5)], [0]),
        ([square(300, 20), square(10, 0)], [1, 0]),  # beside each other, though one is higher
        ([square(0, 100), square(200, 0)], [1, 0]),  # below each other
        ([square(200, 0, 200), square(0, 90, 40)], [1, 0]),  # a large face and a small one
    ],
)
def test_order(boxes: list[tuple[float, float, float, float]], order: list[int]) -> None:
    assert reading_order(boxes) == order


@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4)] * 4), max_size=12))
def test_any_boxes_are_all_there_once(boxes: list[tuple[float, ...]]) -> None:
    whole = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in boxes]
    assert sorted(reading_order(whole)) == list(range(len(boxes)))
