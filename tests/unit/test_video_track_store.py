"""The track store: table rows, people, and the faces at any time."""

import numpy as np
import pytest

from emotion.types import EMOTIONS
from emotion.video.people import people_of
from emotion.video.track_store import TrackStore
from tests.unit.test_video_render import face, recording


def test_the_rows_are_what_each_frame_alone_shows() -> None:
    record = recording(
        (0.0, [face(1, 0, "happy", seen="sad")]), (0.1, []), (0.2, [face(2, 9), face(1, 5)])
    )
    rows = list(record.rows("a.mp4"))
    assert [(r["frame"], r["time_s"], r["track"], r["label"]) for r in rows] == [
        (0, 0.0, 1, "sad"),
        (6, 0.2, 2, "happy"),
        (6, 0.2, 1, "happy"),
    ]
    assert rows[0]["x1"] == 1.0, "the frame's own box, not the smoothed one"
    assert rows[0]["source"] == "a.mp4"
    assert len(record) == 3


def test_it_grows() -> None:
    record = recording(*((i / 10, [face(1, i), face(2, 0)]) for i in range(500)))
    assert len(record) == 500
    assert len(record.faces) == 1000
    assert record.of_frame(300)["xyxy"][0, 0] == 300
    assert record.step_s == pytest.approx(0.1)


def test_between_two_frames_a_face_moves_evenly() -> None:
    record = recording((1.0, [face(1, 0)]), (2.0, [face(1, 40)]))
    for time_s, x in [(0.0, 0), (1.0, 0), (1.25, 10), (1.9, 36), (2.0, 40), (5.0, 40)]:
        (shown,) = record.interpolate(time_s)
        assert shown.xyxy[0] == pytest.approx(x, abs=1e-4)
        assert shown.probabilities.sum() == pytest.approx(1.0)


def test_who_comes_or_goes_is_drawn_for_half_of_the_way() -> None:
    record = recording((0.0, [face(1, 0)]), (1.0, [face(2, 0)]), (2.0, []))
    numbers = [[f.track_id for f in record.interpolate(t)] for t in (0.0, 0.4, 0.6, 1.4, 1.6)]
    assert numbers == [[1], [1], [2], [2], []]
    assert TrackStore().interpolate(0.0) == []


def test_persons_are_counted_by_what_is_shown() -> None:
    record = recording(
        *((i / 10, [face(1, 0, "happy" if i < 6 else "sad")]) for i in range(10)),
        (1.0, [face(7, 0, "fear")]),
    )
    first, second = people_of(record)
    assert (first.track_id, first.frames, first.first_s) == (1, 10, 0.0)
    assert first.last_s == pytest.approx(0.9)
    assert first.shares[EMOTIONS.index("happy")] == pytest.approx(0.6)
    assert second.track_id == 7
    assert second.shares[EMOTIONS.index("fear")] == 1
    assert np.all([person.shares.sum() == pytest.approx(1) for person in (first, second)])
    assert people_of(TrackStore()) == []
