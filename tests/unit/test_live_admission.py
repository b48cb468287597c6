"""Admission control: how many streams have a place, and the configured limit."""

from __future__ import annotations

import gc

import pytest

from emotion.app.limits import DEFAULT_VIEWERS, VIEWERS_VARIABLE, max_viewers
from emotion.live import LiveProcessor, ServerFullError
from emotion.live.admission import CONNECT_TIMEOUT_S, SILENCE_TIMEOUT_S, AdmissionControl
from tests.unit.test_live_processor import Analyzer, make_face, make_frame


class Stream:
    """A stream whose state a test sets."""

    ended = False
    frames = 1
    silent_s = 0.0


def test_the_limit_holds_and_an_ended_stream_frees_its_place() -> None:
    admission = AdmissionControl()
    first, second, third = Stream(), Stream(), Stream()
    admission.admit(first, 2)
    admission.admit(second, 2)
    with pytest.raises(ServerFullError, match="supports 2 live streams and all are in use"):
        admission.admit(third, 2)
    assert admission.active() == 2
    first.ended = True
    admission.admit(third, 2)
    assert admission.active() == 2
    for _ in range(20):
        admission.admit(Stream(), None)


def test_a_silent_stream_loses_its_place() -> None:
    admission = AdmissionControl()
    gone, connecting = Stream(), Stream()
    connecting.frames = 0
    for each in (gone, connecting):
        admission.admit(each, 2)
        each.silent_s = CONNECT_TIMEOUT_S + 1
    assert admission.active() == 1
    gone.silent_s = SILENCE_TIMEOUT_S + 1
    assert admission.active() == 0
    connecting.frames = 1  # it connected after all
    assert admission.active() == 1


def test_admission_keeps_no_stream_alive() -> None:
    admission = AdmissionControl()
    admission.admit(Stream(), 1)
    gc.collect()
    assert admission.active() == 0


def test_a_processor_has_a_place_until_it_ends() -> None:
    processor = LiveProcessor(Analyzer(lambda image: (make_face(),)))
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
