"""Values and specs: what they promise, and what they refuse."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import emotion
from emotion.errors import ModelError
from emotion.expression.classifier import probabilities, softmax
from emotion.models.spec import HeadSpec, ModelSpec, model_folder, read_checked, read_spec
from emotion.types import EMOTIONS, Detection, Face, check_image

BOX = np.array([10, 20, 40, 60], np.float32)
FERPLUS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")


def test_the_emotions_are_the_contract() -> None:
    assert emotion.EMOTIONS == (
        "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral",
    )  # fmt: skip


def test_a_face_names_its_most_probable_expression() -> None:
    row = np.full(7, 0.1, np.float32)
    row[3] = 0.4
    face = Face(BOX, 0.8, probabilities=row)
    assert face.label == "happy"
    assert face.area == 1200
    assert face.landmarks is None


def test_a_face_needs_seven_probabilities() -> None:
    with pytest.raises(ValueError, match=r"expected probabilities of shape \(7,\), got \(6,\)"):
        Face(BOX, 0.8, probabilities=np.zeros(6, np.float32))


def test_an_empty_box_has_no_area() -> None:
    assert Detection(np.array([5, 5, 5, 2], np.float32), 0.5).area == 0


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)),
     np.zeros((0, 4, 3), np.uint8)],
)  # fmt: skip
def test_other_arrays_are_no_image(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected an RGB image"):
        check_image(image)


@given(hnp.arrays(np.float32, (3, 8), elements=st.floats(-60, 60, width=32)))
def test_probabilities_are_rows_that_sum_to_one(logits: np.ndarray) -> None:
    found = probabilities(logits, HeadSpec(labels=FERPLUS, temperature=1.7))
    assert found.shape == (3, 7)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_probabilities_come_in_our_order_without_contempt() -> None:
    logits = np.zeros((1, 8), np.float32)
    logits[0, FERPLUS.index("sad")] = 5
    logits[0, FERPLUS.index("contempt")] = 50
    found = probabilities(logits, HeadSpec(labels=FERPLUS))[0]
    assert EMOTIONS[int(found.argmax())] == "sad"
    full = softmax(np.delete(logits, 7, axis=1))[0]
    assert found.max() == pytest.approx(full.max())


def test_a_higher_temperature_is_less_sure() -> None:
    logits = np.array([[3, 0, 0, 0, 0, 0, 0]], np.float32)
    softened = probabilities(logits, HeadSpec(labels=EMOTIONS, temperature=2)).max()
    assert softened < probabilities(logits, HeadSpec(labels=EMOTIONS)).max()


def spec() -> ModelSpec:
    heads = {"fer2013": HeadSpec(labels=EMOTIONS, temperature=1.3), "x": HeadSpec(labels=FERPLUS)}
    return ModelSpec(
        name="n", arch="a", input_size=(48, 40), heads=heads, default_head="x",
        checksums={"model.tflite": "0"},
    )  # fmt: skip


def test_a_spec_reads_back_as_it_was_written() -> None:
    assert ModelSpec.from_json(spec().to_json()) == spec()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"format": 2', '"format": 99', "format 99"),
        ('"input_size"', '"other"', "cannot be read"),
        ('"name"', '"task": "face detection", "name"', "finds faces and names no expressions"),
        ("{", "[", "cannot be read"),
        ('"default_head": "x"', '"default_head": "y"', "default_head"),
    ],
)
def test_a_damaged_spec_says_so(old: str, new: str, match: str) -> None:
    with pytest.raises(ModelError, match=match):
        ModelSpec.from_json(spec().to_json().replace(old, new, 1))


def test_a_changed_file_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(spec().to_json())
    (tmp_path / "model.tflite").write_bytes(b"changed")
    with pytest.raises(ModelError, match="damaged"):
        read_checked(tmp_path, "model.tflite", read_spec(tmp_path))
    with pytest.raises(ModelError, match=r"no readable model\.keras"):
        read_checked(tmp_path, "model.keras", read_spec(tmp_path))


def test_models_are_found_by_default_name_and_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spec.json").write_text(spec().to_json())
    (tmp_path / "DEFAULT").write_text("two\n")
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    assert model_folder() == tmp_path / "two"
    assert model_folder("one") == tmp_path / "one"
    assert model_folder(tmp_path / "one") == tmp_path / "one"
    with pytest.raises(ModelError, match=r"no model 'three'; there are: one, two"):
        model_folder("three")


def test_without_models_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="emotion train"):
        model_folder()
