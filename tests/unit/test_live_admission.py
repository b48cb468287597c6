"""Pause, overload and the number of places: what concerns more than a single frame."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

from emotion.app.limits import DEFAULT_VIEWERS, VIEWERS_VARIABLE, max_viewers
from emotion.live import LiveProcessor, LiveSettings, ServerFullError, SettingsHolder
from emotion.live.admission import CONNECT_TIMEOUT_S, SILENCE_TIMEOUT_S, AdmissionControl
from emotion.live.load_shedding import LoadLevel, LoadShedder
from tests.unit.test_live import Analyzer, make_face, make_frame, wait_until


class FixedShedder(LoadShedder):
    """A load of the level that a test sets."""

    fixed: LoadLevel = LoadLevel.NORMAL

    @property
    def level(self) -> LoadLevel:
        return self.fixed


@pytest.fixture
def holder() -> SettingsHolder:
    return SettingsHolder()


@pytest.fixture
def shedder() -> FixedShedder:
    return FixedShedder()


@pytest.fixture
def processor(holder: SettingsHolder, shedder: FixedShedder) -> Iterator[LiveProcessor]:
    made = LiveProcessor(Analyzer(lambda image: (make_face(),)), holder, shedder)
    yield made
    made.on_ended()


def test_a_paused_picture_stands_still_with_time_stamps_that_go_on(
    processor: LiveProcessor, holder: SettingsHolder
) -> None:
    processor.recv(make_frame(0))
    wait_until(lambda: processor.snapshot().analyzed == 1)
    holder.settings = LiveSettings(paused=True)
    first = processor.recv(make_frame(3000)).to_ndarray(format="rgb24")
    other = make_frame(6000, width=80, height=60)
    second = processor.recv(other)
    assert (second.pts, second.time_base) == (6000, other.time_base)
    assert np.array_equal(second.to_ndarray(format="rgb24"), first)
    seen = processor.snapshot()
    assert (seen.paused, seen.frames, seen.analyzed) == (True, 3, 1)
    holder.settings = LiveSettings()
    assert processor.recv(make_frame(9000, width=80, height=60)).width == 80
    wait_until(lambda: processor.snapshot().analyzed == 2)


@pytest.mark.parametrize("mirror", [False, True])
def test_under_load_the_returned_picture_is_smaller_and_the_analysed_one_is_not(
    processor: LiveProcessor, holder: SettingsHolder, shedder: FixedShedder, mirror: bool
) -> None:
    holder.settings = LiveSettings(mirror=mirror)
    shedder.fixed = LoadLevel.REDUCED_ANALYSIS
    assert processor.recv(make_frame(0, width=642, height=482)).width == 642
    shedder.fixed = LoadLevel.REDUCED_SIZE
    frame = make_frame(3000, width=642, height=482)
    small = processor.recv(frame)
    assert (small.width, small.height) == (320, 240)
    assert (small.pts, small.time_base) == (frame.pts, frame.time_base)
    wait_until(lambda: processor.snapshot().analyzed >= 1)
    assert processor.snapshot().size_wh == (642, 482)
    assert processor.snapshot().level == LoadLevel.REDUCED_SIZE
    assert processor.recv(make_frame(6000, width=320, height=240)).width == 320


def test_under_load_the_analysis_rests_longer(
    processor: LiveProcessor, shedder: FixedShedder
) -> None:
    assert processor._rest_s(0.02) == pytest.approx(0.02)
    shedder.fixed = LoadLevel.REDUCED_ANALYSIS
    assert processor._rest_s(0.02) == pytest.approx(0.08)
    assert processor._rest_s(9.0) == pytest.approx(0.5)


class Watcher:
    """A viewer of whom a test says how it is."""

    ended = False
    frames = 1
    silent_s = 0.0


def test_the_limit_holds_and_a_place_comes_free() -> None:
    admission = AdmissionControl()
    first, second, third = Watcher(), Watcher(), Watcher()
    admission.admit(first, 2)
    admission.admit(second, 2)
    with pytest.raises(ServerFullError, match="shows 2 live pictures at once"):
        admission.admit(third, 2)
    assert admission.active() == 2
    first.ended = True
    admission.admit(third, 2)
    assert admission.active() == 2
    for _ in range(20):
        admission.admit(Watcher(), None)


def test_who_vanished_without_a_word_loses_the_place() -> None:
    admission = AdmissionControl()
    gone, connecting = Watcher(), Watcher()
    connecting.frames = 0
    for each in (gone, connecting):
        admission.admit(each, 2)
        each.silent_s = SILENCE_TIMEOUT_S + 1
    assert admission.active() == 1
    connecting.silent_s = CONNECT_TIMEOUT_S + 1
    assert admission.active() == 0


def test_nobody_is_kept_alive_by_the_count() -> None:
    admission = AdmissionControl()
    admission.admit(Watcher(), 1)
    gc.collect()
    assert admission.active() == 0


def test_a_processor_has_a_place_until_it_ends(processor: LiveProcessor) -> None:
    admission = AdmissionControl()
    admission.admit(processor, 1)
    assert admission.active() == 1
    processor.recv(make_frame(0))
    assert admission.active() == 1
    processor.on_ended()
    assert admission.active() == 0


@pytest.mark.parametrize(
    ("text", "limit"), [("", DEFAULT_VIEWERS), ("3", 3), (" 7 ", 7), ("0", None)]
)
def test_the_limit_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, text: str, limit: int | None
) -> None:
    monkeypatch.setenv(VIEWERS_VARIABLE, text)
    assert max_viewers() == limit


@pytest.mark.parametrize("text", ["-1", "many", "2.5", "٣"])
def test_another_limit_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VIEWERS_VARIABLE, text)
    with pytest.raises(ValueError, match="EMOTION_MAX_VIEWERS"):
        max_viewers()
