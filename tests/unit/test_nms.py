"""Weighted non-maximum suppression (box voting) against plain loops."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.detection.base import Candidate, Candidates
from emotion.detection.nms import best_candidate, weighted_nms
from emotion.geometry.boxes import overlaps
from emotion.types import Floats
from tests.boxes import squares

EMPTY_BOXES = np.zeros((0, 4), np.float32)
EMPTY_POINTS = np.zeros((0, 6, 2), np.float32)
EMPTY_SCORES = np.zeros(0, np.float32)
coordinates = st.floats(-2000, 2000, width=32)
box_arrays = hnp.arrays(np.float32, st.tuples(st.integers(0, 12), st.just(4)), elements=coordinates)
corner_arrays = hnp.arrays(
    np.float32, st.tuples(st.integers(0, 14), st.just(3)), elements=st.floats(1, 60, width=32)
)


def test_nms_of_nothing() -> None:
    boxes, points, scores = weighted_nms(
        Candidates(EMPTY_BOXES, EMPTY_POINTS, EMPTY_SCORES), iou=0.3
    )
    assert boxes.shape == (0, 4)
    assert points.shape == (0, 6, 2)
    assert scores.shape == (0,)


def test_nms_averages_a_group_by_score() -> None:
    boxes = squares((50, 50, 40), (54, 50, 40), (200, 200, 30))
    points = np.stack([np.full((6, 2), v, np.float32) for v in (0, 8, 5)])
    merged = weighted_nms(
        Candidates(boxes, points, np.array([0.9, 0.3, 0.95], np.float32)), iou=0.3
    )
    np.testing.assert_allclose(merged[0], squares((200, 200, 30), (51, 50, 40)), rtol=1e-5)
    np.testing.assert_allclose(merged[1][:, 0, 0], [5, 2], rtol=1e-5)
    np.testing.assert_allclose(merged[2], [0.95, 0.9])


def test_nms_keeps_neighbours_apart() -> None:
    boxes = squares((50, 50, 40), (80, 50, 40))  # IoU 1/7
    scores = np.array([0.9, 0.8], np.float32)
    kept = weighted_nms(Candidates(boxes, np.zeros((2, 6, 2), np.float32), scores), iou=0.3)
    np.testing.assert_allclose(kept[0], boxes)


def test_nms_drops_a_part_of_a_face_without_moving_the_face() -> None:
    boxes = squares((50, 50, 40), (52, 60, 14))
    points = np.zeros((2, 6, 2), np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    given = Candidates(boxes, points, scores)
    assert len(weighted_nms(given, iou=0.3)[0]) == 2
    kept = weighted_nms(given, iou=0.3, containment=0.7)
    np.testing.assert_allclose(kept[0], boxes[:1])


@given(box_arrays, st.data())
def test_nms_gives_fewer_boxes_sorted_and_within_the_given_ones(
    corners: Floats, data: st.DataObject
) -> None:
    boxes = np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], 1
    )
    scores = data.draw(hnp.arrays(np.float32, len(boxes), elements=st.floats(0.0625, 1, width=32)))
    points = np.repeat(boxes[:, None, :2], 6, axis=1)
    merged, _, kept = weighted_nms(Candidates(boxes, points, scores), iou=0.3)
    assert len(merged) <= len(boxes)
    assert (len(merged) > 0) == (len(boxes) > 0)
    assert (np.diff(kept) <= 0).all()
    if len(boxes):
        assert (merged >= boxes.min(axis=0) - 0.01).all()
        assert (merged <= boxes.max(axis=0) + 0.01).all()


def greedy(candidates: Candidates, iou: float, containment: float) -> Candidates:
    """Weighted NMS as a plain loop over the boxes that are left."""
    order = np.argsort(-candidates.scores, kind="stable")
    boxes, points, scores = candidates.select(order)
    alive, rows = np.ones(len(boxes), bool), []
    for best in range(len(boxes)):
        if alive[best]:
            shared, inside = overlaps(boxes[best], boxes)
            group = alive & (shared > iou)
            group[best] = True
            weight = np.where(group, scores, 0) / scores[group].sum()
            voted = np.einsum("n,npc->pc", weight, points)
            rows.append(Candidate(weight @ boxes, voted, scores[best]))
            alive &= ~group & (inside <= containment)
    return Candidates.stack(rows, points.shape[1])


@given(box_arrays)
@settings(deadline=None)
def test_nms_with_containment_equals_a_plain_loop(corners: Floats) -> None:
    corners = corners.round(1)  # no face has an area of 1e-12 px
    first, second = corners[:, :2], corners[:, 2:]
    boxes = np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis=1)
    scores = np.linspace(0.2, 1, len(boxes), dtype=np.float32)
    given_ones = Candidates(boxes, np.repeat(boxes[:, None, :2], 6, axis=1), scores)
    expected = greedy(given_ones, 0.4, 0.7)
    found = weighted_nms(given_ones, iou=0.4, containment=0.7)
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-3)


@given(corner_arrays, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_nms_keeps_what_greedy_suppression_keeps(rows: np.ndarray, random: object) -> None:
    boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1)
    scores = np.linspace(1, 0.1, len(boxes), dtype=np.float32)
    points = np.repeat(boxes[:, None, :2], 5, axis=1)
    kept: list[int] = []
    for i in range(len(boxes)):
        if all(overlaps(boxes[k], boxes[i])[0] <= 0.4 for k in kept):
            kept.append(i)
    got, marks, sure = weighted_nms(Candidates(boxes, points, scores), iou=0.4)
    np.testing.assert_array_equal(sure, scores[kept])
    assert len(got) == len(marks) == len(kept)
    if len(boxes):
        assert got.min() >= boxes.min() - 1e-3
        assert got.max() <= boxes.max() + 1e-3
        order = np.random.default_rng(len(boxes)).permutation(len(boxes))
        box, mark, score = best_candidate(Candidates(boxes, points, scores).select(order), iou=0.4)
        np.testing.assert_allclose(box, got[0], rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(mark, marks[0], rtol=1e-5, atol=1e-4)
        assert score == pytest.approx(sure[0])


def test_box_voting_is_the_mean_weighted_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], np.float32)
    points = np.repeat(boxes[:, None, :2], 5, axis=1)
    given = Candidates(boxes, points, np.array([0.9, 0.3, 0.6], np.float32))
    got, marks, scores = weighted_nms(given, iou=0.4)
    expected = np.array([[0.5, 0, 10.5, 10], [50, 50, 60, 60]], np.float32)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    np.testing.assert_allclose(marks[0, 0], [0.5, 0], atol=1e-5)
    np.testing.assert_allclose(scores, [0.9, 0.6])
