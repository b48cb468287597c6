"""Settings from a file, class weights, and recognising the same run."""

import argparse
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.cli import main
from emotion.models.spec import RUN_FILE
from emotion.training.common.run_record import same_run
from emotion.training.common.settings import read_settings, validated_settings
from emotion.training.expression.augmentation import Augmentation
from emotion.training.expression.config import TrainingConfig
from emotion.training.expression.data import read_faces
from emotion.training.expression.targets import class_weights, make_targets, targets_of_sets


def toml(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text)
    return path


def test_a_file_gives_settings_by_name(tmp_path: Path) -> None:
    path = toml(
        tmp_path,
        """
        epochs = 7
        learning_rate = 1
        class_balance = 0.5
        stages = [[0.5, 32], [1, 48]]
        shares = { rafdb = 2 }
        [augmentation]
        rotation_deg = 20
        flip = 0.1
        erase_side = [0.1, 0.2]
        """,
    )
    config = TrainingConfig(**read_settings(path, TrainingConfig))
    assert config == TrainingConfig(
        epochs=7,
        learning_rate=1.0,
        class_balance=0.5,
        stages=((0.5, 32), (1.0, 48)),
        shares={"rafdb": 2.0},
        augmentation=Augmentation(rotation_deg=20.0, flip=0.1, erase_side=(0.1, 0.2)),
    )
    assert isinstance(config.learning_rate, float)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("epoch = 3", "unknown setting epoch; there are: arch, "),
        ("a = 1\nb = 2", "unknown settings a, b; there are: "),
        (
            "[augmentation]\nturn = 3",
            "unknown setting augmentation.turn; there are: rotation_deg, ",
        ),
        ("epochs = 'many'", "expected epochs as int, got 'many'"),
        ("epochs = true", "expected epochs as int, got True"),
        ("epochs = 2.5", r"expected epochs as int, got 2\.5"),
        ("arch = 3", "expected arch as str, got 3"),
        ("stages = [[0.5, 32, 1]]", "expected stages as"),
        ("shares = 3", "expected shares as"),
        ("augmentation = 3", "expected augmentation as Augmentation, got 3"),
        ("class_balance = 2", r"expected class_balance in 0\.\.1, got 2\.0"),
        ("[augmentation]\nflip = 7", r"augmentation: expected flip in 0\.\.1, got 7\.0"),
        ("epochs = ", "is no TOML file: "),
        ("epochs = 0", "expected epochs of at least 1, got 0"),
        ("batch_size = 0", "expected batch_size of at least 1, got 0"),
        ("patience = 0", "expected patience of at least 1, got 0"),
        ("learning_rate = -0.1", r"expected learning_rate above 0, got -0\.1"),
        ("learning_rate = nan", "expected learning_rate above 0, got nan"),
        ("weight_decay = -1", r"expected weight_decay of at least 0, got -1\.0"),
        ("momentum = 2", r"expected momentum in 0\.\.1, got 2\.0"),
        ("choose_from = 1", r"expected choose_from in 0\.\.1, below 1, got 1\.0"),
        ("shares = { rafdb = 0 }", r"expected shares\.rafdb above 0, got 0\.0"),
        ("seed = -1", r"expected seed in 0\.\.4294967295, got -1"),
        ("input_size = [0, 48]", "expected input_size of at least 1 px"),
        ("stages = []", "expected stages, each of at least 1 px"),
        ("stages = [[1, 0]]", "expected stages, each of at least 1 px"),
        ("stages = [[1, 40]]", "expected a last stage of the model's own size, 48 px"),
        ("optimizer = 'adamw'", "expected optimizer to be one of sgd, adam, got 'adamw'"),
    ],
)
def test_what_is_no_setting_is_one_sentence(
    tmp_path: Path, text: str, match: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = toml(tmp_path, text)
    with pytest.raises(ValueError, match=match):
        read_settings(path, TrainingConfig)
    for command in ("data", "train"):
        with pytest.raises(SystemExit) as caught:
            main([command, "--data", "x.csv", "--out", str(tmp_path / "o"), "--config", str(path)])
        assert caught.value.code == 2
        assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--epochs", "0", "--epochs: expected a whole number above 0"),
        ("--batch-size", "0", "--batch-size: expected a whole number above 0"),
        ("--learning-rate", "-0.1", "--learning-rate: expected a number above 0"),
        ("--learning-rate", "nan", "--learning-rate: expected a number above 0"),
        ("--freeze-epochs", "-1", "--freeze-epochs: expected a whole number, 0 or above"),
        ("--seed", "-1", "expected seed in 0..4294967295"),
    ],
)
def test_what_is_no_setting_is_wrong_usage_on_the_command_line(
    option: str, value: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--data", "x.csv", "--out", str(tmp_path / "o"), f"{option}={value}"])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_every_setting_survives_its_record() -> None:
    config = TrainingConfig(augmentation=Augmentation(flip=0.2), shares={"a": 0.5})
    record = json.loads(json.dumps(asdict(config)))
    assert TrainingConfig(**validated_settings(TrainingConfig, record)) == config


def test_a_run_is_known_again_after_a_setting_came_to_exist(tmp_path: Path) -> None:
    def record(config: TrainingConfig) -> dict[str, Any]:
        return {"config": asdict(config), "data": {"sha256": "x"}}

    old = json.loads(json.dumps(record(TrainingConfig(epochs=3))))
    del old["config"]["class_balance"], old["config"]["augmentation"]["flip"]
    (tmp_path / RUN_FILE).write_text(json.dumps(old))
    assert same_run(tmp_path, record(TrainingConfig(epochs=3)), TrainingConfig)
    assert not same_run(tmp_path, record(TrainingConfig(epochs=4)), TrainingConfig)
    assert not same_run(
        tmp_path, record(TrainingConfig(epochs=3, class_balance=0.5)), TrainingConfig
    )
    flipped = TrainingConfig(epochs=3, augmentation=Augmentation(flip=0.5))
    assert not same_run(tmp_path, record(flipped), TrainingConfig)
    assert not same_run(tmp_path, record(TrainingConfig(epochs=3)) | {"data": {}}, TrainingConfig)
    with_teacher = record(TrainingConfig(epochs=3)) | {"teacher": {"model": "a", "sha256": "y"}}
    assert not same_run(tmp_path, with_teacher, TrainingConfig)
    old["config"]["of_another_time"] = 1
    (tmp_path / RUN_FILE).write_text(json.dumps(old))
    assert not same_run(tmp_path, record(TrainingConfig(epochs=3)), TrainingConfig)
    assert not same_run(tmp_path / "nothing", record(TrainingConfig()), TrainingConfig)


def test_the_defaults_change_nothing() -> None:
    assert Augmentation().flip == Augmentation().crop == TrainingConfig().class_balance == 0
    assert {field.name for field in fields(Augmentation)} >= {
        "rotation_deg", "mirror", "flip", "crop", "shift", "scale", "brightness", "contrast",
        "erase", "blur", "low_resolution", "jpeg",
    }  # fmt: skip


LABELS = st.lists(st.integers(0, 6), min_size=1, max_size=200).map(np.array)


@settings(deadline=None)
@given(LABELS, st.floats(0, 1))
def test_class_weights_keep_the_mean_and_favour_the_rare(labels: np.ndarray, power: float) -> None:
    weights = class_weights(labels, power)
    assert weights.shape == (7,)
    assert weights.dtype == np.float32
    assert weights[labels].mean() == pytest.approx(1, rel=1e-4)
    counts = np.bincount(labels, minlength=7)
    order = np.argsort(counts[counts > 0], kind="stable")
    assert (np.diff(weights[counts > 0][order]) <= 1e-5).all()


def test_full_balance_gives_every_class_the_same_sum() -> None:
    labels = np.repeat([0, 3, 5], [1, 10, 100])
    weights = class_weights(labels, 1.0)
    sums = np.bincount(labels, weights[labels], minlength=7)
    np.testing.assert_allclose(sums[[0, 3, 5]], 37, rtol=1e-5)
    np.testing.assert_array_equal(class_weights(labels, 0.0), np.ones(7, np.float32))
    np.testing.assert_array_equal(class_weights(labels[:0], 1.0), np.ones(7, np.float32))
    for power in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"expected a power in 0\.\.1"):
            class_weights(labels, power)


def test_targets_are_weighed_by_class(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    faces = faces.take(np.flatnonzero((faces.labels != 1) | (np.arange(len(faces)) % 5 == 0)))
    assert faces.votes is not None
    faces.votes[0] = 0  # nobody voted: no weight, whatever its class
    plain, balanced = make_targets(faces), make_targets(faces, class_balance=1.0)
    np.testing.assert_array_equal(plain["fer2013"].weights, np.ones(len(faces), np.float32))
    for head, usable in (("fer2013", slice(None)), ("ferplus", slice(1, None))):
        np.testing.assert_array_equal(plain[head].targets, balanced[head].targets)
        weights = balanced[head].weights
        assert weights.dtype == np.float32
        assert weights[usable].mean() == pytest.approx(1, rel=1e-4)
        rare = weights[usable][faces.labels[usable] == 1]
        assert rare.min() > 3 * weights[usable][faces.labels[usable] == 3].max()
    assert balanced["ferplus"].weights[0] == 0
    both = targets_of_sets([faces, faces], class_balance=1.0)
    np.testing.assert_array_equal(both["fer2013"].weights, np.tile(balanced["fer2013"].weights, 2))


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    from emotion.cli import train

    path = toml(tmp_path, "epochs = 7\nseed = 3\n[augmentation]\nflip = 0.1\n")
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    given = ["--data", "x.csv", "--out", "m", "--config", str(path)]
    config = train._config(parser.parse_args([*given, "--epochs", "9"]))
    assert (config.epochs, config.seed, config.augmentation.flip) == (9, 3, 0.1)
    assert config.arch == TrainingConfig.arch
    with pytest.raises(SystemExit):
        train._config(parser.parse_args([*given, "--arch", "nothing"]))
