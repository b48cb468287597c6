"""The load's levels: up when frames are left out, down when it stays well, not to and fro."""

from __future__ import annotations

import itertools

from emotion.live.load import ALL_WELL, LESS_ANALYSIS, SMALLER_PICTURE, Load


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(load: Load, clock: Clock, seconds: float, *, share: float) -> list[int]:
    """The level after each frame; 30 frames a second, of which that share is left out."""
    levels = []
    due = 0.0
    for _ in range(round(seconds * 30)):
        clock.now += 1 / 30
        load.received()
        due += share
        if due >= 1:
            due -= 1
            load.dropped()
        levels.append(load.level)
    return levels


def changes(levels: list[int]) -> list[int]:
    return [b for a, b in itertools.pairwise(levels) if a != b]


def test_all_is_well_without_losses_and_with_few() -> None:
    clock = Clock()
    load = Load(clock)
    assert set(run(load, clock, 60, share=0.0) + run(load, clock, 60, share=0.03)) == {ALL_WELL}


def test_one_bad_moment_is_no_overload() -> None:
    clock = Clock()
    load = Load(clock)
    run(load, clock, 10, share=0.0)
    assert set(run(load, clock, 1.5, share=0.5) + run(load, clock, 30, share=0.0)) == {ALL_WELL}


def test_the_analysis_goes_first_then_the_size_and_both_come_back() -> None:
    clock = Clock()
    load = Load(clock)
    assert changes(run(load, clock, 20, share=0.3)) == [LESS_ANALYSIS, SMALLER_PICTURE]
    assert changes(run(load, clock, 60, share=0.0)) == [LESS_ANALYSIS, ALL_WELL]


def test_a_level_that_cannot_be_left_is_tried_ever_more_seldom() -> None:
    clock = Clock()
    load = Load(clock)
    levels: list[int] = []
    for _ in range(round(1200 / 0.5)):  # only the smaller picture brings it under
        share = 0.0 if load.level == SMALLER_PICTURE else 0.3
        levels += run(load, clock, 0.5, share=share)
    tries = [level for level in changes(levels) if level == SMALLER_PICTURE]
    assert 4 <= len(tries) <= 14
    assert levels[-9000:].count(SMALLER_PICTURE) > 0.9 * 9000


def test_after_a_silence_nothing_is_held_against_anybody() -> None:
    clock = Clock()
    load = Load(clock)
    run(load, clock, 20, share=0.3)
    assert load.level == SMALLER_PICTURE
    clock.now += 60
    assert load.level == ALL_WELL
    assert set(run(load, clock, 10, share=0.0)) == {ALL_WELL}
