"""The history of a viewer's session."""

from __future__ import annotations

import numpy as np

from emotion.live.history import LiveHistory
from emotion.tracking import TrackedFace
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
