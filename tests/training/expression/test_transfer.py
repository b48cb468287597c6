"""Fine-tuning, distillation, blends and ensembles."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from emotion.analyzer import load_analyzer
from emotion.cli import main
from emotion.errors import ModelError
from emotion.expression.classifier import Classifier, softmax
from emotion.models.spec import read_spec
from emotion.training.common.keras_models import load_keras
from emotion.training.expression.architectures import build
from emotion.training.expression.blend import (
    ADJUSTMENTS,
    EvaluationSet,
    candidate_blends,
    choose_blend,
    evaluate_blend,
    leave_one_set_out,
    log_priors,
)
from emotion.training.expression.channel_pruning import inherit_channels
from emotion.training.expression.data import read_faces
from emotion.training.expression.data.faces import training_split
from emotion.training.expression.distillation import soft_targets
from emotion.training.expression.ensemble import ensemble_of
from emotion.training.expression.evaluation.unseen_domains import unseen_domains
from emotion.training.expression.targets import Targets, targets_of_sets
from emotion.training.expression.transfer import load_first_weights
from emotion.types import EMOTIONS
from tests.training.conftest import write_fer2013, write_pictures


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two small models of different input size, the first with the FER+ head beside its own."""
    folder = tmp_path_factory.mktemp("members")
    data, votes = write_fer2013(folder, 700)
    common = ["--data", str(data), "--runs", str(folder / "runs"), "--batch-size", "64"]
    for name, more in {
        "first": ["--ferplus", str(votes), "--arch", "mini_xception", "--epochs", "4"],
        "second": ["--arch", "custom_cnn", "--epochs", "2"],
    }.items():
        assert main(["train", *common, "--out", str(folder / name), *more]) == 0
    return [folder / "first", folder / "second"]


def test_a_head_for_other_labels_begins_anew_on_learned_features(members: list[Path]) -> None:
    known = load_keras(members[0])
    model = build("mini_xception", {"ferplus": tuple("abcdefgh"), "mine": ("x", "y")})
    origin = load_first_weights(members[0], model, {"ferplus", "mine"})
    assert origin["model"] == "first"
    for name in ("ferplus",):
        np.testing.assert_array_equal(model.get_layer(name).kernel, known.get_layer(name).kernel)
    faces = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 1), np.uint8)
    np.testing.assert_allclose(model(faces)["ferplus"], known(faces)["ferplus"], atol=1e-5)
    assert model(faces)["mine"].shape == (4, 2)


def test_weights_that_do_not_fit_are_refused(members: list[Path], tmp_path: Path) -> None:
    model = build("se_resnet_small", {"mine": ("x", "y")})
    with pytest.raises(ModelError, match="a se_resnet_small cannot start from it"):
        load_first_weights(members[0], model, {"mine"})
    (tmp_path / "x.weights.h5").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="no Keras application"):
        load_first_weights(tmp_path / "x.weights.h5", model, {"mine"})
    application = build("mobilenet_v2", {"mine": ("x", "y")})
    with pytest.raises(ModelError, match="does not hold the weights of mobilenet_v2"):
        load_first_weights(tmp_path / "x.weights.h5", application, {"mine"})


def test_a_slimmer_network_keeps_the_channels_that_weigh_most() -> None:
    """Where all but as many as it has say nothing, it answers as the wide one."""
    wide, slim = (build(arch, {"h": ("x", "y")}) for arch in ("se_resnet", "se_resnet_slim"))
    rng = np.random.default_rng(0)
    theirs, ours = ([layer for layer in net.layers if layer.weights] for net in (wide, slim))
    for source, target in zip(theirs, ours, strict=True):
        if isinstance(source, keras.layers.BatchNormalization):
            gain, shift, *statistics = (
                rng.uniform(0.5, 1.5, w.shape) for w in source.get_weights()
            )
            unimportant = rng.permutation(len(gain))[target.gamma.shape[0] :]
            gain[unimportant] = shift[unimportant] = 0
            source.set_weights([gain, shift, *statistics])
    assert inherit_channels(theirs, ours)
    faces = rng.integers(0, 256, (4, 48, 48, 1), np.uint8)
    np.testing.assert_allclose(slim(faces)["h"], wide(faces)["h"], rtol=1e-3, atol=1e-5)
    before = [layer.get_weights() for layer in theirs]
    assert not inherit_channels(ours, theirs)
    for layer, weights in zip(theirs, before, strict=True):
        for now, then in zip(layer.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(now, then)


def test_an_application_takes_the_weights_of_a_file(tmp_path: Path) -> None:
    given = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(96, 96, 3), pooling="avg"
    )
    given.save_weights(tmp_path / "given.weights.h5")
    model = build("mobilenet_v2", {"mine": ("x", "y")})
    assert load_first_weights(tmp_path / "given.weights.h5", model, {"mine"})["sha256"]
    backbone = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    for mine, theirs in zip(backbone.get_weights(), given.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_fine_tuning_freezes_first(members: list[Path], tmp_path: Path) -> None:
    write_pictures(tmp_path / "mine", 20)
    code = main([
        "train", "--data", str(tmp_path / "mine"), "--arch", "mini_xception",
        "--out", str(tmp_path / "tuned"), "--runs", str(tmp_path / "runs"), "--epochs", "1",
        "--batch-size", "16", "--learning-rate", "0.01",
        "--start-from", str(members[0]), "--freeze-epochs", "1",
    ])  # fmt: skip
    assert code == 0
    heads = json.loads((tmp_path / "runs" / "tuned" / "heads" / "run.json").read_text())
    assert heads["config"]["frozen"]
    assert heads["start_from"]["model"] == "first"
    frozen = build("mini_xception", {"custom": EMOTIONS}, training=True)
    frozen.load_weights(tmp_path / "runs" / "tuned" / "heads" / "best.weights.h5")
    known = load_keras(members[0])
    theirs = [w for layer in known.layers[:-2] for w in layer.get_weights()]
    ours = [w for layer in frozen.layers[:-1] for w in layer.get_weights()]
    for a, b in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(a, b)
    assert load_analyzer(tmp_path / "tuned").spec.default_head == "custom"


def test_freezing_nothing_learned_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--data", "x.csv", "--out", "m", "--freeze-epochs", "1"])
    assert "--freeze-epochs needs --start-from" in capsys.readouterr().err


def test_a_teacher_speaks_where_labels_are_silent(members: list[Path]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48), np.uint8)
    own = np.eye(7, dtype=np.float32)[[0, 1, 2, 3, 4]]
    weights = np.array([1, 1, 1, 0, 0], np.float32)
    targets = {
        "fer2013": Targets(labels=EMOTIONS, targets=own, weights=weights),
        "mine": Targets(labels=("x",), targets=np.ones((5, 1), np.float32), weights=weights),
    }
    result = soft_targets(targets, [images], members[0], share=0.25)
    assert result["mine"] is targets["mine"]
    model, spec = load_keras(members[0]), read_spec(members[0])
    both = [model(faces[..., None])["fer2013"] for faces in (images, images[:, :, ::-1])]
    given = softmax(np.mean(both, axis=0) / spec.heads["fer2013"].temperature)
    expected = np.concatenate([0.75 * own[:3] + 0.25 * given[:3], given[3:]])
    np.testing.assert_allclose(result["fer2013"].targets, expected, atol=1e-5)
    np.testing.assert_array_equal(result["fer2013"].weights, [1, 1, 1, 0.25, 0.25])


def test_a_student_of_a_teacher_says_so(members: list[Path], tmp_path: Path) -> None:
    data = members[0].parent / "fer2013.csv"
    code = main([
        "train", "--data", str(data), "--arch", "custom_cnn", "--out", str(tmp_path / "student"),
        "--runs", str(tmp_path / "runs"), "--epochs", "1", "--batch-size", "64",
        "--teacher", str(members[0]),
    ])  # fmt: skip
    assert code == 0
    run = json.loads((tmp_path / "student" / "run.json").read_text())
    assert run["teacher"]["model"] == "first"


def test_an_ensemble_answers_with_the_mean_of_its_members(
    members: list[Path], tmp_path: Path
) -> None:
    data = members[0].parent / "fer2013.csv"
    code = main([
        "ensemble", *map(str, members), "--data", str(data),
        "--ferplus", str(data.with_name("fer2013new.csv")), "--out", str(tmp_path / "both"),
    ])  # fmt: skip
    assert code == 0
    spec = read_spec(tmp_path / "both")
    assert spec.arch == "ensemble"
    assert spec.input_size == (48, 48)
    faces = list(np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8))
    found = Classifier(tmp_path / "both").logits(faces)
    first, second = (Classifier(member) for member in members)
    mean = (
        first.logits(faces)["fer2013"] / first.spec.heads["fer2013"].temperature
        + second.logits(faces)["fer2013"] / second.spec.heads["fer2013"].temperature
    ) / 2
    # The second member's faces are shrunk in the graph, without the area mean of serving.
    np.testing.assert_allclose(found["fer2013"], mean, atol=0.5)
    alone = first.logits(faces)["ferplus"] / first.spec.heads["ferplus"].temperature
    np.testing.assert_allclose(found["ferplus"], alone, atol=1e-3)
    run = json.loads((tmp_path / "both" / "run.json").read_text())
    assert set(run["members"]) == {"first", "second"}


def test_an_ensemble_of_one_is_refused(
    members: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = members[0].parent / "fer2013.csv"
    out = str(tmp_path / "one")
    assert main(["ensemble", str(members[0]), "--data", str(data), "--out", out]) == 1
    assert "at least two members" in capsys.readouterr().err


def test_a_blend_is_the_calibrated_mean_of_its_heads(members: list[Path], tmp_path: Path) -> None:
    data = members[0].parent / "fer2013.csv"
    code = main([
        "blend", str(members[0]), "--data", str(data),
        "--ferplus", str(data.with_name("fer2013new.csv")), "--out", str(tmp_path / "blended"),
    ])  # fmt: skip
    assert code == 0
    spec = read_spec(tmp_path / "blended")
    assert spec.default_head == "blend"
    chosen = json.loads((tmp_path / "blended" / "run.json").read_text())["blend"]
    assert [row["adjustment"] for row in chosen["trade_off"]] == list(ADJUSTMENTS)
    assert chosen["chosen_without"] == {}  # nothing else to choose on
    faces = list(np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8))
    found = Classifier(tmp_path / "blended").logits(faces)
    expected = np.zeros((3, 7), np.float32)
    sets = [training_split(read_faces(data, data.with_name("fer2013new.csv")))]
    priors = log_priors(
        targets_of_sets(sets), {name: spec.heads[name] for name in chosen["shares"]}
    )
    for head, share in chosen["shares"].items():
        expected -= share * chosen["adjustment"] * priors[head]
        labels = spec.heads[head].labels
        columns = [labels.index(name) for name in EMOTIONS]
        expected += share * found[head][:, columns] / spec.heads[head].temperature
    np.testing.assert_allclose(found["blend"], expected, atol=1e-3)
    again = build("mini_xception", {"ferplus": spec.heads["ferplus"].labels})
    assert load_first_weights(tmp_path / "blended", again, {"ferplus"})["model"] == "blended"
    both, heads = ensemble_of([tmp_path / "blended", members[1]])
    assert heads.keys() == both.output.keys() == {"fer2013", "ferplus"}, "its own blend is chosen"


def answers(truth: np.ndarray, sure: float, right: bool = True) -> np.ndarray:
    """Logits (N, 7) that name the true class, or the next one."""
    return np.asarray(sure * np.eye(7, dtype=np.float32)[(truth + (not right)) % 7])


FLAT = {"a": np.zeros(7), "b": np.zeros(7)}
TRUTH = np.repeat(np.arange(7), 5)


def test_the_best_blend_answers_every_set() -> None:
    right, wrong = answers(TRUTH, 4), answers(TRUTH, 1, right=False)
    sets = [
        EvaluationSet(name="one", truth=TRUTH, logits={"a": right, "b": wrong}),
        EvaluationSet(name="two", truth=TRUTH, logits={"a": wrong, "b": right}),
    ]
    rows = candidate_blends(sets, FLAT)
    chosen = choose_blend(rows)
    assert set(chosen.shares) == {"a", "b"}
    assert chosen.adjustment == 0  # of equals the one without adjustment
    assert chosen.accuracy == chosen.balanced == {"one": 1.0, "two": 1.0}
    assert {row.mean_accuracy() for row in rows if len(row.shares) == 1} == {0.5}
    assert {name: row.accuracy[name] for name, row in leave_one_set_out(rows).items()}.keys() == {
        "one", "two",
    }  # fmt: skip
    assert choose_blend(rows, without={"one"}).accuracy["two"] == 1.0


def test_logit_adjustment_finds_the_rare_class() -> None:
    truth = np.array([3] * 90 + [1] * 10)
    logits = np.zeros((100, 7), np.float32)
    logits[:, 3] = 1.0
    logits[truth == 1, 1] = 0.9  # disgust is nearly as likely as happy
    priors = {"a": np.log(np.array([0.01, 0.02, 0.01, 0.9, 0.02, 0.02, 0.02]))}
    sets = [EvaluationSet(name="one", truth=truth, logits={"a": logits})]
    assert evaluate_blend(sets, priors, {"a": 1.0}, 0.0).balanced == {"one": 0.5}
    found = choose_blend(candidate_blends(sets, priors))
    assert (found.adjustment, found.balanced) == (0.1, {"one": 1.0})


def test_a_choice_loses_at_most_a_point_of_accuracy() -> None:
    truth = np.array([3] * 180 + [1] * 5)
    logits = np.zeros((185, 7), np.float32)
    logits[:, 3] = 1.0
    logits[truth == 1, 1] = 0.9
    logits[:20, 1] = 0.9  # those who seem as disgusted and are happy
    priors = {"a": np.log(np.array([0.01, 0.02, 0.01, 0.9, 0.02, 0.02, 0.02]))}
    rows = candidate_blends([EvaluationSet(name="one", truth=truth, logits={"a": logits})], priors)
    assert max(row.mean_balanced() for row in rows) > 0.9
    assert choose_blend(rows).adjustment == 0


def test_unseen_kinds_are_calibrated_by_each_other() -> None:
    rng = np.random.default_rng(0)
    said = 2 * np.eye(7)[rng.integers(0, 7, 4000)]
    truth = (said + rng.gumbel(size=said.shape)).argmax(axis=1)  # distributed as softmax(said)
    kinds = {"one": ("without_one", 3 * said, truth), "two": ("without_two", 3 * said, truth)}
    found = unseen_domains(kinds)
    assert found["one"].ece < 0.02  # the factor of 3 is found on the other
    assert found["one"].model == "without_one"
    right = said.argmax(axis=1) == truth
    assert found["one"].accuracy == pytest.approx(right.mean(), abs=1e-4)
    for label, recall in found["one"].recall.items():
        ends = found["one"].recall_95[label]
        assert ends is not None
        assert ends[0] < recall < ends[1]
