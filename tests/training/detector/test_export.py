"""A detector's folder is replaced as a whole or not at all."""

from pathlib import Path
from typing import Any

import keras
import pytest

from emotion.detection import SingleShotDetector
from emotion.errors import ModelError
from emotion.models.spec import KERAS_FILE, SERVED_FILE, SPEC_FILE
from emotion.training.detector import export, network
from emotion.training.detector.data import Picture, read_pictures
from emotion.training.detector.network import NetworkConfig
from tests.training.detector.drawn import write_pack

SMALL = NetworkConfig(stem=8, widths=(8, 8))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Picture]:
    folder = tmp_path_factory.mktemp("pictures")
    return list(read_pictures(write_pack(folder, "train", 3), "train"))


def weights_of(seed: int, folder: Path) -> Path:
    keras.utils.set_random_seed(seed)
    path = folder / f"{seed}.weights.h5"
    network.build(SMALL).save_weights(path)
    return path


def test_a_detector_that_is_refused_changes_nothing(
    pictures: list[Picture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    weights = [weights_of(seed, tmp_path) for seed in (0, 1)]
    spec = export.export_detector(weights[0], place / "m", SMALL, pictures)
    assert SingleShotDetector.load(place / "m").spec == spec
    assert spec.name == "m"
    before = {path.name: path.read_bytes() for path in (place / "m").iterdir()}
    assert set(before) == {KERAS_FILE, SERVED_FILE, SPEC_FILE}

    def unmeasured(detector: SingleShotDetector, _: Any) -> None:
        assert detector.digest != spec.checksums[SERVED_FILE]
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(export, "validation_metrics", unmeasured)
        with pytest.raises(RuntimeError):
            export.export_detector(weights[1], place / "m", SMALL, pictures)
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="it was not taken"):
        export.export_detector(weights[1], place / "new", SMALL, pictures)
    assert {path.name: path.read_bytes() for path in (place / "m").iterdir()} == before
    assert [path.name for path in place.iterdir()] == ["m"]
