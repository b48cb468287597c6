"""A model's folder is replaced as a whole or not at all; wrong heads are reported early."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from emotion.cli import main
from emotion.errors import ModelError
from emotion.expression.classifier import Classifier
from emotion.models.spec import KERAS_FILE, SERVED_FILE, SPEC_FILE, read_spec
from emotion.training.common.publish import staged
from emotion.training.expression import export, trainer
from emotion.training.expression.architectures import build
from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.targets import heads_of, targets_of_sets
from emotion.types import EMOTIONS
from tests.training.conftest import write_fer2013

HEADS = {"mine": EMOTIONS}


def small_model(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build("mini_xception", HEADS, input_size=(48, 48))


def faces(head: str = "mine", votes: np.ndarray | None = None) -> LabelledFaces:
    images = np.random.default_rng(0).integers(0, 256, (14, 48, 48), np.uint8)
    return LabelledFaces(
        images=images, labels=np.arange(14) % 7, split=np.full(14, "PublicTest"), votes=votes,
        head=head, source="drawn", digest="0",
    )  # fmt: skip


def exported(folder: Path, seed: int, **more: Any) -> None:
    export.export_keras(
        small_model(seed), folder, arch="mini_xception", heads=HEADS, validation=[faces()], **more
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model ``m``, and a note beside its files."""
    place = tmp_path_factory.mktemp("place")
    (place / "m").mkdir()
    (place / "m" / "note.txt").write_text("mine")
    exported(place / "m", seed=0)
    return place


def test_an_export_leaves_the_model_and_nothing_else(place: Path) -> None:
    expected = {f"m/{name}" for name in (KERAS_FILE, SERVED_FILE, SPEC_FILE, "note.txt")}
    assert set(contents(place)) == expected
    assert [path.name for path in place.iterdir()] == ["m"]
    assert read_spec(place / "m").name == "m"
    assert Classifier(place / "m").logits([])["mine"].shape == (0, 7)


@pytest.mark.parametrize(
    ("name", "cause", "error"),
    [
        ("m", "unequal", ModelError),
        ("m", "no temperature", RuntimeError),
        ("new", "no such head", ValueError),
    ],
)
def test_a_model_that_is_refused_changes_nothing(
    place: Path, name: str, cause: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_temperature(*_: Any) -> float:
        raise RuntimeError

    before = contents(place)
    if cause == "unequal":
        monkeypatch.setattr(export, "LOGIT_TOLERANCE", -1.0)
    elif cause == "no temperature":
        monkeypatch.setattr(export, "fit_temperature", no_temperature)
    head = "typo" if cause == "no such head" else None
    with pytest.raises(error):
        exported(place / name, seed=1, default_head=head)
    assert contents(place) == before
    assert [path.name for path in place.iterdir()] == ["m"]


def test_a_link_to_a_models_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "m").symlink_to(tmp_path / "elsewhere")
    with staged(tmp_path / "m") as stage:
        assert stage.parent == tmp_path
        (stage / SPEC_FILE).write_text("{}")
    assert (tmp_path / "m").is_symlink()
    assert contents(tmp_path / "elsewhere") == {SPEC_FILE: b"{}"}


def test_the_spec_is_moved_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    replace = Path.replace

    def noted(self: Path, target: Path) -> Path:
        moved.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    with staged(tmp_path / "m") as stage:
        for name in (SPEC_FILE, "a", "z"):
            (stage / name).write_text("")
    assert moved == ["a", "z", SPEC_FILE]


def test_the_heads_are_known_before_the_training() -> None:
    votes = np.zeros((14, 10), np.int64)
    for sets in ([faces()], [faces("a"), faces("b", votes)], [faces("a", votes), faces("b")]):
        targets = targets_of_sets(sets)
        assert heads_of(sets) == {head: t.labels for head, t in targets.items()}
        assert list(heads_of(sets)) == list(targets)


def test_an_unknown_default_head_is_wrong_usage_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, votes = write_fer2013(tmp_path, 112)
    given = ["--data", str(data), "--ferplus", str(votes), "--default-head", "typo"]
    monkeypatch.setattr(trainer, "Trainer", None)  # none may be made
    with pytest.raises(SystemExit) as caught:
        main(["train", *given, "--out", str(tmp_path / "m"), "--batch-size", "16"])
    assert caught.value.code == 2
    expected = "--default-head expects one of fer2013, ferplus, got 'typo'"
    assert expected in capsys.readouterr().err


def test_an_unknown_default_head_of_an_ensemble_is_wrong_usage(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    members = [str(place / "m"), str(place / "m")]
    given = ["--data", "x.csv", "--default-head", "typo", "--out", str(tmp_path / "both")]
    with pytest.raises(SystemExit) as caught:
        main(["ensemble", *members, *given])
    assert caught.value.code == 2
    assert "--default-head expects one of mine, got 'typo'" in capsys.readouterr().err
    assert not (tmp_path / "both").exists()
