"""The history of a viewer's session."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from emotion.app.table_formats import CSV, PARQUET, session_table
from emotion.app.widgets.session_summary import session_facts
from emotion.app.widgets.timeline import timeline_chart
from emotion.live.history import LiveHistory
from emotion.results.rows import CHANGE_COLUMNS, COLUMNS
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS
from emotion.video.people import people_of
from tests.unit.test_live_processor import make_face


def tracked(number: int = 1, top: int = 3, observed_s: float = 0.0) -> TrackedFace:
    face = make_face(top=top)
    return TrackedFace(
        xyxy=face.xyxy,
        score=0.9,
        probabilities=face.probabilities,
        track_id=number,
        raw=face,
        label_index=3,
        observed_s=observed_s,
    )


def test_a_history_is_thinned_and_bounded_and_has_a_timeline_per_face() -> None:
    history = LiveHistory()
    for index in range(30 * 700):
        now_s = 1000 + index / 30
        faces = [tracked(1, observed_s=now_s)]
        if index % 300 < 150:
            faces.append(tracked(2, top=4, observed_s=now_s))
        history.add(faces, now_s)
    rows = history.rows()
    times = sorted({float(str(row["time_s"])) for row in rows})
    assert 2900 <= len(times) <= 3000
    assert min(np.diff(times)) >= 0.15
    assert {row["track"] for row in rows} == {1, 2}
    moments, values = history.timeline(2, 60.0)
    assert -60 <= moments[0] < moments[-1] <= 0
    assert values.shape == (len(moments), 7)
    assert (values.argmax(axis=1) == 4).all()
    assert history.timeline(9, 60.0)[1].shape == (0, 7)
    assert LiveHistory().timeline(1, 60.0)[0].shape == (0,)


def test_in_a_crowd_a_row_has_the_time_at_which_its_face_was_seen() -> None:
    history = LiveHistory()
    history.add([tracked(1, observed_s=10.0), tracked(2, observed_s=10.0)], 10.0)
    history.add([tracked(1, observed_s=10.3), tracked(2, observed_s=10.0)], 10.3)
    history.add([tracked(1, observed_s=10.5), tracked(2, observed_s=10.5)], 10.6)
    rows = [(round(float(str(row["time_s"])), 3), row["track"]) for row in history.rows()]
    assert rows == [(0, 1), (0, 2), (0.3, 1), (0.5, 1), (0.5, 2)]


def test_an_event_is_in_the_rows_from_its_time_on() -> None:
    history = LiveHistory()
    assert history.mark_event(99.0) is None, "nothing was seen yet"
    for index in range(10):
        if index == 4:
            assert history.mark_event(100 + index / 5 - 0.01) == 1
        if index == 8:
            assert history.mark_event(100 + index / 5 - 0.01) == 2
        history.add([tracked(observed_s=100 + index / 5)], 100 + index / 5)
    assert [row["event"] for row in history.rows()] == [None] * 4 + [1] * 4 + [2] * 2
    assert list(history.events_s) == pytest.approx([0.79, 1.59])
    assert history.duration_s == pytest.approx(1.8)


def test_what_was_published_is_kept_and_ends_the_timeline() -> None:
    history = LiveHistory()
    history.add([tracked(observed_s=50.0)], 50.0)
    history.add([tracked(observed_s=50.1)], 50.1)
    history.add([tracked(observed_s=50.13)], 50.13, is_published=True)
    history.add([tracked(observed_s=50.13)], 50.13, is_published=True)
    history.add([tracked(observed_s=50.4)], 50.4)
    assert [row["time_s"] for row in history.rows()] == [0.0, 0.13, 0.4]
    assert history.timeline(1, 60.0, 50.13)[0] == pytest.approx([-0.13, 0.0], abs=1e-5)


def test_a_session_is_told_like_a_clip() -> None:
    history = LiveHistory()
    for index in range(20):
        faces = [tracked(1, top=3 if index < 15 else 4, observed_s=index / 5)]
        history.add(faces if index > 4 else [], index / 5)
    (person,) = people_of(history.tracks())
    assert person.frames == 15
    assert [person.first_s, person.last_s] == pytest.approx([1.0, 3.8])
    history.mark_event(2.0)
    assert session_facts(history) == "Duration 0:03.8 · 1 person · 1 event, at 0:02.0"
    chart = timeline_chart(history.tracks(), events_s=history.events_s).to_dict()
    texts = [layer for layer in chart["layer"] if layer["mark"]["type"] == "text"]
    assert chart["datasets"][texts[0]["data"]["name"]] == [{"time_s": 2.0, "event": "1"}]


def happier(face: TrackedFace, by: float) -> TrackedFace:
    """The face with more of "happy" and less of "angry"."""
    row = face.raw.probabilities.copy()
    row[EMOTIONS.index("happy")] += by
    row[EMOTIONS.index("angry")] -= by
    return replace(face, probabilities=row, raw=replace(face.raw, probabilities=row))


def test_a_resting_face_is_what_changes_are_counted_from() -> None:
    history = LiveHistory()
    assert not history.set_baseline(), "nobody is in view"
    for index in range(30):  # 4 s as it is, then 2 s a little happier
        time_s = index / 5
        face = happier(tracked(1, observed_s=time_s), 0.02 if index >= 20 else -0.3)
        history.add([face], time_s)
    assert CHANGE_COLUMNS[0] not in history.rows()[0]
    assert history.set_baseline()
    assert history.baseline is not None
    assert history.baseline.time_s == pytest.approx(5.8)
    # 2.0 s back from 5.8 s: ten entries at +0.02 and one before them at -0.3.
    expected = tracked().raw.probabilities[EMOTIONS.index("happy")] + (10 * 0.02 - 0.3) / 11
    assert history.baseline.probabilities[1][EMOTIONS.index("happy")] == pytest.approx(expected)
    history.add([happier(tracked(1, observed_s=7.0), 0.4), tracked(2, observed_s=7.0)], 7.0)
    rows = {row["track"]: row for row in history.rows() if row["time_s"] == 7.0}
    assert rows[1]["happy_change"] == pytest.approx(float(rows[1]["happy"] or 0) - expected, 1e-3)
    assert all(rows[2][name] is None for name in CHANGE_COLUMNS), "another face"
    table = list(csv.reader(io.StringIO(session_table(history, CSV).decode("utf-8-sig"))))
    assert table[0] == [*COLUMNS, *CHANGE_COLUMNS]
    parquet = pq.read_table(io.BytesIO(session_table(history, PARQUET)))
    assert parquet.column_names == table[0]
    assert "resting face set at 0:05.8" in session_facts(history)
    history.add([], 8.0)
    assert not history.set_baseline(), "it stays what it was"
    assert history.baseline is not None
    history.clear_baseline()
    plain = session_table(history, CSV).decode("utf-8-sig").splitlines()
    assert plain[0] == ",".join(COLUMNS)
    assert session_table(None, CSV).decode("utf-8-sig") == plain[0] + "\n"
