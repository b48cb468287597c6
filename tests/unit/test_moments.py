"""The moments of a clip: appearances, lasting changes, and the peak of each expression."""

import pytest

from emotion.types import EMOTIONS
from emotion.video.moments import Moment, moments
from emotion.video.track_store import TrackStore
from tests.unit.test_video_render import face, recording


def of_kind(kind: str, record: TrackStore) -> list[Moment]:
    return [moment for moment in moments(record) if moment.kind == kind]


def changes(record: TrackStore) -> list[Moment]:
    return of_kind("change", record)


def test_a_surprise_of_one_frame_has_its_peak() -> None:
    seen = ["neutral"] * 40 + ["surprise"] + ["neutral"] * 9
    record = recording(*((i / 5, [face(1, 0, "neutral", seen=s)]) for i, s in enumerate(seen)))
    assert changes(record) == []
    (peak,) = (m for m in of_kind("peak", record) if m.label == "surprise")
    assert peak.time_s == pytest.approx(8.0)
    assert peak.probability == pytest.approx(0.7)


def test_each_person_has_one_appearance_and_one_peak_for_each_expression_shown() -> None:
    record = recording(
        *(
            (
                i / 10,
                [
                    face(1, 0, ("happy", "sad")[i % 20 > 9]),
                    *([face(2, 50, "fear")] if i > 24 else []),
                ],
            )
            for i in range(60)
        )
    )
    assert [(m.time_s, m.track_id, m.label) for m in of_kind("appearance", record)] == [
        (0.0, 1, "happy"),
        (2.5, 2, "fear"),
    ]
    assert sorted((m.track_id, m.label) for m in of_kind("peak", record)) == [
        (1, "happy"),
        (1, "sad"),
        (2, "fear"),
    ]


def test_the_peak_is_the_frame_that_shows_the_expression_best() -> None:
    record = recording(*((i / 10, [face(1, 0, "happy")]) for i in range(10)))
    best = record.faces[6]["raw_probabilities"]
    best[:] = 0.01
    best[EMOTIONS.index("happy")] = 0.94
    (peak,) = of_kind("peak", record)
    assert [peak.time_s, peak.probability] == pytest.approx([0.6, 0.94])


def test_what_no_frame_supports_and_was_never_shown_has_no_peak() -> None:
    record = recording(*((i / 10, [face(1, 0, "happy")]) for i in range(10)))
    weak = record.faces[3]["raw_probabilities"]
    weak[:] = 0.1
    weak[EMOTIONS.index("disgust")] = 0.4
    assert [m.label for m in of_kind("peak", record)] == ["happy"]


def test_moments_are_in_the_order_of_time_and_a_person_first_appears() -> None:
    record = recording(*((i / 10, [face(1, 0), face(2, 50, "sad")]) for i in range(9)))
    found = moments(record)
    assert [m.time_s for m in found] == sorted(m.time_s for m in found)
    assert [(m.kind, m.track_id) for m in found] == [
        ("appearance", 1),
        ("peak", 1),
        ("appearance", 2),
        ("peak", 2),
    ]
    assert moments(TrackStore()) == []


def test_a_change_is_what_lasts() -> None:
    labels = ["happy"] * 10 + ["sad"] * 2 + ["happy"] * 5 + ["fear"] * 10 + ["sad"]
    record = recording(*((i / 10, [face(1, 0, label)]) for i, label in enumerate(labels)))
    (change,) = changes(record)
    assert (change.before, change.label, change.track_id) == ("happy", "fear", 1)
    assert change.time_s == pytest.approx(1.7)


def test_changes_of_several_are_in_the_order_of_time() -> None:
    frames = [
        (i, [face(1, 0, "happy" if i < 7 else "sad"), face(2, 50, "sad" if i < 3 else "fear")])
        for i in range(10)
    ]
    assert [(c.time_s, c.track_id) for c in changes(recording(*frames))] == [(3, 2), (7, 1)]


def test_a_change_is_when_the_old_label_ended_whatever_flickers_after_it() -> None:
    labels = ["happy"] * 10 + ["sad"] * 2 + ["neutral"] * 2 + ["sad"] * 2 + ["neutral"] * 10
    record = recording(*((i / 10, [face(1, 0, label)]) for i, label in enumerate(labels)))
    (change,) = changes(record)
    assert (change.before, change.label) == ("happy", "neutral")
    assert change.time_s == pytest.approx(1.0)
