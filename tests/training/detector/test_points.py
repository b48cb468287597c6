"""The single-shot decoder against a plain loop, the merging of duplicates, the network's input."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.detection.points import VALUES, best, candidates, decode, grid, merged
from emotion.detection.single_shot import _uncut, network_input
from emotion.geometry.boxes import overlaps

STRIDES = (8, 16, 32, 64)


def outputs_of(rng: np.random.Generator, height: int, width: int) -> dict[str, np.ndarray]:
    return {
        f"stride{s}": rng.normal(0, 1, (1, -(-height // s), -(-width // s), VALUES)).astype("f4")
        for s in STRIDES
    }


@pytest.mark.parametrize("shape", [(32, 32), (96, 64), (160, 320)])
def test_candidates_equal_a_loop_over_cells(shape: tuple[int, int]) -> None:
    outputs = outputs_of(np.random.default_rng(0), *shape)
    expected: list[tuple[float, tuple[float, ...], list[tuple[float, float]]]] = []
    for stride in STRIDES:
        for row, cells in enumerate(outputs[f"stride{stride}"][0]):
            for column, v in enumerate(cells.astype(np.float64)):
                score = 1 / (1 + math.exp(-v[0]))
                if score < 0.4:
                    continue
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                cx, cy = x + v[1] * stride, y + v[2] * stride
                w, h = math.exp(v[3]) * stride, math.exp(v[4]) * stride
                marks = [(x + v[5 + 2 * i] * stride, y + v[6 + 2 * i] * stride) for i in range(5)]
                box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
                expected.append((score, box, marks))
    expected.sort(key=lambda e: -e[0])
    boxes, points, scores = candidates(outputs, shape, STRIDES, 0.4)
    np.testing.assert_allclose(scores, [e[0] for e in expected], atol=1e-6)
    np.testing.assert_allclose(boxes, [e[1] for e in expected], rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(points, [e[2] for e in expected], rtol=1e-4, atol=1e-2)


def test_nothing_found() -> None:
    outputs = outputs_of(np.random.default_rng(0), 64, 64)
    boxes, points, scores = merged(*candidates(outputs, (64, 64), STRIDES, 0.9999), iou=0.5)
    assert (boxes.shape, points.shape, scores.shape) == ((0, 4), (0, 5, 2), (0,))


def test_far_out_sizes_stay_finite() -> None:
    centers, strides = grid(32, 32, STRIDES)
    raw = np.full((len(centers), VALUES), 1e4, np.float32)
    assert np.isfinite(decode(raw, centers, strides)[0]).all()


squares = hnp.arrays(
    np.float32, st.tuples(st.integers(0, 14), st.just(3)), elements=st.floats(1, 60, width=32)
)


@given(squares, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_merging_keeps_what_greedy_suppression_keeps(rows: np.ndarray, random: object) -> None:
    boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1)
    scores = np.linspace(1, 0.1, len(boxes), dtype=np.float32)
    points = np.repeat(boxes[:, None, :2], 5, axis=1)
    kept: list[int] = []
    for i in range(len(boxes)):
        if all(overlaps(boxes[k], boxes[i])[0] <= 0.4 for k in kept):
            kept.append(i)
    got, marks, sure = merged(boxes, points, scores, iou=0.4)
    np.testing.assert_array_equal(sure, scores[kept])
    assert len(got) == len(marks) == len(kept)
    if len(boxes):
        assert got.min() >= boxes.min() - 1e-3
        assert got.max() <= boxes.max() + 1e-3
        order = np.random.default_rng(len(boxes)).permutation(len(boxes))
        box, mark, score = best(boxes[order], points[order], scores[order], iou=0.4)
        np.testing.assert_allclose(box, got[0], rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(mark, marks[0], rtol=1e-5, atol=1e-4)
        assert score == pytest.approx(sure[0])


def test_merging_is_the_mean_weighted_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], np.float32)
    points = np.repeat(boxes[:, None, :2], 5, axis=1)
    got, marks, scores = merged(boxes, points, np.array([0.9, 0.3, 0.6], np.float32), iou=0.4)
    expected = np.array([[0.5, 0, 10.5, 10], [50, 50, 60, 60]], np.float32)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    np.testing.assert_allclose(marks[0, 0], [0.5, 0], atol=1e-5)
    np.testing.assert_allclose(scores, [0.9, 0.6])


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=40, deadline=None)
def test_the_input_fits_and_its_scale_leads_back(height: int, width: int) -> None:
    image = np.full((height, width, 3), 200, np.uint8)
    view, scale = network_input(image, 320, 32)
    assert view.shape[0] % 32 == 0
    assert view.shape[1] % 32 == 0
    assert max(view.shape) <= 320
    rows, columns = round(height * scale[1]), round(width * scale[0])
    assert (view[:rows, :columns] == 200).all()
    assert not view[rows:].any()
    assert not view[:, columns:].any()
    assert not np.shares_memory(view, image) or view.shape == image.shape


def test_faces_cut_by_an_inner_edge_are_left_to_the_next_tile() -> None:
    rows = [[0, 0, 50, 50], [350, 100, 400, 150], [360, 100, 420, 150], [100, 100, 150, 150]]
    boxes = np.array(rows, np.float32)
    assert _uncut(boxes, [0, 0, 400, 400], 800, 400).tolist() == [True, False, False, True]
    assert _uncut(boxes, [0, 0, 800, 400], 800, 400).all()
