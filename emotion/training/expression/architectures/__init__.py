"""Network architectures of the classifier.

Inputs are uint8 faces, grey (N, H, W, 1) or RGB (N, H, W, 3); scaling is the first layer, so that
training and serving cannot drift. Outputs are logits, head -> float32 (N, C).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

from emotion.training.common.layers import FusedBatchNormalization
from emotion.training.expression.architectures.applications import application
from emotion.training.expression.architectures.blocks import Architecture
from emotion.training.expression.architectures.custom_cnn import custom_cnn
from emotion.training.expression.architectures.mini_xception import mini_xception
from emotion.training.expression.architectures.mobilenet_v1 import IMAGENET_MEAN, mobilenet_v1
from emotion.training.expression.architectures.region_attention import region_attention
from emotion.training.expression.architectures.se_resnet import se_resnet
from emotion.training.expression.augmentation import Augmentation

WEBCAM = Augmentation(
    scale=0.14, shift=0.07, gray=0.25, tint=0.12, blur=0.15, blur_sigma=(0.5, 2.2),
    low_resolution=0.25, low_resolution_factor=(0.25, 0.8), noise=0.15, side_light=0.2, jpeg=0.15,
)  # fmt: skip
"""Augmentation for colour models, which imitates a webcam in poor light."""

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
    "mobilenet_v1": Architecture(
        mobilenet_v1(dropout=0.3),
        input_size=(80, 80),
        channels=3,
        scale=(1.0, tuple(-mean for mean in IMAGENET_MEAN)),
        settings={
            "batch_size": 64,
            "learning_rate": 0.05,
            "weight_decay": 3e-3,
            "class_sampling": 0.5,
            "augmentation": WEBCAM,
            "stages": ((0.4, 64), (1.0, 80)),
        },
    ),
    "mobilenet_v2": Architecture(application("MobileNetV2"), input_size=(96, 96), any_size=False),
}
"""Name -> architecture."""


def settings_of(arch: str) -> dict[str, Any]:
    """Settings of ``TrainingConfig`` by which an architecture differs from the defaults."""
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
    """Builds a network.

    Args:
        arch: Name of the architecture.
        heads: Head -> its labels.
        input_size: (height, width) in pixels; None for any size where the architecture supports it,
            else for its own.
        training: Whether to use the fused batch normalisation; weights and their order are the
            same.

    Raises:
        ValueError: For an unknown architecture.

    Example:
        >>> build("se_resnet", {"fer2013": EMOTIONS})(np.zeros((1, 48, 48, 1), np.uint8))
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
    inputs = keras.Input((height, width, architecture.channels), dtype="uint8", name="face")
    factor, offset = architecture.scale
    x = layers.Rescaling(
        factor, offset=list(offset) if len(offset) > 1 else offset[0], dtype="float32", name="scale"
    )(inputs)
    features = architecture.features(x, norm)
    outputs = {
        head: layers.Dense(len(labels), name=head, dtype="float32")(features)
        for head, labels in heads.items()
    }
    return keras.Model(inputs, outputs, name=arch)
