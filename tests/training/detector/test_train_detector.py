"""From tar shards to a served detector, for real and small: train, stop, resume, measure."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from emotion.cli import main, train_detector
from emotion.detection import SingleShotDetector
from emotion.detection.decoding import sigmoid
from emotion.detection.spec import read_detector_spec
from emotion.errors import DataError, ModelError
from emotion.models.spec import KERAS_FILE, SERVED_FILE
from emotion.training.common.keras_models import load_keras
from emotion.training.common.publish import check_compiled
from emotion.training.common.run_folder import read_history
from emotion.training.detector import export, network
from emotion.training.detector.config import DetectorConfig
from emotion.training.detector.data import read_pictures, split_validation
from emotion.training.detector.keras_detector import detector_of
from emotion.training.detector.network import NetworkConfig
from emotion.training.detector.trainer import DetectorTrainer
from tests.stopping import run_first_epoch
from tests.training.detector.drawn import write_pack

SMALL = NetworkConfig(stem=8, widths=(8, 8))


@pytest.fixture(scope="module")
def evaluated(trained: Path) -> dict:  # type: ignore[type-arg]
    code = main([
        "evaluate-detector", "--detector", str(trained), "--peer", "haar",
        "--data", str(trained.parent / "faces"), "--out", str(trained),
    ])  # fmt: skip
    assert code == 0
    result: dict = json.loads((trained / "eval.json").read_text())  # type: ignore[type-arg]
    return result


def test_it_detects_what_it_was_trained_on(evaluated: dict) -> None:  # type: ignore[type-arg]
    figures = evaluated["detectors"]["tiny"]
    assert figures["ap"]["all"] > 0.6
    assert figures["landmark_error"] < 0.2
    assert figures["pictures"] == 12
    assert figures["faces"]["all"] == 12
    assert figures["ap"]["120 and up"] is None


def test_the_evaluation_names_what_was_measured(evaluated: dict, trained: Path) -> None:  # type: ignore[type-arg]
    assert list(evaluated["detectors"]) == ["tiny", "haar"]
    assert evaluated["served_sha256"] == read_detector_spec(trained).checksums[SERVED_FILE]
    assert evaluated["data"]["split"] == "test"
    assert "roll 45" in evaluated["detectors"]["tiny"]["changed"]
    for name in ("precision_recall.png", "robustness.png", "history.png"):
        assert (trained / name).stat().st_size > 1000
    card = (trained / "README.md").read_text()
    assert f"{evaluated['detectors']['tiny']['ap']['all']:.3f}" in card
    assert evaluated["command"] in card


def test_the_run_is_recorded(trained: Path) -> None:
    run = json.loads((trained / "run.json").read_text())
    assert run["config"]["epochs"] == 15
    assert len(run["data"]["sha256"]) == 64
    assert run["config"]["network"]["widths"] == [32, 64]
    rows = read_history(trained / "history.csv")
    assert [int(r["epoch"]) for r in rows] == list(range(1, 16))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert [bool(r["val_ap"]) for r in rows[:6]] == [False, False, True] * 2


def test_served_equals_keras(trained: Path) -> None:
    model, served = detector_of(load_keras(trained)), SingleShotDetector.load(trained)
    for picture in read_pictures(trained.parent / "faces", "test", limit=6):
        expected = model.detect(picture.image, 0.2)
        faces = served.detect(picture.image, 0.2)
        assert len(faces) == len(expected)
        for one, other in zip(faces, expected, strict=True):
            assert one.score == pytest.approx(other.score, abs=2e-3)
            np.testing.assert_allclose(one.xyxy, other.xyxy, atol=0.1)


def test_an_unequal_compiled_form_is_refused(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    model, data = load_keras(trained), (trained / SERVED_FILE).read_bytes()
    with pytest.raises(ModelError, match="differs from Keras"):
        check_compiled(data, export.checks(model), export.tolerances(model))


@pytest.mark.parametrize("size", [(32, 32), (96, 64), (480, 640)])
def test_every_size_has_the_grids_shape(size: tuple[int, int]) -> None:
    model = network.build(SMALL)
    outputs = model(np.zeros((1, *size, 3), np.uint8))
    for stride in network.STRIDES:
        expected = (1, -(-size[0] // stride), -(-size[1] // stride), 15)
        assert tuple(outputs[f"stride{stride}"].shape) == expected


def test_the_default_network_is_yunet_n() -> None:
    assert network.build(NetworkConfig()).count_params() == 53_104


def test_before_training_scores_are_low_and_boxes_small() -> None:
    outputs = network.build(NetworkConfig())(np.zeros((1, 64, 64, 3), np.uint8))
    for stride in network.STRIDES:
        values = np.asarray(outputs[f"stride{stride}"])
        np.testing.assert_allclose(sigmoid(values[..., 0]), network.PRIOR, rtol=1e-3)
        np.testing.assert_allclose(values[..., 3:5], 1)


def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path) -> None:
    write_pack(tmp_path, "train", 20)
    pictures, validation = split_validation(list(read_pictures(tmp_path, "train")), 0.2, 0)
    config = DetectorConfig(
        epochs=2, batch_size=4, side=64, validate_every=1, choose_from=0.3, network=SMALL
    )

    def trainer(name: str) -> DetectorTrainer:
        return DetectorTrainer(
            config, pictures, validation, tmp_path / name, report=lambda line: None
        )

    whole = trainer("whole")
    whole.run()
    run_first_epoch(trainer("broken"))
    resumed = trainer("broken")
    said: list[str] = []
    resumed._report = said.append
    resumed.run()
    assert [line.split()[0] for line in said] == ["resuming", "epoch"]
    for a, b in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)
    histories = [
        [float(r["loss"]) for r in read_history(tmp_path / name / "history.csv")]
        for name in ("whole", "broken")
    ]
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-3)


def test_a_run_can_begin_from_a_detector(trained: Path, tmp_path: Path) -> None:
    write_pack(tmp_path, "train", 9)
    pictures = list(read_pictures(tmp_path, "train"))
    config = DetectorConfig(epochs=1, batch_size=4, side=64)
    run = DetectorTrainer(
        config, pictures[1:], pictures[:1], tmp_path / "run",
        report=lambda line: None, start_from=trained,
    )  # fmt: skip
    wanted = load_keras(trained).get_weights()
    for one, other in zip(run.model.get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    run.run()
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["start_from"]["sha256"] == read_detector_spec(trained).checksums[KERAS_FILE]
    assert record["start_from"]["run"]["config"]["epochs"] == 15
    with pytest.raises(ModelError, match="network of another size"):
        DetectorTrainer(
            DetectorConfig(batch_size=4, side=64, network=SMALL), pictures[1:], pictures[:1],
            tmp_path / "other", start_from=trained,
        )  # fmt: skip


def test_a_changed_setting_starts_a_new_run(tmp_path: Path) -> None:
    write_pack(tmp_path, "train", 9)
    pictures = list(read_pictures(tmp_path, "train"))
    lines: list[str] = []
    for rate in (1e-3, 2e-3):
        config = DetectorConfig(
            epochs=1, batch_size=4, side=64, learning_rate=rate, network=SMALL, choose_from=0
        )
        DetectorTrainer(
            config, pictures[1:], pictures[:1], tmp_path / "run", report=lines.append
        ).run()
    assert [line.split()[0] for line in lines] == ["epoch", "epoch"]


def test_set_aside_parts_share_nothing(tmp_path: Path) -> None:
    write_pack(tmp_path, "train", 20)
    pictures = list(read_pictures(tmp_path, "train"))
    training, validation = split_validation(pictures, 0.25, 3)
    assert len(training) == 15
    assert {p.name for p in training} | {p.name for p in validation} == {p.name for p in pictures}
    again = split_validation(pictures, 0.25, 3)[1]
    assert [p.name for p in again] == [p.name for p in validation]
    with pytest.raises(DataError, match="at least 2"):
        split_validation(pictures[:1], 0.25, 3)


def test_what_cannot_be_read_is_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trained: Path
) -> None:
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "m")]
    assert main(["train-detector", *arguments]) == 1
    assert "no readable train.jsonl" in capsys.readouterr().err
    assert main(["evaluate-detector", *arguments, "--detector", "haar"]) == 1
    assert "no readable test.jsonl" in capsys.readouterr().err
    assert main(["evaluate-detector", *arguments, "--detector", "nobody"]) == 1
    assert "no model 'nobody'" in capsys.readouterr().err
    data = trained.parent / "faces"
    (tmp_path / "test.jsonl").write_bytes((data / "test.jsonl").read_bytes())
    with pytest.raises(DataError, match="cannot be read"):
        list(read_pictures(tmp_path, "test"))


def test_the_files_are_those_of_a_model(trained: Path) -> None:
    spec = read_detector_spec(trained)
    assert set(spec.checksums) == {KERAS_FILE, SERVED_FILE}
    assert spec.strides == network.STRIDES
    assert 0.1 <= spec.min_score <= 0.95


def test_settings_come_from_a_file_under_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    train_detector.add_arguments(parser)
    path = tmp_path / "run.toml"
    path.write_text("epochs = 5\nside = 256\n[network]\nstem = 24\n[views]\nmosaic = 0\n")
    given = ["--data", "d", "--out", "m", "--config", str(path)]
    config = train_detector._config(parser.parse_args([*given, "--epochs", "9"]))
    assert (config.epochs, config.side, config.network.stem) == (9, 256, 24)
    assert config.views.mosaic == 0
    assert config.batch_size == DetectorConfig.batch_size
    path.write_text("sides = 3\n")
    with pytest.raises(SystemExit):
        train_detector._config(parser.parse_args(given))
    assert "unknown setting sides" in capsys.readouterr().err
