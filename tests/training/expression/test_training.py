"""From a CSV to a served model, for real and small: train, kill, resume, export, evaluate."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from emotion.cli import main
from emotion.errors import ModelError
from emotion.expression.classifier import Classifier
from emotion.models.spec import KERAS_FILE, SERVED_FILE, model_folder, read_spec
from emotion.training.common.keras_models import load_keras, predict
from emotion.training.common.run_folder import STATE, read_history
from emotion.training.expression import export
from emotion.training.expression.architectures import build
from emotion.training.expression.config import TrainingConfig
from emotion.training.expression.data import read_faces
from emotion.training.expression.data.faces import FaceFormat, training_split
from emotion.training.expression.trainer import Trainer
from tests.stopping import run_first_epoch
from tests.training.conftest import write_fer2013

ROOT = Path(__file__).parents[3]
HEADS = {"fer2013": tuple("abcdefg"), "ferplus": tuple("abcdefgh")}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder, trained by the command line on a small set."""
    folder = tmp_path_factory.mktemp("trained")
    data, votes = write_fer2013(folder, 1400)
    code = main([
        "train", "--data", str(data), "--ferplus", str(votes), "--out", str(folder / "tiny"),
        "--runs", str(folder / "runs"), "--epochs", "4", "--batch-size", "64",
        "--default-head", "ferplus",
    ])  # fmt: skip
    assert code == 0
    return folder / "tiny"


def test_mixed_precision_keeps_float32_weights(tmp_path: Path) -> None:
    faces = read_faces(*write_fer2013(tmp_path, 64))
    rows, choice = training_split(faces), faces.subset("PublicTest")
    found = {}
    for precision in ("float32", "mixed_bfloat16"):
        config = TrainingConfig(
            arch="region_attention", epochs=1, batch_size=16, precision=precision
        )
        trainer = Trainer(config, [rows], [choice], tmp_path / precision)
        computed = {layer.compute_dtype for layer in trainer.model.layers if "conv" in layer.name}
        assert computed == {precision.removeprefix("mixed_")}
        served = build("region_attention", trainer.heads, training=True)
        assert served.compute_dtype == "float32"
        served.load_weights(trainer.run())
        found[precision] = np.concatenate([w.ravel() for w in served.get_weights()])
    np.testing.assert_allclose(found["mixed_bfloat16"], found["float32"], rtol=0.2, atol=0.1)
    assert not np.array_equal(found["mixed_bfloat16"], found["float32"])


def test_fused_normalisation_trains_as_the_plain_one() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (16, 48, 48, 1), np.uint8)
    fused, plain = build("se_resnet", HEADS, training=True), build("se_resnet", HEADS)
    plain.set_weights(fused.get_weights())
    a, b = fused(faces, training=False), plain(faces, training=False)
    for head in HEADS:
        np.testing.assert_allclose(a[head], b[head], atol=1e-5)
    norms = [(f, p) for f, p in zip(fused.layers, plain.layers, strict=True) if "normal" in f.name]
    assert norms
    x = np.random.default_rng(1).normal(1, 2, (8, 6, 6, int(norms[0][0].gamma.shape[0])))
    x = x.astype(np.float32)
    one, other = norms[0][0](x, training=True), norms[0][1](x, training=True)
    np.testing.assert_allclose(one, other, atol=1e-4)
    # The fused kernel counts the variance with n - 1, Keras with n: 288 values here.
    np.testing.assert_allclose(norms[0][0].moving_variance, norms[0][1].moving_variance, rtol=1e-3)


def test_the_trained_model_knows_what_it_was_taught(trained: Path) -> None:
    result = json.loads(evaluated(trained).read_text())
    assert result["accuracy"] > 0.3  # 1 in 7 by chance; four epochs of a thousand faces
    assert result["head"] == "fer2013"
    assert result["n"] == sum(map(sum, result["confusion_matrix"])) == 175
    assert result["protocols"]["ferplus_majority"]["labels"][7] == "contempt"
    for protocol in result["protocols"].values():
        assert 0 <= protocol["ece"] <= 1
        assert protocol["n"] == sum(c["support"] for c in protocol["per_class"].values())


def evaluated(model: Path) -> Path:
    data = model.parent / "fer2013.csv"
    if not (model / "eval.json").is_file():
        code = main([
            "evaluate", "--model", str(model), "--data", str(data),
            "--ferplus", str(data.with_name("fer2013new.csv")), "--split", "PrivateTest",
            "--out", str(model),
        ])  # fmt: skip
        assert code == 0
    return model / "eval.json"


def test_everything_that_makes_a_run_is_recorded(trained: Path) -> None:
    run = json.loads((trained / "run.json").read_text())
    assert run["config"]["epochs"] == 4
    assert [len(digest) for digest in run["data"]["sha256"].values()] == [64]
    assert run["versions"]["tensorflow"]
    rows = read_history(trained / "history.csv")
    assert [int(r["epoch"]) for r in rows] == [1, 2, 3, 4]
    assert [bool(r["val_accuracy"]) for r in rows] == [False, False, True, True]
    assert (trained / "history.png").stat().st_size > 1000


def test_the_card_holds_the_evaluations_figures(trained: Path) -> None:
    result = json.loads(evaluated(trained).read_text())
    card = (trained / "README.md").read_text()
    assert f"{result['accuracy']:.1%}" in card
    assert result["command"] in card
    assert str(trained.parent) not in result["command"].split("--data ")[1].split()[0]


def test_served_equals_keras(trained: Path) -> None:
    model = load_keras(trained)
    faces = np.random.default_rng(0).integers(0, 256, (70, 48, 48), np.uint8)
    expected = predict(model, faces)
    served = Classifier(trained).logits(list(faces))
    for head, logits in expected.items():
        np.testing.assert_allclose(served[head], logits, atol=export.LOGIT_TOLERANCE)


def test_the_spec_has_the_chosen_head_and_fitted_temperatures(trained: Path) -> None:
    spec = read_spec(trained)
    assert spec.default_head == "ferplus"
    assert set(spec.checksums) == {KERAS_FILE, SERVED_FILE}
    assert all(0.05 < head.temperature < 20 for head in spec.heads.values())


def test_an_unequal_compiled_form_is_refused(
    trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(export, "LOGIT_TOLERANCE", -1.0)
    data = trained.parent
    faces = read_faces(data / "fer2013.csv", data / "fer2013new.csv")
    with pytest.raises(ModelError, match="differs from Keras"):
        export.export_model(
            data / "runs" / "tiny" / "best.weights.h5", tmp_path / "m", arch="se_resnet",
            heads={n: h.labels for n, h in read_spec(trained).heads.items()},
            input_size=(48, 48), validation=[faces.subset("PublicTest")],
        )  # fmt: skip


def test_the_default_model_served_equals_keras() -> None:
    folder = model_folder()
    model, spec = load_keras(folder), read_spec(folder)
    form = FaceFormat.of_model(spec)
    faces = form.convert(np.random.default_rng(1).integers(0, 256, (9, 60, 50, 3), np.uint8))
    expected = predict(model, faces)
    served = Classifier(folder).logits(list(faces))
    assert set(expected) == set(served)
    float16 = model.count_params() >= export.FLOAT16_FROM
    tolerance = export.FLOAT16_TOLERANCE if float16 else export.LOGIT_TOLERANCE
    for head, logits in expected.items():
        np.testing.assert_allclose(served[head], logits, atol=tolerance)
        np.testing.assert_array_equal(served[head].argmax(axis=1), logits.argmax(axis=1))


def test_a_resumed_run_equals_an_unbroken_one(fer2013: tuple[Path, Path], tmp_path: Path) -> None:
    faces = read_faces(*fer2013)
    training, validation = [training_split(faces)], [faces.subset("PublicTest")]
    config = TrainingConfig(
        epochs=3, batch_size=64, stages=((0.7, 24), (1, 48)), choose_from=0.3, seed=5
    )

    def trainer(name: str) -> Trainer:
        return Trainer(config, training, validation, tmp_path / name, lambda line: None)

    whole = trainer("whole")
    whole.run()
    run_first_epoch(trainer("broken"))
    resumed = trainer("broken")
    resumed.run()
    for a, b in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)
    states = [json.loads((tmp_path / n / STATE).read_text()) for n in ("whole", "broken")]
    assert states[0]["epoch"] == states[1]["epoch"] == 3


def test_a_run_can_start_from_a_model(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = trained.parent / "fer2013.csv"
    code = main([
        "train", "--data", str(data), "--ferplus", str(data.with_name("fer2013new.csv")),
        "--out", str(trained.with_name("more")), "--runs", str(trained.parent / "runs"),
        "--epochs", "1", "--batch-size", "64", "--start-from", str(trained),
        "--learning-rate", "0.001", "--full-size",
    ])  # fmt: skip
    assert code == 0
    more = trained.with_name("more")
    run = json.loads((more / "run.json").read_text())
    assert run["start_from"]["sha256"] == read_spec(trained).checksums[KERAS_FILE]
    assert run["start_from"]["run"]["config"]["epochs"] == 4
    assert run["config"]["stages"] == [[1.0, 48]]
    assert "First weights" in (more / "README.md").read_text()
    assert float(read_history(more / "history.csv")[0]["val_accuracy"]) > 0.3


def test_a_killed_process_goes_on_where_it_was(tmp_path: Path) -> None:
    data, _ = write_fer2013(tmp_path, 560)
    command = [
        sys.executable, "-m", "emotion", "train", "--data", str(data), "--out",
        str(tmp_path / "killed"), "--runs", str(tmp_path / "runs"), "--epochs", "3",
        "--batch-size", "64",
    ]  # fmt: skip
    state = tmp_path / "runs" / "killed" / STATE
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not state.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert state.is_file(), "no epoch was finished"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "resuming after epoch" in done.stdout
    rows = read_history(tmp_path / "killed" / "history.csv")
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]


def test_wrong_usage_is_code_2_and_bad_data_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--data", "x.csv", "--out", str(tmp_path / "m"), "--arch", "nothing"])
    assert caught.value.code == 2
    assert "--arch expects one of se_resnet" in capsys.readouterr().err
    assert main(["train", "--data", "x.csv", "--out", str(tmp_path / "m")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_run_stops_after_epochs_without_improvement(
    fer2013: tuple[Path, Path], tmp_path: Path
) -> None:
    faces = read_faces(*fer2013)
    config = TrainingConfig(arch="mini_xception", epochs=9, batch_size=64, patience=2)
    trainer = Trainer(config, [training_split(faces)], [faces.subset("PublicTest")], tmp_path)
    stops = []
    for epoch, best_epoch in ((3, None), (4, 4), (5, 4), (6, 4)):
        trainer._folder.state.epoch, trainer._folder.state.best_epoch = epoch, best_epoch
        stops.append(trainer.should_stop())
    assert stops == [False, False, False, True]
