"""Occlusion maps of classifiers whose regions are known."""

from collections.abc import Sequence

import numpy as np
import pytest

from emotion.expression.occlusion import GRID, covered, enlarge, log_odds, occlusion_map


def corner_logits(crops: Sequence[np.ndarray]) -> np.ndarray:
    """Class 0 by the brightness of the upper left quarter, class 1 by its darkness; class 2: 0."""
    light = np.array([crop[: len(crop) // 2, : len(crop) // 2].mean() / 50 for crop in crops])
    return np.stack([light, -light, 0 * light], axis=1).astype(np.float32)


def crop_with_bright_corner(shape: tuple[int, ...]) -> np.ndarray:
    crop = np.full(shape, 60, np.uint8)
    crop[: shape[0] // 2, : shape[1] // 2] = 220
    return crop


@pytest.mark.parametrize("shape", [(48, 48), (80, 80, 3)])
def test_the_region_that_decides_is_named(shape: tuple[int, ...]) -> None:
    found = occlusion_map(corner_logits, crop_with_bright_corner(shape)).effect
    assert found.shape == (GRID, GRID, 3)
    assert found.dtype == np.float32
    half = GRID // 2
    inside, outside = found[:half, :half], found[half + 1 :, half + 1 :]
    assert inside[..., 0].min() > 0.1, "covering it takes from the class that it spoke for"
    assert inside[..., 1].max() < -0.1, "and adds to the class that it spoke against"
    np.testing.assert_allclose(outside, 0, atol=0.02)


def test_covered_crops_differ_from_the_crop_around_one_place_each() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    before = crop.copy()
    crops = covered(crop)
    np.testing.assert_array_equal(crop, before)
    assert len(crops) == GRID * GRID
    changes = np.abs(np.stack(crops).astype(int) - crop).sum(axis=3)
    rows, columns = np.unravel_index(np.argmax(changes.reshape(len(crops), -1), 1), (48, 48))
    centers = (np.arange(GRID) + 0.5) / GRID * 48
    expected = np.stack(np.meshgrid(centers, centers, indexing="ij"), axis=-1).reshape(-1, 2)
    assert np.abs(np.stack([rows, columns], axis=1) - expected).max() < 10
    far = np.abs(np.arange(48) - centers[0]) > 24
    assert changes[0][far][:, far].max() == 0


def test_a_plain_crop_says_nothing() -> None:
    found = occlusion_map(corner_logits, np.full((48, 48), 90, np.uint8)).effect
    np.testing.assert_array_equal(found, 0)


def test_the_probability_with_a_region_covered_is_the_classifiers_own() -> None:
    crop = crop_with_bright_corner((48, 48))
    found = occlusion_map(corner_logits, crop)
    logits = corner_logits(covered(crop))[GRID + 2]
    expected = np.exp(logits) / np.exp(logits).sum()
    for label in range(3):
        assert found.covered_probability(1, 2, label) == pytest.approx(expected[label], rel=1e-4)


def test_log_odds_are_exact_and_do_not_saturate() -> None:
    logits = np.random.default_rng(0).normal(0, 2, (20, 7))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(log_odds(logits), np.log(p / (1 - p)), rtol=1e-4, atol=1e-4)
    certain = log_odds(np.array([[200.0, 0.0, 0.0], [300.0, 0.0, 0.0]]))
    assert certain[1, 0] - certain[0, 0] == pytest.approx(100)


def test_an_enlarged_map_has_its_peak_where_the_cell_is() -> None:
    cells = np.zeros((GRID, GRID), np.float32)
    cells[1, 5] = 1
    large = enlarge(cells, (140, 280))
    assert large.shape == (140, 280)
    row, column = np.unravel_index(large.argmax(), large.shape)
    assert abs(row - 30) <= 1
    assert abs(column - 220) <= 1
