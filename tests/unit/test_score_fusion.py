"""The fused score of a face's proposals and refinement, and its file."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from emotion.detection.score_fusion import (
    FEATURES,
    FUSION_FILE,
    Evidence,
    ScoreFusion,
    features,
)
from emotion.errors import ModelError
from emotion.models.spec import own_models

SHIPPED = ScoreFusion.read(own_models() / "hybrid")


def test_features_by_hand() -> None:
    values = features(Evidence(proposed=0.5, refined=0.9, agreement=0.7))
    assert values == pytest.approx((1, 0, 2.19722, 0, 0.7), abs=1e-4)
    assert len(values) == len(FEATURES)
    assert features(Evidence(proposed=1.0)) == pytest.approx((1, 4, 0, 1, 0))
    assert features(Evidence(proposed=0.0, refined=0.0)) == pytest.approx((1, -4, -4, 0, 0))


def test_the_score_by_hand() -> None:
    fusion = replace(SHIPPED, coefficients=(0.5, 2.0, 1.0, -1.0, 0.0))
    assert fusion.score(Evidence(proposed=0.5)) == pytest.approx(1 / (1 + math.exp(0.5)))
    assert fusion.score(Evidence(0.5, 0.5, 0.9)) == pytest.approx(1 / (1 + math.exp(-0.5)))


def test_what_confirms_a_face() -> None:
    limit = SHIPPED.confirmed_from
    assert SHIPPED.confirms(limit)
    assert not SHIPPED.confirms(limit - 0.01)
    assert not SHIPPED.confirms(None)


def test_more_evidence_never_lowers_the_shipped_score() -> None:
    grid = (0.3, 0.5, 0.7, 0.9, 0.97)
    by_proposal = [SHIPPED.score(Evidence(p, 0.8, 0.8)) for p in grid]
    assert by_proposal == sorted(by_proposal)
    assert by_proposal[-1] > 0.67
    by_refinement = [SHIPPED.score(Evidence(0.7, r, 0.8)) for r in grid]
    assert by_refinement == sorted(by_refinement)
    assert SHIPPED.score(Evidence(0.7, 0.9, 0.8)) > SHIPPED.score(Evidence(0.7))
    assert SHIPPED.score(Evidence(0.7, 0.3, 0.8)) < SHIPPED.score(Evidence(0.7))


def test_the_file_holds_everything(tmp_path: Path) -> None:
    changed = replace(SHIPPED, refine_from_px=33.0)
    (tmp_path / FUSION_FILE).write_text(changed.to_json())
    assert ScoreFusion.read(tmp_path) == changed


@pytest.mark.parametrize("damage", ["{", "[]", '{"coefficients": []}', "short", None])
def test_a_damaged_file_is_told(tmp_path: Path, damage: str | None) -> None:
    if damage == "short":
        values = json.loads(SHIPPED.to_json())
        values["coefficients"].pop()
        damage = json.dumps(values)
    if damage is not None:
        (tmp_path / FUSION_FILE).write_text(damage)
    with pytest.raises(ModelError, match=r"fusion\.json cannot be read .*install it again"):
        ScoreFusion.read(tmp_path)
