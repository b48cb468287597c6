"""Colour models: face format, augmentation, and pretrained weights of a published network."""

import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.cli import main
from emotion.errors import DataError, ModelError
from emotion.expression.classifier import Classifier
from emotion.models.spec import SERVED_FILE, read_spec, sha256_of
from emotion.samples import SAMPLES
from emotion.training.common.keras_models import load_keras, predict
from emotion.training.expression.architectures import WEBCAM, build
from emotion.training.expression.augmentation import (
    OFF,
    Augmentation,
    augment,
    color_cast,
    side_lighting,
)
from emotion.training.expression.batches import ClassBalancedSampler, epoch_batches
from emotion.training.expression.data import read_faces
from emotion.training.expression.data.faces import FaceFormat, training_split
from emotion.training.expression.data.grouping import GroupRule, groups_of
from emotion.training.expression.data.identity import identity_groups
from emotion.training.expression.data.reading import SetOptions
from emotion.training.expression.export import FLOAT16_TOLERANCE
from emotion.training.expression.pretrained import load_graph_weights
from emotion.training.expression.targets import make_targets
from emotion.types import EMOTIONS
from tests.training.conftest import drawn_face, write_fer2013, write_pictures

COLOUR = FaceFormat(size=(40, 32), channels=3)
HEADS = {"fer2013": EMOTIONS}
RGB = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)


def test_a_format_brings_any_face_to_its_size_and_channels() -> None:
    gray = RGB[None, ..., 0]
    assert COLOUR.convert(gray).shape == (1, 40, 32, 3)
    assert (COLOUR.convert(gray)[..., 0] == COLOUR.convert(gray)[..., 2]).all()
    assert FaceFormat().convert(RGB[None]).shape == (1, 48, 48)
    np.testing.assert_array_equal(FaceFormat().convert(gray), gray)
    assert COLOUR.convert(np.empty((0, 48, 48), np.uint8)).shape == (0, 40, 32, 3)


def test_a_picture_is_known_again_in_any_format(tmp_path: Path) -> None:
    """What a grey model holds out, a colour model must hold out too."""
    data, _ = write_fer2013(tmp_path, 70)
    fer = read_faces(data)
    held_out = fer.subset("PrivateTest").images[0]
    write_pictures(tmp_path / "mine", 3)
    cv2.imwrite(str(tmp_path / "mine" / "train" / "happy" / "copy.png"), held_out)
    for form in (FaceFormat(), COLOUR):
        mine = read_faces(f"mine={tmp_path / 'mine'}", form=form)
        assert len(mine.subset("Training")) == 22
        assert len(training_split(mine, among=[fer, mine])) == 21


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([(48, 48), (33, 20)]), st.booleans())
def test_webcam_augmentation_keeps_the_form(seed: int, size: tuple[int, int], gray: bool) -> None:
    face = RGB[..., 0] if gray else RGB
    before = face.copy()
    out = augment(face, size, WEBCAM, np.random.default_rng(seed))
    assert out.dtype == np.uint8
    assert out.shape == size + (() if gray else (3,))
    np.testing.assert_array_equal(face, before)


def test_colour_changes_do_what_their_names_say() -> None:
    rng = np.random.default_rng(0)
    lost = augment(RGB, (48, 48), Augmentation(**{**vars(OFF), "gray": 1.0}), rng)
    assert (lost[..., 0] == lost[..., 1]).all()
    redder = color_cast(np.full((2, 2, 3), 100, np.uint8), np.array([0.5, 0.0, -0.5]))
    assert redder[0, 0].tolist() == [150, 100, 50]
    lit = side_lighting(np.full((9, 9), 200, np.uint8), 0.5, direction=0.0)
    assert lit[4].tolist() == sorted(lit[4].tolist(), reverse=True)
    assert (lit[4, 0], lit[4, -1]) == (200, 100)
    noise = Augmentation(**{**vars(OFF), "noise": 1.0, "noise_sigma": (20.0, 20.0)})
    changed = augment(np.full((64, 64, 3), 128, np.uint8), (64, 64), noise, rng)
    assert 15 < changed.std() < 25
    assert (changed[..., 0] == changed[..., 2]).all()


def test_rare_classes_are_drawn_more_often() -> None:
    labels = np.repeat([0, 1, 2], [1600, 100, 4])
    rng = np.random.default_rng(0)
    plain = ClassBalancedSampler(labels=labels, num_samples=len(labels))
    assert sorted(plain.sample(rng)) == list(range(len(labels)))
    found = Counter(
        labels[
            ClassBalancedSampler(labels=labels, num_samples=520, balance=0.5).sample(rng)
        ].tolist()
    )
    assert found == {0: 400, 1: 100, 2: 20}  # as 40, 10 and 2, the roots
    rows = ClassBalancedSampler(labels=labels, num_samples=300, balance=1.0).sample(rng)
    counts = Counter(rows.tolist())
    assert {counts[row] for row in range(1700, 1704)} == {25}
    assert {counts[row] for row in range(1600, 1700)} == {1}


def test_batches_of_a_colour_model_mix_grey_and_colour(tmp_path: Path) -> None:
    faces = read_faces(write_fer2013(tmp_path, 16)[0])
    pictures = [*faces.images[:8], *([RGB] * 8)]
    batch = next(
        epoch_batches(
            pictures, make_targets(faces), OFF, batch_size=16, size=(40, 40), channels=3, seed=0,
            epoch=0,
        )
    )  # fmt: skip
    assert batch.images.shape == (16, 40, 40, 3)
    flat = (batch.images[..., 0] == batch.images[..., 2]).all(axis=(1, 2))
    assert flat.sum() == 8


def test_photos_are_cropped_by_the_detector(tmp_path: Path) -> None:
    for part in ("train", "val"):
        folder = tmp_path / "wild" / part / "happy"
        folder.mkdir(parents=True)
        for sample in SAMPLES[:1]:
            (folder / "face.jpg").write_bytes(sample.read())
        cv2.imwrite(str(folder / "wall.png"), np.full((200, 200, 3), 90, np.uint8))
    plain = read_faces(f"wild={tmp_path / 'wild'}", form=COLOUR)
    cut = read_faces(
        f"wild={tmp_path / 'wild'}", form=COLOUR, options={"wild": SetOptions(uncropped=True)}
    )
    assert (len(plain), len(cut)) == (4, 2)
    assert [p.sentence for p in cut.problems] == [
        "train/happy/wall.png: No face was found in it.",
        "val/happy/wall.png: No face was found in it.",
    ]
    assert not np.array_equal(plain.images[0], cut.images[0])


def test_an_archive_may_have_a_folder_around_everything(tmp_path: Path) -> None:
    write_pictures(tmp_path / "outer" / "set", 2)
    faces = read_faces(f"mine={tmp_path / 'outer'}")
    assert len(faces.subset("Training")) == 14
    assert not faces.problems


def test_groups_come_from_a_pattern_or_a_table(tmp_path: Path) -> None:
    paths = [("happy", "ann-1.png"), ("sad", "ann-2.png"), ("sad", "bob.png")]
    assert groups_of(paths, GroupRule.parse(r"/(\w+)-\d")).tolist() == ["ann", "ann", "row 2"]
    table = tmp_path / "groups.csv"
    table.write_text("picture,group\nhappy/ann-1.png,x\nsad/bob.png,x\n")
    assert groups_of(paths, GroupRule.parse(str(table))).tolist() == ["x", "row 1", "x"]
    for wrong in ("(", "no brackets", "(a)(b)", str(tmp_path / "missing.csv")):
        with pytest.raises(DataError):
            GroupRule.parse(wrong)
    table.write_text("file,group\na,b\n")
    with pytest.raises(DataError, match="columns picture and group"):
        GroupRule.parse(str(table))


def write_graph(folder: Path, seed: int = 0) -> tuple[Path, dict[str, np.ndarray]]:
    """A MobileNet as published: a TensorFlow.js graph of small random weights, BatchNorm folded."""
    rng = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {"global_pooling/axes": np.array([1, 2], np.int32)}
    for layer in build("mobilenet_v1", HEADS).layers:
        shape = getattr(getattr(layer, "kernel", None), "shape", None)
        if shape is None or layer.name in HEADS:
            continue
        count = shape[2] if layer.name.startswith("conv_dw") else shape[3]
        spread = 1 / np.sqrt(np.prod(shape[:2]) * (1 if "dw" in layer.name else shape[2]))
        kernel = rng.normal(0, spread, shape)
        if layer.name.startswith("conv_dw"):
            weights[f"{layer.name}/depthwise_kernel"] = kernel
            weights[f"{layer.name}_bn/batchnorm_1/mul"] = rng.uniform(0.5, 2, count)
        else:
            weights[f"{layer.name}/convolution/merged_input"] = kernel
        weights[f"{layer.name}_bn/batchnorm_1/sub"] = rng.uniform(0, 1, count)
    entries, data = [], b""
    for name, values in weights.items():
        kind = "int32" if values.dtype == np.int32 else "float32"
        entries.append({"name": name, "shape": list(values.shape), "dtype": kind})
        data += values.astype("<i4" if kind == "int32" else "<f4").tobytes()
    (folder / "net.bin").write_bytes(data)
    manifest = [{"paths": ["net.bin"], "weights": entries}]
    (folder / "net.json").write_text(json.dumps({"weightsManifest": manifest}))
    return folder / "net.json", weights


def as_published(weights: dict[str, np.ndarray], faces: np.ndarray) -> np.ndarray:
    """The features of a folded graph, by plain convolutions with a bias: float32 (N, 1024)."""
    import tensorflow as tf

    x = tf.constant(faces.astype(np.float32) - np.array([123.68, 116.779, 103.939], np.float32))
    strides = {"conv1": 2, **{f"conv_dw_{n}": 2 for n in (2, 4, 6, 12)}}
    for name in ["conv1", *(f"conv_{k}_{n}" for n in range(1, 14) for k in ("dw", "pw"))]:
        step = [1, strides.get(name, 1), strides.get(name, 1), 1]
        if name.startswith("conv_dw"):
            kernel = weights[f"{name}/depthwise_kernel"].astype(np.float32)
            x = tf.nn.depthwise_conv2d(x, kernel, step, "SAME")
            x *= weights[f"{name}_bn/batchnorm_1/mul"].astype(np.float32)
        else:
            kernel = weights[f"{name}/convolution/merged_input"].astype(np.float32)
            x = tf.nn.conv2d(x, kernel, step, "SAME")
        x = tf.nn.relu6(x + weights[f"{name}_bn/batchnorm_1/sub"].astype(np.float32))
    return np.asarray(tf.reduce_mean(x, axis=[1, 2]))


def test_a_published_network_is_the_same_with_its_normalization_back(tmp_path: Path) -> None:
    import keras

    path, weights = write_graph(tmp_path)
    model = build("mobilenet_v1", HEADS)
    faces = np.random.default_rng(1).integers(0, 256, (24, 64, 64, 3), np.uint8)
    origin = load_graph_weights(model, path, lambda count: faces)
    assert origin["sha256"] == sha256_of(tmp_path / "net.bin")
    pooled = next(x for x in model.layers if isinstance(x, keras.layers.GlobalAveragePooling2D))
    features = keras.Model(model.input, pooled.output)
    expected = as_published(weights, faces)
    np.testing.assert_allclose(features.predict_on_batch(faces), expected, atol=2e-4)
    # Over the same faces it is the identity in training too, where it takes their statistics.
    np.testing.assert_allclose(features(faces, training=True), expected, atol=2e-3)


@pytest.mark.parametrize("damage", ["binary", "name", "shape", "json"])
def test_a_damaged_graph_is_refused_with_a_sentence(tmp_path: Path, damage: str) -> None:
    path, _ = write_graph(tmp_path)
    if damage == "binary":
        (tmp_path / "net.bin").write_bytes(b"short")
    elif damage == "name":
        path.write_text(path.read_text().replace("conv_pw_5/", "conv_xx_5/"))
    elif damage == "shape":
        path.write_text(path.read_text().replace("[1, 1, 32, 64]", "[1, 1, 64, 32]"))
    else:
        path.write_text("{}")
    with pytest.raises(ModelError):
        load_graph_weights(
            build("mobilenet_v1", HEADS), path, lambda n: np.zeros((n, 32, 32, 3), np.uint8)
        )


def test_pictures_of_one_person_are_one_group(tmp_path: Path) -> None:
    path, _ = write_graph(tmp_path)
    rng = np.random.default_rng(0)
    persons = [drawn_face(label, rng) for label in (0, 3, 6)]
    same = np.clip(persons[1] + rng.normal(0, 2, (48, 48)), 0, 255).astype(np.uint8)
    groups = identity_groups(np.stack([*persons, same]), path)
    assert groups[1] == groups[3]
    assert len(set(groups)) == 3
    assert len(identity_groups(np.stack(persons[:1]), path)) == 1


def test_a_colour_model_is_trained_from_a_published_network_and_served(tmp_path: Path) -> None:
    graph, _ = write_graph(tmp_path)
    data, _ = write_fer2013(tmp_path, 140)
    write_pictures(tmp_path / "mine", 6)
    settings_file = tmp_path / "small.toml"
    settings_file.write_text("input_size = [32, 32]\nstages = [[1.0, 32]]\n[shares]\nmine = 2.0\n")
    code = main([
        "train", "--arch", "mobilenet_v1", "--start-from", str(graph), "--data", str(data),
        "--also", f"mine:fer2013={tmp_path / 'mine'}", "--config", str(settings_file),
        "--epochs", "1", "--batch-size", "16", "--runs", str(tmp_path / "runs"),
        "--out", str(tmp_path / "colour"),
    ])  # fmt: skip
    assert code == 0
    spec = read_spec(tmp_path / "colour")
    assert (spec.channels, spec.input_size, list(spec.heads)) == (3, (32, 32), ["fer2013"])
    faces = np.random.default_rng(2).integers(0, 256, (5, 50, 60, 3), np.uint8)
    form = FaceFormat(size=(32, 32), channels=3)
    expected = predict(load_keras(tmp_path / "colour"), form.convert(faces))["fer2013"]
    classifier = Classifier(tmp_path / "colour")
    # More than two million weights are served in float16.
    np.testing.assert_allclose(
        classifier.logits(list(faces))["fer2013"],
        expected,
        atol=FLOAT16_TOLERANCE,
        rtol=FLOAT16_TOLERANCE,
    )
    assert 6e6 < (tmp_path / "colour" / SERVED_FILE).stat().st_size < 7e6
    gray = classifier.classify([faces[0, :, :, 0]])  # a grey crop is served as it is
    np.testing.assert_allclose(gray.sum(), 1, atol=1e-5)
    record = json.loads((tmp_path / "colour" / "run.json").read_text())
    assert record["start_from"]["model"] == "net.json"
    assert "an RGB uint8 face, 32 x 32" in (tmp_path / "colour" / "README.md").read_text()
    # Going on from it takes its architecture, and an ensemble with a grey model takes colour.
    grey = ["--data", str(data), "--epochs", "1", "--batch-size", "32"]
    assert main([
        "train", *grey, "--arch", "mini_xception", "--runs", str(tmp_path / "runs"),
        "--out", str(tmp_path / "grey"),
    ]) == 0  # fmt: skip
    assert main([
        "ensemble", str(tmp_path / "colour"), str(tmp_path / "grey"), "--data", str(data),
        "--out", str(tmp_path / "both"),
    ]) == 0  # fmt: skip
    both = read_spec(tmp_path / "both")
    assert (both.channels, both.input_size) == (3, (48, 48))
    sample = np.random.default_rng(3).integers(0, 256, (4, 48, 48, 3), np.uint8)
    each = [Classifier(tmp_path / name) for name in ("colour", "grey")]
    mean = np.mean(
        [c.logits(list(sample))["fer2013"] / c.spec.heads["fer2013"].temperature for c in each],
        axis=0,
    )
    found = Classifier(tmp_path / "both").logits(list(sample))["fer2013"]
    np.testing.assert_allclose(found, mean, atol=0.05 * np.abs(mean).max())


def test_training_goes_on_in_the_architecture_it_starts_from(tmp_path: Path) -> None:
    data, _ = write_fer2013(tmp_path, 140)
    common = ["--data", str(data), "--batch-size", "32", "--runs", str(tmp_path / "runs")]
    first, second = tmp_path / "first", tmp_path / "second"
    arch = ["--arch", "mini_xception", "--epochs", "1"]
    assert main(["train", *common, *arch, "--out", str(first)]) == 0
    again = ["--start-from", str(first), "--epochs", "1", "--out", str(second)]
    assert main(["train", *common, *again]) == 0
    assert read_spec(second).arch == "mini_xception"
