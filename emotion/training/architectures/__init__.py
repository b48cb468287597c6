"""Network architectures, built in Keras from scratch.

Each takes grey uint8 faces (N, H, W, 1); scaling to [-1, 1] is the first layer, so that training
and serving cannot drift. Each returns a dict of logits, head -> float32 (N, C).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

from emotion.training.architectures.applications import application
from emotion.training.architectures.blocks import Architecture
from emotion.training.architectures.custom_cnn import custom_cnn
from emotion.training.architectures.mini_xception import mini_xception
from emotion.training.architectures.region_attention import region_attention
from emotion.training.architectures.se_resnet import se_resnet
from emotion.training.layers import FusedBatchNormalization

ARCHITECTURES: dict[str, Architecture] = {
    "se_resnet": Architecture(se_resnet((48, 96, 160), (2, 2, 2), dropout=0.3)),
    "se_resnet_slim": Architecture(
        se_resnet((48, 96, 160), (2, 2, 2), inner=(16, 48, 96), dropout=0.3)
    ),
    "se_resnet_small": Architecture(se_resnet((32, 64, 128), (2, 2, 2), dropout=0.3)),
    "mini_xception": Architecture(mini_xception),
    "region_attention": Architecture(region_attention),
    "custom_cnn": Architecture(
        custom_cnn,
        input_size=(28, 28),
        any_size=False,
        settings={"optimizer": "adam", "learning_rate": 1e-4, "decay_from": 1.0},
    ),
    "mobilenet_v2": Architecture(application("MobileNetV2"), input_size=(96, 96), any_size=False),
}
"""Name -> what maps scaled inputs (N, H, W, 1) to features (N, C)."""


def settings_of(arch: str) -> dict[str, Any]:
    """The values of ``TrainingConfig`` that the named architecture wants."""
    architecture = ARCHITECTURES[arch]
    side = architecture.input_size[0]
    sizes = {} if architecture.any_size else {"stages": ((1.0, side),)}
    return {"input_size": architecture.input_size, **sizes, **architecture.settings}


def build(
    arch: str,
    heads: Mapping[str, Sequence[str]],
    *,
    input_size: tuple[int, int] | None = None,
    training: bool = False,
) -> keras.Model:
    """A new network of the named architecture.

    heads: head -> its labels. input_size: (height, width); None takes any where the architecture
    can, else its own. training: with the fused batch normalisation (same weights, in the same
    order, as without).
    """
    if arch not in ARCHITECTURES:
        raise ValueError(f"expected arch to be one of {', '.join(ARCHITECTURES)}, got {arch!r}")
    architecture = ARCHITECTURES[arch]
    if input_size is None and not architecture.any_size:
        input_size = architecture.input_size
    # Keras' own momentum of .99 needs some 500 steps until the statistics hold.
    norm = partial(
        FusedBatchNormalization if training else layers.BatchNormalization, momentum=0.95
    )
    height, width = input_size or (None, None)
    inputs = keras.Input((height, width, 1), dtype="uint8", name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="scale")(inputs)
    features = architecture.features(x, norm)
    outputs = {
        head: layers.Dense(len(labels), name=head, dtype="float32")(features)
        for head, labels in heads.items()
    }
    return keras.Model(inputs, outputs, name=arch)
