"""Each change does what its name says, and the order of random draws is unchanged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.training.common.degradations import gaussian_blur, jpeg, low_resolution
from emotion.training.expression.augmentation import (
    OFF,
    Augmentation,
    affine_warp,
    augment,
    contrast_brightness,
)

FACE = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)


class Recorder(np.random.Generator):
    """A generator that keeps what was asked of it."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(1))
        self.asked: list[tuple[Any, ...]] = []

    def random(self, *given: Any, **named: Any) -> Any:
        self.asked.append(("random", *given))
        return super().random(*given, **named)

    def uniform(self, *given: Any, **named: Any) -> Any:
        self.asked.append(("uniform", *given))
        return super().uniform(*given, **named)

    def integers(self, *given: Any, **named: Any) -> Any:
        self.asked.append(("integers", *given))
        return super().integers(*given, **named)


def changed(config: Augmentation, seed: int = 1, size: tuple[int, int] = (48, 48)) -> np.ndarray:
    return augment(FACE, size, config, np.random.default_rng(seed))


def test_off_is_a_plain_resize() -> None:
    np.testing.assert_array_equal(changed(OFF), FACE)
    assert changed(OFF, size=(32, 40)).shape == (32, 40)


def test_the_draws_of_a_run_stay_what_they_were() -> None:
    """A run that is resumed with other draws would not be the same run."""
    rng = Recorder()
    augment(FACE, (40, 40), Augmentation(blur=1, low_resolution=1, jpeg=1, erase=1), rng)
    assert rng.asked[:15] == [
        ("uniform", -12.0, 12.0),
        ("uniform", -1.0, 1.0),
        ("random",),
        ("uniform", -0.10, 0.10, 2),
        ("uniform", -0.3, 0.3),
        ("uniform", -0.2, 0.2),
        ("random",),
        ("uniform", 0.5, 1.3),
        ("random",),
        ("uniform", 0.35, 0.75),
        ("random",),
        ("integers", 20, 69),
        ("random",),
        ("uniform", 0.15, 0.4),
        ("uniform", 0.15, 0.4),
    ]
    # The place of the erased rectangle, whose range depends on its size, and its value.
    assert [name for name, *_ in rng.asked[15:]] == ["integers"] * 3
    assert rng.asked[-1] == ("integers", 0, 256)


def test_what_is_off_draws_nothing() -> None:
    default, off, on = Recorder(), Recorder(), Recorder()
    first = augment(FACE, (48, 48), Augmentation(), default)
    second = augment(FACE, (48, 48), Augmentation(flip=0.0, crop=0.0), off)
    augment(FACE, (48, 48), Augmentation(flip=0.5, crop=0.2), on)
    np.testing.assert_array_equal(first, second)
    assert default.asked == off.asked
    assert len(on.asked) >= len(off.asked) + 3
    assert default.bit_generator.state == off.bit_generator.state


def test_a_seed_gives_the_same_picture() -> None:
    np.testing.assert_array_equal(changed(Augmentation(), 5), changed(Augmentation(), 5))
    assert not np.array_equal(changed(Augmentation(), 5), changed(Augmentation(), 6))


def test_mirror_turns_left_to_right_and_flip_upside_down() -> None:
    np.testing.assert_array_equal(changed(replace(OFF, mirror=1.0)), FACE[:, ::-1])
    np.testing.assert_array_equal(changed(replace(OFF, flip=1.0)), FACE[::-1])
    np.testing.assert_array_equal(changed(replace(OFF, mirror=1.0, flip=1.0)), FACE[::-1, ::-1])


def test_a_quarter_turn_is_clockwise() -> None:
    np.testing.assert_array_equal(affine_warp(FACE, (48, 48), angle_deg=90), np.rot90(FACE, -1))


def test_shift_moves_right_and_down() -> None:
    out = affine_warp(FACE, (48, 48), shift=(0.125, 0.25))
    np.testing.assert_array_equal(out[12:, 6:], FACE[:36, :42])


@settings(deadline=None)
@given(st.floats(0.05, 0.9), st.integers(0, 50))
def test_a_crop_shows_a_part_and_nothing_beyond(crop: float, seed: int) -> None:
    ramp = np.tile(np.linspace(0, 250, 48).astype(np.uint8), (48, 1))
    out = augment(ramp, (48, 48), replace(OFF, crop=crop), np.random.default_rng(seed))
    row = out[24].astype(int)
    assert (np.diff(row) >= 0).all()
    # At least what the largest crop shows; an edge that repeats would be flat.
    assert row[-1] - row[0] >= 250 * (1 - crop) - 12
    assert (row[:3] == row[0]).sum() < 3 or crop > 0.5


def test_tones_keep_the_mean_or_move_it() -> None:
    gray = np.random.default_rng(1).integers(90, 160, (48, 48), np.uint8)
    more = contrast_brightness(gray, contrast=0.3)
    assert more.std() == pytest.approx(gray.std() * 1.3, rel=0.02)
    assert more.mean() == pytest.approx(gray.mean(), abs=1)
    assert contrast_brightness(gray, brightness=0.2).mean() == pytest.approx(
        gray.mean() + 25.6, abs=1
    )
    assert contrast_brightness(np.zeros((4, 4), np.uint8), brightness=-0.5).max() == 0


def test_blur_low_resolution_and_jpeg_take_detail() -> None:
    for out in (gaussian_blur(FACE, 1.0), low_resolution(FACE, 0.5)):
        assert out.shape == FACE.shape
        assert out.std() < 0.8 * FACE.std()
    fine, coarse = (np.abs(jpeg(FACE, q).astype(int) - FACE).mean() for q in (95, 10))
    assert fine < coarse


def test_erasing_covers_a_rectangle_of_one_value() -> None:
    out = changed(replace(OFF, erase=1.0, erase_side=(0.5, 0.5)))
    other = np.argwhere(out != FACE)
    height, width = other.max(axis=0) - other.min(axis=0) + 1
    assert height <= 24
    assert width <= 24
    assert len(np.unique(out[out != FACE])) == 1


AMOUNTS = st.floats(0, 1)
RANGES = st.tuples(AMOUNTS, AMOUNTS).map(sorted).map(tuple)
CONFIGS = st.builds(
    Augmentation,
    rotation_deg=st.floats(0, 180), scale=st.floats(0, 4), shift=AMOUNTS, crop=st.floats(0, 0.9),
    mirror=AMOUNTS, flip=AMOUNTS, contrast=AMOUNTS, brightness=AMOUNTS, blur=AMOUNTS,
    low_resolution=AMOUNTS, low_resolution_factor=st.just((0.05, 1.0)), jpeg=AMOUNTS,
    jpeg_quality=st.just((1, 100)), erase=AMOUNTS, erase_side=RANGES,
)  # fmt: skip


@settings(deadline=None)
@given(CONFIGS, st.tuples(st.integers(16, 60), st.integers(16, 60)), st.integers(0, 99))
def test_any_configuration_gives_a_picture_and_leaves_its_input(
    config: Augmentation, size: tuple[int, int], seed: int
) -> None:
    before = FACE.copy()
    out = augment(FACE, size, config, np.random.default_rng(seed))
    assert out.shape == size
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(FACE, before)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("flip", 1.5, r"expected flip in 0\.\.1, got 1\.5"),
        ("rotation_deg", -3.0, r"expected rotation_deg in 0\.\.180, got -3\.0"),
        ("shift", float("nan"), "expected shift in"),
        ("erase_side", (0.5, 0.2), "expected erase_side as .smallest, largest. in 0..1"),
        ("jpeg_quality", (0, 50), "expected jpeg_quality"),
    ],
)
def test_values_without_meaning_are_refused(name: str, value: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        replace(Augmentation(), **{name: value})
