"""Every architecture builds and trains, and its compiled form equals Keras."""

import itertools
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from emotion.models.litert import CompiledModel
from emotion.training.common.layers import FusedBatchNormalization
from emotion.training.expression.architectures import ARCHITECTURES, build, settings_of
from emotion.training.expression.config import TrainingConfig
from emotion.training.expression.optimizer import WarmupStableDecay, optimizer_of

HEADS = {"fer2013": tuple("abcdefg"), "ferplus": tuple("abcdefgh")}


def faces(arch: str, count: int = 6) -> np.ndarray:
    size = ARCHITECTURES[arch].input_size
    return np.random.default_rng(0).integers(0, 256, (count, *size, 1), np.uint8)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_compiled_form_answers_as_keras(arch: str, tmp_path: Path) -> None:
    model = build(arch, HEADS, input_size=ARCHITECTURES[arch].input_size)
    for layer in model.layers:  # statistics and gains that are not their neutral first values
        if isinstance(layer, layers.BatchNormalization):
            rng = np.random.default_rng(len(layer.name))
            size = layer.gamma.shape
            layer.set_weights([rng.uniform(0.5, 1.5, size) for _ in range(4)])
    model.export(tmp_path / "m.tflite", format="litert", verbose=False)
    served = CompiledModel((tmp_path / "m.tflite").read_bytes())(faces(arch))
    expected = model.predict_on_batch(faces(arch))
    for head, labels in HEADS.items():
        assert expected[head].shape == (6, len(labels))
        np.testing.assert_allclose(served[head], expected[head], atol=1e-3)


@pytest.mark.parametrize("arch", [a for a in ARCHITECTURES if a != "mobilenet_v2"])
def test_it_learns_two_kinds_of_faces(arch: str) -> None:
    keras.utils.set_random_seed(1)
    model = build(arch, {"h": ("dark", "bright")}, training=True)
    height, width = ARCHITECTURES[arch].input_size
    rng = np.random.default_rng(2)
    x = rng.integers(0, 100, (16, height, width, 1), np.uint8)
    x[8:] += 120
    y = {"h": np.repeat(np.eye(2, dtype=np.float32), 8, axis=0)}
    model.compile(
        keras.optimizers.Adam(1e-3), {"h": keras.losses.CategoricalCrossentropy(from_logits=True)}
    )
    first = model.train_on_batch(x, y, return_dict=True)["loss"]
    for _ in range(12):
        model.reset_metrics()
        last = model.train_on_batch(x, y, return_dict=True)["loss"]
    assert last < 0.5 * first


def test_custom_cnn_is_the_network_that_was_asked_for() -> None:
    model = build("custom_cnn", {"h": tuple("abcdefg")})
    kinds = [type(layer) for layer in model.layers]
    assert model.input_shape == (None, 28, 28, 1)
    assert kinds.count(layers.MaxPooling2D) == 4
    assert kinds.count(layers.Dense) == 3
    convolutions = kinds.count(layers.Conv2D)
    assert kinds.count(layers.BatchNormalization) == convolutions + 2
    assert kinds.count(layers.Dropout) == 4 + 2
    config = TrainingConfig(arch="custom_cnn", **settings_of("custom_cnn"))
    optimizer = optimizer_of(config, steps_per_epoch=10)
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert config.side(0) == 28
    assert float(optimizer._learning_rate(150)) == pytest.approx(1e-4)


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(ValueError, match="expected arch to be one of se_resnet, "):
        build("vgg", HEADS)


def test_a_frozen_normalisation_keeps_its_statistics() -> None:
    layer = FusedBatchNormalization()
    x = np.random.default_rng(0).normal(3, 2, (4, 5, 5, 2)).astype(np.float32)
    layer(x, training=True)
    layer.trainable = False
    before = layer.moving_mean.numpy()
    layer(x, training=True)
    np.testing.assert_array_equal(layer.moving_mean, before)


def test_the_learning_rate_rises_stays_and_falls() -> None:
    rate = WarmupStableDecay(0.1, warmup=10, decay_from=60, steps=100)
    values = [float(rate(step)) for step in range(101)]
    assert values[0] == pytest.approx(0.01)
    assert values[10:61] == pytest.approx([0.1] * 51)
    assert values[70] == pytest.approx(0.05)  # 1 - sqrt(1/4)
    assert values[100] == 0
    assert all(a > b for a, b in itertools.pairwise(values[60:]))
