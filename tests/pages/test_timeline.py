"""What the Video page draws of a recording: timeline, its table, shares, summary."""

import itertools

import numpy as np
import pytest

from emotion.app.pages.video_results import clip_points
from emotion.app.widgets.timeline import (
    expression_shares,
    over_time,
    summary,
    timeline_chart,
    timeline_rows,
)
from emotion.app.widgets.timeline_table import timeline_table_html
from emotion.results.frames import FrameResult
from emotion.types import EMOTIONS
from emotion.video.people import people_of
from emotion.video.track_store import TrackStore
from tests.unit.test_video_render import face


def result(index: int, *tops: str) -> FrameResult:
    faces = [face(number, 0, top) for number, top in enumerate(tops, 1)]
    return FrameResult(index, index / 10, tuple(faces))


def record(*results: FrameResult) -> TrackStore:
    kept = TrackStore()
    for each in results:
        kept.add(each)
    return kept


def chart_rows(kept: TrackStore) -> list[dict[str, float | int | str]]:
    return timeline_rows(*over_time(kept), kept.step_s)


def test_the_timeline_leaves_gaps_and_fills_the_height() -> None:
    kept = record(*(result(i, *(() if 4 <= i < 9 else ("sad",))) for i in range(12)))
    rows = chart_rows(kept)
    assert sorted({(row["time_s"], row["run"]) for row in rows}) == [
        (i / 10, int(i >= 9)) for i in range(12) if not 4 <= i < 9
    ]
    for time_s in {row["time_s"] for row in rows}:
        bands = sorted((row["low"], row["high"]) for row in rows if row["time_s"] == time_s)
        assert bands[0][0] == 0.0
        assert bands[-1][1] == pytest.approx(1.0, abs=1e-3)
        assert all(a[1] == b[0] for a, b in itertools.pairwise(bands))
    assert chart_rows(record(result(0))) == []


def test_a_long_clip_is_thinned() -> None:
    rows = chart_rows(record(*(result(i, "sad") for i in range(9000))))
    assert 3000 < len(rows) <= 7 * 600


def test_one_persons_timeline_is_its_own() -> None:
    kept = record(*(result(i, "sad", *(("happy",) if i > 4 else ())) for i in range(9)))
    sad, happy = EMOTIONS.index("sad"), EMOTIONS.index("happy")
    times, probabilities = over_time(kept, 2)
    assert np.allclose(times, np.arange(5, 9) / 10)
    assert probabilities[:, happy] == pytest.approx(0.7)
    _, mean = over_time(kept)
    assert mean[0, sad] == pytest.approx(0.7)
    assert mean[-1, sad] == pytest.approx((0.7 + 0.05) / 2)


def test_the_chart_is_a_table_too() -> None:
    kept = record(*(result(i, "sad", "happy") if i < 5 else result(i) for i in range(9)))
    text = timeline_table_html(kept)
    assert text.count("<tr>") == 1 + 5, "no row where there is no face"
    assert [f"<th>{name}</th>" in text for name in EMOTIONS] == [True] * 7
    assert "<th>0:00.4</th>" in text
    assert text.count("<td>38%</td>") == 2 * 5, "the mean of 70% and 5%"
    assert timeline_table_html(kept, 1).count("<td>70%</td>") == 5
    long = timeline_table_html(record(*(result(i, "sad") for i in range(5000))))
    assert 55 <= long.count("<tr>") <= 62


def test_each_person_has_a_point_at_the_mean_and_a_path() -> None:
    kept = record(*(result(i, "sad", *(("happy",) if i > 4 else ())) for i in range(9)))
    found = clip_points(kept, people_of(kept))
    assert [(point.name, point.number, len(point.path)) for point in found] == [
        ("Person 1", 1, 9),
        ("Person 2", 2, 4),
    ]
    assert found[1].probabilities[EMOTIONS.index("happy")] == pytest.approx(0.7)


@pytest.mark.parametrize("lines", [False, True])
def test_the_chart_can_be_clicked_and_leaves_the_wheel_to_the_page(lines: bool) -> None:
    kept = record(*(result(i, "sad") for i in range(9)))
    spec = timeline_chart(kept, lines=lines).to_dict()
    names = {param["name"]: param["select"]["type"] for param in spec["params"]}
    assert names == {"pointed": "point", "moment": "point"}
    assert not any(param.get("bind") for param in spec["params"])
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0.0, 0.8], "the clip's ends"


def test_shares_and_summary_say_the_same() -> None:
    kept = record(result(0, "sad", "happy"), result(1, "sad"), result(2), result(3, "sad"))
    shares = expression_shares(kept)
    assert shares is not None
    assert dict(zip(EMOTIONS, shares.tolist(), strict=True))["sad"] == pytest.approx(0.75)
    text = summary(kept)
    assert "3 of 4 frames, at most 2 at once" in text
    assert "Person 1 looks sad throughout; Person 2 looks happy throughout." in text
    assert "It looks sad throughout." in summary(record(result(0, "sad")))
    assert expression_shares(record(result(0))) is None
