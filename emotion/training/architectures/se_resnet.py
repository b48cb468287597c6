"""Network architectures, built in Keras from scratch.

Each takes grey uint8 faces (N, H, W, 1); scaling to [-1, 1] is the first layer, so that training
and serving cannot drift. Each returns a dict of logits, head -> float32 (N, C).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

from emotion.training.layers import FusedBatchNormalization

Norm = Callable[..., Any]


def build(
    arch: str,
    heads: Mapping[str, Sequence[str]],
    *,
    input_size: tuple[int, int] | None = None,
    training: bool = False,
) -> keras.Model:
    """A new network of the named architecture.

    heads: head -> its labels. input_size: (height, width); None takes any. training: with the
    fused batch normalisation (same weights, in the same order, as without).
    """
    if arch not in ARCHITECTURES:
        raise ValueError(f"expected arch to be one of {', '.join(ARCHITECTURES)}, got {arch!r}")
    # Keras' own momentum of .99 needs some 500 steps until the statistics hold.
    norm = partial(
        FusedBatchNormalization if training else layers.BatchNormalization, momentum=0.95
    )
    height, width = input_size or (None, None)
    inputs = keras.Input((height, width, 1), dtype="uint8", name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="scale")(inputs)
    features = ARCHITECTURES[arch](x, norm)
    outputs = {
        head: layers.Dense(len(labels), name=head, dtype="float32")(features)
        for head, labels in heads.items()
    }
    return keras.Model(inputs, outputs, name=arch)


def _conv(filters: int, size: int = 3, *, stride: int = 1) -> Any:
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )


def _squeeze_excite(x: Any, ratio: int = 8) -> Any:
    """Channel attention: Hu et al. 2018, "Squeeze-and-Excitation Networks"."""
    channels = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(channels // ratio, 1, activation="relu")(gate)
    gate = layers.Conv2D(channels, 1, activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


def _residual(x: Any, filters: int, norm: Norm, *, stride: int, attention: bool) -> Any:
    """Basic block of He et al. 2016, with squeeze and excitation on its branch where asked."""
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        if stride > 1:
            shortcut = layers.AveragePooling2D(2, padding="same")(shortcut)
        shortcut = norm()(_conv(filters, 1)(shortcut))
    y = norm()(_conv(filters, stride=stride)(x))
    y = layers.ReLU()(y)
    # Starting each block as the identity (Goyal et al. 2017) makes a high learning rate safe.
    y = norm(gamma_initializer="zeros")(_conv(filters)(y))
    if attention:
        y = _squeeze_excite(y)
    return layers.ReLU()(layers.Add()([shortcut, y]))


def _se_resnet(
    widths: Sequence[int], depths: Sequence[int], dropout: float
) -> Callable[[Any, Norm], Any]:
    def features(x: Any, norm: Norm) -> Any:
        x = layers.ReLU()(norm()(_conv(widths[0], stride=2)(x)))
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for block in range(depth):
                # Squeeze and excitation on the first stage's large maps costs a third of a step's
                # time on a CPU (its memory traffic) and is left to the later ones.
                stride = 2 if stage and not block else 1
                x = _residual(x, width, norm, stride=stride, attention=stage > 0)
        x = layers.GlobalAveragePooling2D()(x)
        return layers.Dropout(dropout)(x)

    return features


ARCHITECTURES: dict[str, Callable[[Any, Norm], Any]] = {
    "se_resnet": _se_resnet((48, 96, 160), (2, 2, 2), 0.3),
}
"""Name -> what maps scaled inputs (N, H, W, 1) to features (N, C)."""
