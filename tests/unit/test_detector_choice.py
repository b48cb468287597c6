"""Which detector a name means."""

from pathlib import Path

import pytest

from emotion.detection import load_detector
from emotion.detection.loading import default_detector
from emotion.errors import ModelError
from emotion.models.spec import own_models


def test_the_default_is_named_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMOTION_MODELS", raising=False)
    named = (own_models() / "DEFAULT_DETECTOR").read_text().strip()
    assert default_detector() == named
    assert load_detector().digest == load_detector(named).digest


def test_models_of_ones_own_need_no_detector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = default_detector()
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    assert default_detector() == ours
    assert load_detector("yunet").digest
    (tmp_path / "DEFAULT_DETECTOR").write_text("mine\n")
    with pytest.raises(ModelError, match="no model 'mine'; there are: none"):
        load_detector()


def test_the_hybrid_detectors_networks_and_coefficients_come_from_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load_detector("hybrid").digest
    (tmp_path / "yunet").mkdir()
    (tmp_path / "yunet" / "spec.json").write_text("another network")
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    assert load_detector("hybrid").digest == expected


def test_what_cannot_be_a_detector_is_told() -> None:
    with pytest.raises(ModelError, match="no model 'nobody'; there are: "):
        load_detector("nobody")
    with pytest.raises(ModelError, match="finds no faces"):
        load_detector((own_models() / "DEFAULT").read_text().strip())
