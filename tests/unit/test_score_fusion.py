"""The fused score of a face's proposals and refinement, and its file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from emotion.detection.score_fusion import (
    FEATURES,
    FUSION_FILE,
    KINDS,
    Evidence,
    ScoreFusion,
    features,
)
from emotion.errors import ModelError
from emotion.models.spec import own_models

SHIPPED = ScoreFusion.read(own_models() / "hybrid")


def test_features_by_hand() -> None:
    values = features(Evidence(first=0.5, second=None, refined=0.9, size=80, agreement=0.7))
    assert values == pytest.approx((1, 0, 0, 0, 1, 2.19722, 0.7, 1), abs=1e-4)
    assert len(values) == len(FEATURES)
    certain = features(Evidence(first=1.0, second=0.0, refined=None, size=0))
    assert certain[1:7] == pytest.approx((4, 0, -4, 0, 0, 0))
    assert (
        features(Evidence(None, 0.5, None, 9000))[-1]
        == features(Evidence(None, 0.5, None, 160))[-1]
    )


def test_the_kind_follows_size_and_refinement() -> None:
    seen = Evidence(first=0.9, second=None, refined=0.9, size=50)
    assert SHIPPED.kind(seen) == "confirmed"
    assert SHIPPED.kind(seen._replace(refined=0.3)) == "unconfirmed"
    assert SHIPPED.kind(seen._replace(refined=None)) == "unconfirmed"
    assert SHIPPED.kind(seen._replace(size=39)) == "small"


@pytest.mark.parametrize("size", [20, 50, 200])
def test_more_evidence_never_lowers_the_shipped_score(size: float) -> None:
    scores = [
        SHIPPED.score(Evidence(first=first, second=None, refined=0.8, size=size, agreement=0.8))
        for first in (0.3, 0.5, 0.7, 0.9, 0.97)
    ]
    assert scores == sorted(scores)
    assert scores[-1] > 0.67
    both = SHIPPED.score(Evidence(first=0.9, second=0.9, refined=0.8, size=size, agreement=0.8))
    assert both > SHIPPED.score(
        Evidence(first=0.9, second=None, refined=0.8, size=size, agreement=0.8)
    )


def test_the_file_holds_everything(tmp_path: Path) -> None:
    changed = replace(SHIPPED, refine_from_px=33.0)
    (tmp_path / FUSION_FILE).write_text(changed.to_json())
    assert ScoreFusion.read(tmp_path) == changed
    assert set(changed.coefficients) == set(KINDS)


@pytest.mark.parametrize("damage", ["{", "[]", '{"coefficients": {}}', "short", None])
def test_a_damaged_file_is_told(tmp_path: Path, damage: str | None) -> None:
    if damage == "short":
        values = json.loads(SHIPPED.to_json())
        values["coefficients"]["small"].pop()
        damage = json.dumps(values)
    if damage is not None:
        (tmp_path / FUSION_FILE).write_text(damage)
    with pytest.raises(ModelError, match=r"fusion\.json cannot be read .*install it again"):
        ScoreFusion.read(tmp_path)
