"""Anchors, BlazeFace's outputs, logits and scores; no model, no files."""

import numpy as np
import pytest

from emotion.detection import decoding
from emotion.detection.blazeface import anchors

Layers = tuple[tuple[int, int], ...]
SHORT_LAYERS = ((8, 2), (16, 6))
BACK_LAYERS = ((16, 2), (32, 6))


def encode(boxes: np.ndarray, points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """What the network would have to answer for these boxes; the formula written the other way."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 - centers
    offsets = (points - centers[:, None]).reshape(len(boxes), -1)
    return np.concatenate([middle, boxes[:, 2:] - boxes[:, :2], offsets], axis=1)


@pytest.mark.parametrize(("size", "layers"), [(128, SHORT_LAYERS), (256, BACK_LAYERS)])
def test_both_models_have_896_anchors(size: int, layers: Layers) -> None:
    assert decoding.anchor_centers(size, size, layers).shape == (896, 2)


def test_anchors_lie_in_the_middle_of_cells_row_by_row() -> None:
    centers = decoding.anchor_centers(128, 128, SHORT_LAYERS)
    assert centers[:5].tolist() == [[4, 4], [4, 4], [12, 4], [12, 4], [20, 4]]
    assert centers[32].tolist() == [4, 12]  # 16 cells of two anchors, then the second row
    assert centers[511].tolist() == [124, 124]
    assert centers[512:519].tolist() == [[8, 8]] * 6 + [[24, 8]]
    assert centers[895].tolist() == [120, 120]


def test_anchors_of_a_wide_input() -> None:
    centers = decoding.anchor_centers(192, 256, BACK_LAYERS)
    assert len(centers) == 12 * 16 * 2 + 6 * 8 * 6
    assert centers.max(axis=0).tolist() == [248, 184]


def test_decode_undoes_encode() -> None:
    rng = np.random.default_rng(3)
    centers = decoding.anchor_centers(128, 128, SHORT_LAYERS)
    middle = rng.uniform(0, 128, (896, 2))
    half = rng.uniform(1, 60, (896, 2))
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    points = rng.uniform(-20, 150, (896, 6, 2))
    decoded = anchors.decode(encode(boxes, points, centers).astype(np.float32), centers)
    np.testing.assert_allclose(decoded[0], boxes, atol=1e-3)
    np.testing.assert_allclose(decoded[1], points, atol=1e-3)


def test_decode_by_hand() -> None:
    raw = np.array([[10, -4, 20, 30, *range(12)]], np.float32)
    boxes, points = anchors.decode(raw, np.array([[4, 12]], np.float32))
    assert boxes.tolist() == [[4, -7, 24, 23]]
    assert points[0, 0].tolist() == [4, 13]
    assert points[0, 5].tolist() == [14, 23]


def test_decode_of_nothing() -> None:
    boxes, points = anchors.decode(np.zeros((0, 16), np.float32), np.zeros((0, 2), np.float32))
    assert boxes.shape == (0, 4)
    assert points.shape == (0, 6, 2)


@pytest.mark.filterwarnings("error")
def test_sigmoid_of_far_logits_is_quiet() -> None:
    far = decoding.sigmoid(np.array([-1e4, -2, 0, 2, 1e4], np.float32))
    np.testing.assert_allclose(far, [0, 0.1192, 0.5, 0.8808, 1], atol=1e-4)
    assert far.dtype == np.float32


@pytest.mark.filterwarnings("error")
def test_logit_is_the_inverse_of_sigmoid() -> None:
    assert decoding.sigmoid(np.array([decoding.logit(0.3)], np.float32)) == pytest.approx(0.3)
    assert decoding.logit(0.0) == -np.inf
