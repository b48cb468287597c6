"""Evaluation: metrics against known values, perturbations of known pictures, complete files."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from emotion.app.evaluation_report import evaluations
from emotion.app.widgets.evaluation_tables import robustness_table_html
from emotion.cli import main
from emotion.detection import load_detector
from emotion.errors import DataError
from emotion.expression.classifier import Classifier
from emotion.models.spec import EVAL_FILE, SERVED_FILE, model_folder, read_spec
from emotion.training.expression.config import TrainingConfig
from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.evaluation import card
from emotion.training.expression.evaluation.evaluate import evaluate, evaluated_split
from emotion.training.expression.evaluation.robustness import CHANGES
from emotion.training.expression.evaluation.through_detector import (
    FACE_SIDE_PX,
    scene,
    through_detector,
)
from emotion.types import EMOTIONS
from tests.training.conftest import drawn_face, write_fer2013


def test_the_page_tells_the_sets_and_what_changes_cost() -> None:
    changes = {"jpeg": {"text": "JPEG <b>", "accuracy": 0.6, "lost": 0.05}, "odd": 3}
    robust = {"by_head": {"blend": {"clean": 0.65, "changes": changes}}}
    protocols = {"labels": {"head": "rafdb", "accuracy": 0.8}, "labels_default_head": {
        "head": "blend", "accuracy": 0.82}}  # fmt: skip
    found: dict[str, Any] = {
        "set": "fer2013", "split": "PrivateTest", "robustness": robust,
        "protocols": {"labels": {"head": "fer2013", "accuracy": 0.7}},
        "sets": {"rafdb": {"set": "rafdb", "split": "PublicTest", "protocols": protocols}, "x": 1},
    }  # fmt: skip
    assert list(evaluations(found)) == [
        "FER2013 labels",
        "RAF-DB labels (validation split)",
        "RAF-DB labels, this app (validation split)",
    ]
    html = robustness_table_html(found, "blend")
    assert "<th>JPEG &lt;b&gt;</th><td>-5.0</td>" in html
    assert "FER2013 labels" in html
    nothing: tuple[Any, ...] = ({}, {"robustness": 3}, {"robustness": {"by_head": []}}, None)
    for broken in nothing:
        assert robustness_table_html(broken, "blend") == ""


@pytest.fixture(scope="module")
def real_face() -> np.ndarray:
    """A grey 48 x 48 cut of a photograph, as FER2013 frames faces."""
    from skimage.data import astronaut

    from emotion.expression.crop import crop_face, to_input
    from emotion.models.spec import CropRule

    photo = astronaut()
    face = load_detector().detect(photo)[0]
    return to_input(crop_face(photo, face, CropRule(), (48, 48)), (48, 48))


def test_through_the_detector_a_missed_face_counts_as_wrong(real_face: np.ndarray) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    images = np.stack([real_face, noise, real_face[:, ::-1], noise])
    truth = np.full(4, EMOTIONS.index("happy"))
    classifier = Classifier(model_folder())
    head = classifier.spec.default_head
    found = through_detector(classifier, images, truth, [head], sample=10)
    assert scene(real_face).shape[0] > FACE_SIDE_PX
    assert (found["n"], found["found"]) == (4, 0.5)
    assert found["by_head"][head]["found"] == 1.0
    assert found["by_head"][head]["missed_wrong"] == 0.5
    some = through_detector(classifier, images[1::2], truth[1::2], [head], sample=1)
    assert (some["n"], some["found"]) == (1, 0)
    assert some["by_head"][head]["found"] is None


def faces_of(split: str, head: str = "other") -> LabelledFaces:
    return LabelledFaces(
        images=np.zeros((2, 48, 48), np.uint8), labels=np.zeros(2, np.int64),
        split=np.array([split] * 2), votes=None, head=head, source="a set", digest="0",
    )  # fmt: skip


def test_a_set_without_the_split_is_judged_on_its_validation_part() -> None:
    assert evaluated_split(faces_of("PrivateTest"), "PrivateTest") == ("PrivateTest", None)
    split, note = evaluated_split(faces_of("PublicTest"), "PrivateTest")
    assert split == "PublicTest"
    assert note is not None
    assert "no PrivateTest" in note
    with pytest.raises(DataError, match="neither in PrivateTest nor"):
        evaluated_split(faces_of("Training"), "PrivateTest")


def test_two_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="different names"):
        evaluate(
            None, faces_of("PrivateTest"), "PrivateTest", tmp_path,
            also=[faces_of("PublicTest")], command="",
        )  # fmt: skip


def copied_model(folder: Path) -> Path:
    """The default model's files in ``folder``, with the record of a small run."""
    folder.mkdir(parents=True)
    for name in ("model.keras", SERVED_FILE):
        shutil.copyfile(model_folder() / name, folder / name)
    spec = asdict(read_spec(model_folder()))
    spec["name"] = folder.name
    (folder / "spec.json").write_text(json.dumps(spec))
    record = {
        "config": asdict(TrainingConfig(epochs=3)),
        "data": {"source": "fer2013", "sha256": {"fer2013": "ab" * 32}},
        "git_revision": "abc", "versions": {"python": "3"},
        "blend": {"shares": {"a": 0.75, "b": 0.25}, "adjustment": 0.3, "accuracy": {}},
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the default model, evaluated by the command line into its own folder."""
    place = tmp_path_factory.mktemp("evaluated")
    data, votes = write_fer2013(place, 112)
    rng = np.random.default_rng(1)
    for label, name in enumerate(EMOTIONS):
        folder = place / "other" / "train" / name
        folder.mkdir(parents=True)
        for i in range(8):
            cv2.imwrite(str(folder / f"{i}.png"), drawn_face(label, rng))
    folder = copied_model(place / "one")
    code = main([
        "evaluate", "--model", str(folder), "--data", str(data), "--ferplus", str(votes),
        "--also", f"other={place / 'other'}", "--out", str(folder), "--sample", "3",
        "--sheets", str(place / "sheets"),
    ])  # fmt: skip
    assert code == 0
    return folder


@pytest.fixture
def figures(model: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((model / EVAL_FILE).read_text())
    return found


def test_every_set_is_judged_by_every_head(model: Path, figures: dict[str, Any]) -> None:
    spec = read_spec(model)
    other = figures["sets"]["other"]
    assert set(other["by_head"]) == set(figures["by_head"]) == set(spec.heads)
    assert other["head"] == spec.default_head  # the model has no head of that name
    assert other["accuracy"] == other["by_head"][spec.default_head]["accuracy"]
    assert (other["split"], figures["split"]) == ("PublicTest", "PrivateTest")
    assert "validation split" in other["note"]
    assert figures["note"] is None
    for section in (figures, other):
        assert section["protocols"]["labels"]["n"] == section["n"]
        low, high = section["accuracy_95"]
        assert low <= section["accuracy"] <= high
        assert set(section["robustness"]["by_head"]) == {section["head"], spec.default_head}
        for found in section["robustness"]["by_head"].values():
            assert set(found["changes"]) == set(CHANGES)
            for change in found["changes"].values():
                assert found["clean"] - change["accuracy"] == pytest.approx(
                    change["lost"], abs=2e-4
                )
        assert section["through_detector"]["n"] == 3
    crowd = figures["protocols"]["ferplus_default_head"]
    assert crowd["head"] == spec.default_head
    assert crowd["labels"] == list(EMOTIONS)
    assert sum(c["support"] for c in crowd["per_class"].values()) == figures["n"] == 14


def test_all_files_are_written_and_no_face_into_the_models_folder(
    model: Path, figures: dict[str, Any]
) -> None:
    drawn = ["labels", "other_labels"]
    drawn += ["ferplus_majority"] if "ferplus_majority" in figures["protocols"] else []
    for name in drawn:
        for kind in ("confusion", "reliability", "curves"):
            assert (model / f"{kind}_{name}.png").stat().st_size > 5000
        assert (model.parent / "sheets" / f"mistakes_{name}.png").stat().st_size > 5000
    assert (model / "robustness.png").stat().st_size > 5000
    assert not list(model.glob("mistakes*"))
    text = (model / "report.txt").read_text()
    for name in figures["protocols"]:
        assert f"fer2013+ferplus, PrivateTest, {name}, head" in text
    assert "other, PublicTest, labels" in text
    assert "weighted avg" in text


def test_the_command_names_the_data_without_its_place(model: Path, figures: dict[str, Any]) -> None:
    words = figures["command"].split()
    assert words[words.index("--also") + 1] == "other=other"
    assert words[words.index("--data") + 1] == "fer2013.csv"
    assert words[words.index("--sample") + 1] == "3"


def test_the_card_is_made_of_the_files(model: Path, figures: dict[str, Any]) -> None:
    text = (model / "README.md").read_text()
    assert figures["command"] in text
    assert figures["sets"]["other"]["note"] in text
    assert figures["robustness"]["note"] in text
    assert figures["through_detector"]["scene"] in text
    for change in CHANGES.values():
        assert f"| {change.text} |" in text
    assert "fer2013 `abababababababab`" in text
    assert "75% a, 25% b" in text
    for name in ("confusion_labels.png", "robustness.png"):
        assert f"]({name})" in text
    assert len(text.splitlines()) < 140


def test_figures_of_other_weights_leave_the_card(model: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(model, changed)
    spec = json.loads((changed / "spec.json").read_text())
    spec["checksums"][SERVED_FILE] = "0" * 64
    (changed / "spec.json").write_text(json.dumps(spec))
    card.write(changed)
    assert "## Figures" not in (changed / "README.md").read_text()


def test_a_quick_evaluation_leaves_the_slow_parts_out(model: Path, tmp_path: Path) -> None:
    data = model.parent / "fer2013.csv"
    code = main([
        "evaluate", "--model", str(model), "--data", str(data), "--out", str(tmp_path), "--quick",
    ])  # fmt: skip
    assert code == 0
    found = json.loads((tmp_path / EVAL_FILE).read_text())
    assert "robustness" not in found
    assert "through_detector" not in found
    assert found["command"].endswith("--quick")
    assert (tmp_path / "mistakes_labels.png").is_file()
    assert not (tmp_path / "robustness.png").exists()


@pytest.fixture
def second(model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "two"
    shutil.copytree(model, folder)
    spec = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps(spec | {"name": "two"}))
    return folder


def test_models_stand_side_by_side(
    model: Path, second: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "compared"
    code = main(["compare", str(model), str(second), "--out", str(out), "--repeats", "3"])
    assert code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["one", "two"]
    figures = json.loads((model / EVAL_FILE).read_text())
    assert lines[1].split() == ["fer2013", "accuracy", *[f"{figures['accuracy']:.1%}"] * 2]
    text = "\n".join(lines)
    for name in ("macro F1", "other as on the page", "most lost by a change", "parameters", "ms"):
        assert name in text
    assert (out / "compare.csv").read_text().startswith("figure,one,two")
    assert "| parameters |" in (out / "compare.md").read_text()
    assert (out / "compare.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("keys", "value", "match"),
    [
        (["served_sha256"], "0", "was changed since it was evaluated"),
        (["default_head"], "0", "was changed since it was evaluated"),
        (["data", "sha256"], "0", "different data"),
        (["sets", "other", "data", "sha256"], "0", "different data"),
        ([], None, "run `emotion evaluate` on it first"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(
    model: Path, second: Path, capsys: pytest.CaptureFixture[str],
    keys: list[str], value: str | None, match: str,
) -> None:  # fmt: skip
    path = second / EVAL_FILE
    if value is None:
        path.unlink()
    else:
        found = json.loads(path.read_text())
        place = found
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        path.write_text(json.dumps(found))
    assert main(["compare", str(model), str(second)]) == 1
    error = capsys.readouterr().err
    assert match in error
    assert "Traceback" not in error
