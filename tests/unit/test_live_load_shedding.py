"""Load levels: up when frames are dropped, down when the load stays low, without oscillating."""

from __future__ import annotations

import itertools

from emotion.live.load_shedding import LoadLevel, LoadShedder


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(shedder: LoadShedder, clock: Clock, seconds: float, *, share: float) -> list[LoadLevel]:
    """The level after each frame, at 30 frames per second of which that share is dropped."""
    levels = []
    due = 0.0
    for _ in range(round(seconds * 30)):
        clock.now += 1 / 30
        shedder.frame_received()
        due += share
        if due >= 1:
            due -= 1
            shedder.frame_dropped()
        levels.append(shedder.level)
    return levels


def changes(levels: list[LoadLevel]) -> list[LoadLevel]:
    return [b for a, b in itertools.pairwise(levels) if a != b]


def test_no_and_few_drops_are_normal() -> None:
    clock = Clock()
    shedder = LoadShedder(clock)
    assert set(run(shedder, clock, 60, share=0.0) + run(shedder, clock, 60, share=0.03)) == {
        LoadLevel.NORMAL
    }


def test_a_short_peak_is_no_overload() -> None:
    clock = Clock()
    shedder = LoadShedder(clock)
    run(shedder, clock, 10, share=0.0)
    assert set(run(shedder, clock, 1.5, share=0.5) + run(shedder, clock, 30, share=0.0)) == {
        LoadLevel.NORMAL
    }


def test_the_analysis_is_reduced_first_then_the_size_and_both_recover() -> None:
    clock = Clock()
    shedder = LoadShedder(clock)
    assert changes(run(shedder, clock, 20, share=0.3)) == [
        LoadLevel.REDUCED_ANALYSIS,
        LoadLevel.REDUCED_SIZE,
    ]
    assert changes(run(shedder, clock, 60, share=0.0)) == [
        LoadLevel.REDUCED_ANALYSIS,
        LoadLevel.NORMAL,
    ]


def test_a_level_that_cannot_be_left_is_retried_less_and_less_often() -> None:
    clock = Clock()
    shedder = LoadShedder(clock)
    levels: list[LoadLevel] = []
    for _ in range(round(1200 / 0.5)):  # only the reduced size lowers the load
        share = 0.0 if shedder.level == LoadLevel.REDUCED_SIZE else 0.3
        levels += run(shedder, clock, 0.5, share=share)
    tries = [level for level in changes(levels) if level == LoadLevel.REDUCED_SIZE]
    assert 4 <= len(tries) <= 14
    assert levels[-9000:].count(LoadLevel.REDUCED_SIZE) > 0.9 * 9000


def test_after_a_pause_the_level_is_normal() -> None:
    clock = Clock()
    shedder = LoadShedder(clock)
    assert run(shedder, clock, 20, share=0.3)[-1] == LoadLevel.REDUCED_SIZE
    clock.now += 60
    assert shedder.level == LoadLevel.NORMAL
    assert set(run(shedder, clock, 10, share=0.0)) == {LoadLevel.NORMAL}
