"""How often answers of a confidence are right, from whatever an evaluation holds."""

from typing import Any

import pytest

from emotion.app.reliability import Reliability, reliability
from emotion.app.widgets.face_explanation import reliability_text


def row(low: float, n: int, right: int) -> dict[str, float]:
    return {
        "low": low,
        "high": round(low + 0.25, 2),
        "confidence": low + 0.1,
        "n": n,
        "right": right,
    }


TABLE = [row(0.0, 0, 0), row(0.25, 60, 24), row(0.5, 20, 12), row(0.75, 100, 90)]


def section(table: Any, *, split: str = "PrivateTest", head: str = "blend") -> dict[str, Any]:
    return {
        "split": split,
        "protocols": {"labels_default_head": {"head": head, "reliability": table}},
    }


def test_the_bin_of_the_answer_counts() -> None:
    assert reliability(section(TABLE), "blend", 0.93) == Reliability(
        low=0.75, high=1.0, n=100, right=90
    )
    assert reliability(section(TABLE), "blend", 1.0) == reliability(section(TABLE), "blend", 0.75)
    assert reliability(section(TABLE), "blend", 0.3) == Reliability(
        low=0.25, high=0.5, n=60, right=24
    )


def test_few_faces_take_their_neighbours_with_them() -> None:
    found = reliability(section(TABLE), "blend", 0.6)
    assert found == Reliability(low=0.25, high=1.0, n=180, right=126)


def test_all_test_splits_count_and_no_other() -> None:
    report = section(TABLE) | {
        "sets": {
            "a": section(TABLE),
            "validation": section([row(0.75, 1000, 1000)], split="PublicTest"),
            "other head": section([row(0.75, 1000, 0)], head="fer2013"),
            "broken": [1],
        }
    }
    found = reliability(report, "blend", 0.9)
    assert found == Reliability(low=0.75, high=1.0, n=200, right=180)


def test_a_majority_of_votes_comes_before_the_labels() -> None:
    report = section([row(0.75, 80, 8)])
    report["protocols"]["ferplus_default_head"] = {"head": "blend", "reliability": TABLE}
    found = reliability(report, "blend", 0.9)
    assert found is not None
    assert (found.n, found.right) == (100, 90)


@pytest.mark.parametrize(
    "report",
    [
        {},
        [],
        None,
        section(None),
        section([]),
        section([1, 2]),
        section([{"low": 0.5}]),
        section([row(0.75, 0, 0)]),
        section([row(0.75, 10, 20)]),
        section([row(0.75, float("nan"), 20)]),  # type: ignore[arg-type]
        {"split": "PrivateTest", "protocols": []},
        {"sets": [1]},
    ],
)
def test_a_report_without_such_figures_has_none(report: Any) -> None:
    assert reliability(report, "blend", 0.9) is None
    assert "does not say" in reliability_text(None)


def test_the_interval_holds_the_fraction_and_is_narrower_with_more_faces() -> None:
    few = Reliability(low=0.9, high=1.0, n=10, right=9)
    many = Reliability(low=0.9, high=1.0, n=1000, right=900)
    assert few.interval[0] < many.interval[0] < 0.9 < many.interval[1] < few.interval[1] <= 1
    # Wilson's own: 9 of 10
    assert few.interval == pytest.approx((0.596, 0.982), abs=1e-3)
    text = reliability_text(many)
    assert "right for 900 of 1000 test faces" in text
    assert "(90% to 100%)" in text
